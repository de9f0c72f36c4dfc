import { assertEquals } from "@std/assert";
import { type ConfigDifference, differenceOf } from "../../src/config/difference.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Config } from "../../src/config/types.ts";

function config(text: string): Config {
  return loadConfig({ texts: [{ text, file: "c.yaml" }], env: () => undefined }).config;
}

function difference(before: string, after: string): Omit<ConfigDifference, "isAny"> | "none" {
  const { isAny, ...rest } = differenceOf(config(before), config(after));
  return isAny ? rest : "none";
}

const NOTHING = { added: [], changed: [], removed: [], settings: [] };
const A = "models:\n  a: { cmd: 'engine --port ${PORT}', env: [X=1], ttl: 5 }\n";

Deno.test("comments, order and spelling are no difference", () => {
  const same =
    "# hello\nlogLevel: info\nmodels:\n  a:\n    ttl: 5\n    env:\n      - X=1\n    cmd: engine --port ${PORT}\n";
  assertEquals(difference(A, same), "none");
});

Deno.test("a change of anything that a model says is one", () => {
  for (const [from, to] of [["engine", "motor"], ["X=1", "X=2"]] as const) {
    assertEquals(difference(A, A.replace(from, to)), { ...NOTHING, changed: ["a"] }, to);
  }
  assertEquals(difference(A, A.replace("ttl: 5", "ttl: 6")), { ...NOTHING, changed: ["a"] });
  assertEquals(difference(A, A.replace("ttl: 5", "aliases: [x]")), { ...NOTHING, changed: ["a"] });
});

Deno.test("models come and go, and another port is a change", () => {
  const both = A + "  b: { cmd: 'engine --port ${PORT}' }\n";
  assertEquals(difference(A, both), { ...NOTHING, added: ["b"] });
  assertEquals(difference(both, A), { ...NOTHING, removed: ["b"] });
  assertEquals(difference(A, "startPort: 7000\n" + A), { ...NOTHING, changed: ["a"], settings: ["startPort"] });
});

Deno.test("settings besides models are named", () => {
  assertEquals(difference(A, "apiKeys: [k]\n" + A), { ...NOTHING, settings: ["apiKeys"] });
});

Deno.test("lists are compared with their order, mappings without, and a missing key is no empty one", () => {
  const models = (text: string) => `models:\n  a:\n    cmd: x\n    proxy: http://h\n    metadata: ${text}\n`;
  assertEquals(difference(models("{ x: 1, y: [1, 2] }"), models("{ y: [1, 2], x: 1 }")), "none");
  for (
    const other of [
      "{ x: 1, y: [2, 1] }",
      "{ x: 1, y: [1] }",
      "{ x: 1 }",
      "{ x: 1, y: { 0: 1, 1: 2 } }",
      "{ x: '1', y: [1, 2] }",
    ]
  ) {
    assertEquals(difference(models("{ x: 1, y: [1, 2] }"), models(other)), { ...NOTHING, changed: ["a"] }, other);
  }
});
