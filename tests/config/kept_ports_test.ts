import { assertEquals } from "@std/assert";
import { loadConfig } from "../../src/config/load.ts";
import type { KeptPort } from "../../src/config/sources.ts";

function load(models: Readonly<Record<string, string>>, kept?: ReadonlyMap<string, KeptPort>) {
  const lines = Object.entries(models).map(([id, flags]) => `  ${id}: { cmd: "engine --port \${PORT} ${flags}" }\n`);
  const text = `startPort: 5800\nmodels:\n${lines.join("")}`;
  const { config } = loadConfig({ texts: [{ text, file: "c.yaml" }], env: () => undefined, ...(kept ? { kept } : {}) });
  return {
    ports: Object.fromEntries([...config.models.values()].map(({ id, port }) => [id, port])),
    /** What would be kept if these ran. */
    running: (...ids: string[]) =>
      new Map(ids.map((id) => {
        const model = config.models.get(id);
        return [id, { processKey: model?.processKey ?? "", port: model?.port ?? 0 }];
      })),
  };
}

Deno.test("a running model keeps its port when models come before it, and nobody else gets that port", () => {
  const before = load({ b: "", c: "" });
  assertEquals(before.ports, { b: 5800, c: 5801 });
  const after = load({ a: "", b: "", c: "", d: "" }, before.running("b"));
  assertEquals(after.ports, { a: 5801, b: 5800, c: 5802, d: 5803 });
});

Deno.test("a port that a process to be replaced still has is given to no other model", () => {
  const before = load({ b: "", c: "" });
  const after = load({ a: "", b: "--changed", c: "" }, before.running("b"));
  assertEquals(after.ports, { a: 5801, b: 5802, c: 5803 });
});

Deno.test("a changed model may get the port of its own old process: it starts when that one is gone", () => {
  const before = load({ b: "", c: "" });
  assertEquals(load({ b: "--changed", c: "" }, before.running("b", "c")).ports, { b: 5800, c: 5801 });
});

Deno.test("a port of a removed model is given to nobody while its process is there", () => {
  const before = load({ a: "", b: "" });
  assertEquals(load({ b: "", c: "" }, before.running("a")).ports, { b: 5801, c: 5802 });
});
