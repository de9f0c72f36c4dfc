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

Deno.test("models come and go", () => {
  const both = A + "  b: { cmd: 'engine --port ${PORT}' }\n";
  assertEquals(difference(A, both), { ...NOTHING, added: ["b"] });
  assertEquals(difference(both, A), { ...NOTHING, removed: ["b"] });
});

Deno.test("a model whose port alone moves has not changed, whoever made it move", () => {
  const before = A + "  c: { worker: 'berth:tiny', env: ['P=${PORT}'], checkEndpoint: '/${PORT}' }\n";
  const between = before + "  b: { cmd: 'engine --port ${PORT}' }\n";
  assertEquals(difference(before, between), { ...NOTHING, added: ["b"] });
  assertEquals(difference(between, before), { ...NOTHING, removed: ["b"] });
  assertEquals(difference(before, "startPort: 7000\n" + before), { ...NOTHING, settings: ["startPort"] });
});

Deno.test("settings besides models are named as in the config", () => {
  const fixed = "models:\n  a: { cmd: x, proxy: 'http://h', startTimeout: 60 }\n";
  for (
    const [text, ...settings] of [
      ["healthCheckTimeout: 300", "healthCheckTimeout"],
      ["logLevel: debug", "logLevel"],
      ["logTimeFormat: rfc3339", "logTimeFormat"],
      ["logToStdout: both", "logToStdout"],
      ["startPort: 7000", "startPort"],
      ["includeAliasesInList: true", "includeAliasesInList"],
      ["apiKeys: [k]", "apiKeys"],
      ["limits: { requestBody: 1 }", "limits"],
      ["websockets: { idleLease: 1 }", "websockets.idleLease"],
      ["routing: { scheduler: { use: fifo } }", "routing.scheduler"],
      ["groups: { g: { swap: false, members: [a] } }", "routing.router"],
      ["hooks: { on_startup: { preload: [a] } }", "hooks.on_startup.preload"],
      ["profiles: { p: { pins: { a: '' } } }", "profiles"],
      ["selectors: { s: { strategy: warm, targets: [a] } }", "selectors"],
      ["peers: { p: { proxy: 'http://p', models: [m] } }", "peers"],
      ["upstream: { ignorePaths: [x] }", "upstream.ignorePaths"],
      ["ui: { activity: { session_id: [x-s] } }", "ui.activity.session_id"],
      ["captureBuffer: 7", "captureBuffer"],
      ["metricsMaxInMemory: 7", "metricsMaxInMemory"],
      ["performance: { every: 9s }", "performance"],
      ["store: { path: s.db }", "store.path"],
    ] as const
  ) assertEquals(difference(fixed, `${text}\n${fixed}`), { ...NOTHING, settings }, text);
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
