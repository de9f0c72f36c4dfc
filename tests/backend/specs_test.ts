import { assertEquals, assertMatch } from "@std/assert";
import { backendSpecs } from "../../src/backend/specs.ts";
import { loadConfig } from "../../src/config/load.ts";

const { config } = loadConfig({
  texts: [{
    text: `
startPort: 5900
models:
  built-in:
    worker: berth:tiny --name built-in --load 1s
  own:
    worker: ./own.ts --loud
    permissions: { net: ["example.org"] }
    ttl: 7
  program:
    cmd: serve-it --port \${PORT}
    cmdStop: stop-it \${PID}
`,
    file: "configs/berth.yaml",
  }],
  env: () => undefined,
});

function commands(options: Parameters<typeof backendSpecs>[1]) {
  return new Map(backendSpecs(config, options).map((spec) => [spec.model, spec.command]));
}

Deno.test("a compiled binary runs the built-in model by calling itself, and a user's worker by deno on the PATH", () => {
  const compiled = commands({ execPath: "/opt/berth", standalone: true, baseFolder: "configs" });
  assertEquals(compiled.get("built-in"), [
    "/opt/berth",
    "tiny",
    "--port",
    "5900",
    "--name",
    "built-in",
    "--load",
    "1s",
  ]);
  assertEquals(compiled.get("own")?.slice(0, 2), ["deno", "serve"]);
  assertEquals(compiled.get("own")?.slice(-3), ["--allow-net=example.org", "configs/./own.ts", "--loud"]);
});

Deno.test("from source the built-in model is a worker module like any other, without a permission", () => {
  const source = commands({ execPath: "/usr/bin/deno", standalone: false });
  assertEquals(source.get("built-in")?.slice(0, 2), ["/usr/bin/deno", "serve"]);
  assertMatch(source.get("built-in")?.join(" ") ?? "", /src\/tiny\/worker\.ts --name built-in --load 1s$/);
  assertEquals(source.get("built-in")?.some((word) => word.startsWith("--allow")), false);
  assertEquals(source.get("program"), ["serve-it", "--port", "5902"]);
});

Deno.test("times are in milliseconds and the stop command gets the pid", () => {
  const specs = new Map(backendSpecs(config).map((spec) => [spec.model, spec]));
  assertEquals([specs.get("own")?.ttlMs, specs.get("program")?.ttlMs], [7_000, null]);
  assertEquals(specs.get("program")?.stopCommand?.(42), ["stop-it", "42"]);
  assertEquals(specs.get("own")?.stopCommand, null);
});
