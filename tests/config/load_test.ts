import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { DEFAULT_CONFIG_TEXT } from "../../src/config/default_config.ts";
import { ConfigErrors, loadConfig, type LoadedConfig } from "../../src/config/load.ts";
import type { ModelConfig } from "../../src/config/types.ts";
import { keysOf } from "./loading.ts";

const NO_ENV = () => undefined;

function load(text: string, env: Readonly<Record<string, string>> = {}): LoadedConfig {
  return loadConfig({ texts: [{ text, file: "c.yaml" }], env: (name) => env[name] });
}

function model(text: string, id: string, env: Readonly<Record<string, string>> = {}): ModelConfig {
  const found = load(text, env).config.models.get(id);
  assert(found !== undefined, `no model ${id}`);
  return found;
}

function refuse(text: string, env: Readonly<Record<string, string>> = {}): ConfigErrors {
  return assertThrows(() => load(text, env), ConfigErrors);
}

const warningsOf = (text: string) => load(text).warnings.map(String);

Deno.test("CD1: a minimal model with PORT gets every default", () => {
  const { config, warnings } = load("models:\n  m:\n    cmd: server --port ${PORT}\n");
  assertEquals(warnings, []);
  assertEquals(config.healthCheckTimeoutS, 120);
  assertEquals(config.startPort, 5800);
  assertEquals(config.logLevel, "info");
  assertEquals(keysOf(config), []);
  assertEquals(config.scheduler, { use: "serial", parallel: 1, maxQueue: 1000, maxWaitMs: null });
  assertEquals(config.models.get("m"), {
    id: "m",
    kind: "cmd",
    command: ["server", "--port", "5800"],
    worker: null,
    permissions: null,
    cmd: "server --port 5800",
    cmdStop: null,
    proxy: "http://localhost:5800",
    port: 5800,
    processKey: '{"cmd":["server","--port","\uF7F3"],"worker":null,"permissions":null,"env":[],' +
      '"proxy":"http://localhost:\uF7F3","checkEndpoint":"/health"}',
    checkEndpoint: "/health",
    env: [],
    aliases: [],
    ttlS: null,
    unloadTimeoutS: 10,
    startTimeoutS: 120,
    concurrencyLimit: null,
    useModelName: "",
    name: "",
    description: "",
    metadata: {},
    capabilities: null,
    unlisted: false,
    timeouts: { connect: 30, responseHeader: 0, tlsHandshake: 10, expectContinue: 1, keepalive: 30, idleConn: 90 },
    filters: { strip: [], set: new Map(), setByName: new Map() },
    sendLoadingState: false,
    queueKeepAliveMs: null,
    ignoreWebsockets: false,
  });
});

Deno.test("the repository's own config loads without a warning", () => {
  const { config, warnings } = load(DEFAULT_CONFIG_TEXT);
  assertEquals(warnings.map(String), []);
  assertEquals(config.models.get("tiny-slow")?.worker?.module, "berth:tiny");
});

Deno.test("CD5: an alias of two models is refused", () => {
  const error = refuse(
    "models:\n  a: {cmd: x, proxy: 'http://h', aliases: [m1]}\n  b: {cmd: x, proxy: 'http://h', aliases: [m1]}\n",
  );
  assertStringIncludes(error.message, "duplicate alias m1 found in model: b");
});

Deno.test("CD7: an empty document loads", () => {
  for (const text of ["", "# nothing\n", "---\n", "\uFEFF"]) assertEquals(load(text).config.startPort, 5800);
});

Deno.test("CD8: startPort must be a number from 1", () => {
  assertEquals(load("startPort: 1000").config.startPort, 1000);
  refuse("startPort: abcd");
  assertStringIncludes(refuse("startPort: -99").message, "startPort must be greater than 1");
});

Deno.test("CD9: only models that use PORT take one", () => {
  const { models } = load(`
models:
  m3: { cmd: c, proxy: "http://localhost:1999" }
  m2: { cmd: "b --p \${PORT}", proxy: "http://other:\${PORT}" }
  m1: { cmd: "a --p \${PORT}" }
`).config;
  assertEquals([...models.values()].map((m) => [m.id, m.proxy, m.port]), [
    ["m1", "http://localhost:5800", 5800],
    ["m2", "http://other:5801", 5801],
    ["m3", "http://localhost:1999", null],
  ]);
});

Deno.test("CD10: a command without PORT needs a proxy", () => {
  assertStringIncludes(
    refuse("models:\n  m:\n    cmd: server --port 99\n").message,
    "model m: proxy uses ${PORT} but cmd does not - ${PORT} is only available when used in cmd",
  );
});

Deno.test("CD12: API keys are neither empty nor spaced, and are never shown", () => {
  assertEquals(keysOf(load("apiKeys: [one, two]").config), ["one", "two"]);
  assertStringIncludes(refuse("apiKeys: ['']").message, "empty api key found in apiKeys");
  const error = refuse("apiKeys: [fine, 'se cret', '']");
  assertStringIncludes(error.message, "apiKeys[1]: api key cannot contain spaces");
  assertEquals(error.issues.length, 2);
  assertEquals(error.message.includes("se cret"), false);
  assertStringIncludes(refuse("apiKeys: [~]").message, "must be text");
});

Deno.test("CD13: a model's ttl wins over globalTTL, and 0 is never", () => {
  const text = (ttl: string) => `globalTTL: 300\nmodels:\n  m:\n    cmd: "x \${PORT}"\n${ttl}`;
  assertEquals(model(text(""), "m").ttlS, 300);
  assertEquals(model(text("    ttl: 0"), "m").ttlS, null);
  assertEquals(model(text("    ttl: 600"), "m").ttlS, 600);
  assertStringIncludes(refuse("globalTTL: -1").message, "globalTTL must be >= 0");
  assertStringIncludes(refuse(text("    ttl: -2")).message, "model m: invalid TTL value -2");
});

Deno.test("CD14: unloadTimeout is inherited, overridden, and not negative", () => {
  const text = (top: string, own: string) => `${top}\nmodels:\n  m:\n    cmd: "x \${PORT}"\n    ${own}\n`;
  assertEquals(model(text("", ""), "m").unloadTimeoutS, 10);
  assertEquals(model(text("unloadTimeout: 25", ""), "m").unloadTimeoutS, 25);
  assertEquals(model(text("unloadTimeout: 25", "unloadTimeout: 45"), "m").unloadTimeoutS, 45);
  assertEquals(model(text("unloadTimeout: 25", "unloadTimeout: 0"), "m").unloadTimeoutS, 25);
  refuse(text("unloadTimeout: -1", ""));
  assertStringIncludes(refuse(text("", "unloadTimeout: -1")).message, "model m: invalid unloadTimeout value -1");
});

Deno.test("CD15: timeouts given in part keep the other defaults, and zeros stay", () => {
  const text = (timeouts: string) => `models:\n  m:\n    cmd: "x \${PORT}"\n    timeouts: ${timeouts}\n`;
  const defaults = {
    connect: 30,
    responseHeader: 0,
    tlsHandshake: 10,
    expectContinue: 1,
    keepalive: 30,
    idleConn: 90,
  };
  assertEquals(model(text("{connect: 5}"), "m").timeouts, { ...defaults, connect: 5 });
  const zeros = { ...defaults, connect: 0, responseHeader: 7, keepalive: 0, idleConn: 0 };
  assertEquals(model(text(JSON.stringify(zeros)), "m").timeouts, zeros);
});

Deno.test("CD24, CD25: capabilities are kept when they say something, and checked", () => {
  const text = (capabilities: string) => `models:\n  m:\n    cmd: "x \${PORT}"\n    capabilities: ${capabilities}\n`;
  assertEquals(model(text("{in: [text, image], tools: yes}"), "m").capabilities, {
    in: ["text", "image"],
    tools: true,
  });
  assertEquals(model(text("{tools: false}"), "m").capabilities, null);
  assertStringIncludes(refuse(text("{in: [video]}")).message, "capabilities.in[0]: invalid modality");
  assertStringIncludes(refuse(text("{context: -1}")).message, "capabilities.context");
});

Deno.test("a model has exactly one of cmd and worker", () => {
  assertStringIncludes(refuse("models: {m: {cmd: a, worker: b}}").message, "both cmd and worker");
  assertStringIncludes(refuse("models: {m: {name: a}}").message, "neither cmd nor worker");
  const worker = model("models: {m: {worker: './w.ts --x \"a b\" ${PORT}', permissions: {net: [h], read: on}}}", "m");
  assertEquals(worker.worker, { module: "./w.ts", args: ["--x", "a b", "5800"] });
  assertEquals(worker.permissions, { net: ["h"], read: true });
  assertStringIncludes(refuse("models: {m: {worker: a, permissions: {nett: [h]}}}").message, "Unknown key");
});

Deno.test("durations, yes and no, and fractions are understood", () => {
  const { config, warnings } = load(`
includeAliasesInList: yes
routing: { scheduler: { settings: { serial: { maxWait: 1m30s, parallel: 2.9 } } } }
models: { m: { cmd: "x \${PORT}", unlisted: "on", startTimeout: 500ms, checkEndpoint: " none " } }
`);
  assertEquals(config.includeAliasesInList, true);
  assertEquals(config.scheduler, { use: "serial", parallel: 2, maxQueue: 1000, maxWaitMs: 90_000 });
  assertEquals(config.models.get("m")?.unlisted, true);
  assertEquals(config.models.get("m")?.startTimeoutS, 0.5);
  assertEquals(config.models.get("m")?.checkEndpoint, null);
  assertEquals(warnings.length, 1);
  assertStringIncludes(
    String(warnings[0]),
    "c.yaml:3:63: routing.scheduler.settings.serial.parallel: The fraction is dropped",
  );
});

Deno.test("an unknown key is a warning with its line and the nearest known key", () => {
  assertEquals(warningsOf("logLevel: info\nhealthChekTimeout: 30\n"), [
    'c.yaml:2:1: healthChekTimeout: Unknown key "healthChekTimeout" is ignored. Did you mean "healthCheckTimeout"?',
  ]);
  assertStringIncludes(
    warningsOf("models:\n  m:\n    cmd: x ${PORT}\n    alias: [a]\n").join(),
    'c.yaml:4:5: models.m.alias: Unknown key "alias" is ignored. Did you mean "aliases"?',
  );
});

Deno.test("all problems come at once, each with its line", () => {
  const error = refuse(`startPort: 0
models:
  a:
    cmd: x \${PORT} \${missing}
    ttl: [1]
  b:
    worker: ""
  c:
    cmd: y
    proxy: "ftp://h"
apiKeys:
- ok
- "not ok"
`);
  assertEquals(error.issues.map((issue) => issue.line), [1, 4, 5, 7, 10, 13]);
});

Deno.test("what is not YAML is refused with its line", () => {
  assertEquals(refuse("a: 1\nb:\n\tc: 2\n").issues[0]?.line, 3);
  assertStringIncludes(refuse("startPort: 1\nstartPort: 2\n").message, "duplicate");
  assertStringIncludes(refuse("- a\n").message, "top-level YAML must be a mapping");
  assertEquals(load("startPort: 1000\r\nlogLevel: warn\r\n").config.logLevel, "warn");
  assertEquals(load("\uFEFFstartPort: 1000\n").config.startPort, 1000);
});

Deno.test("alias bombs, anchor loops and oversized sources are refused", () => {
  let bomb = "a0: &a0 [x]\n";
  for (let i = 1; i < 30; i++) bomb += `a${i}: &a${i} [*a${i - 1}, *a${i - 1}, *a${i - 1}]\n`;
  assertStringIncludes(refuse(bomb).message, "aliases");
  assertStringIncludes(refuse("a: &a [*a]\n").message, "itself");
  assertStringIncludes(refuse("#".repeat(4 * 1024 * 1024 + 1)).message, "4 MiB");
  let macros = "macros:\n  m0: xxxxxxxxxx\n";
  for (let i = 1; i < 30; i++) macros += `  m${i}: "\${m${i - 1}}\${m${i - 1}}"\n`;
  assertStringIncludes(refuse(macros + "models: {m: {cmd: '${m29} ${PORT}'}}").message, "comes to more than");
});

Deno.test("names like __proto__ are names like any other", () => {
  const { config } = load(`
macros: { __proto__: p, constructor: c }
models:
  __proto__: { cmd: "\${__proto__} \${PORT}", metadata: { __proto__: { polluted: 1 }, constructor: 2 } }
  toString: { cmd: "\${constructor} \${PORT}", aliases: [valueOf] }
`);
  assertEquals(config.models.get("__proto__")?.command, ["p", "5800"]);
  assertEquals(config.models.get("toString")?.command, ["c", "5801"]);
  assertEquals(config.aliases.get("valueOf"), "toString");
  assertEquals(Reflect.get({}, "polluted"), undefined);
});

Deno.test("a model that is no mapping is refused instead of dropping others", () => {
  assertStringIncludes(
    refuse("models:\n  a:\n  b: {cmd: 'x ${PORT}'}\n").message,
    "models.a: a model must be a mapping",
  );
  assertEquals(load("models: {1: {cmd: 'x ${PORT}'}}").config.models.has("1"), true);
});

Deno.test("an alias equal to a model's id is a warning", () => {
  assertStringIncludes(
    warningsOf("models: {a: {cmd: 'x ${PORT}'}, b: {cmd: 'x ${PORT}', aliases: [a]}}").join(),
    "is also a model's id",
  );
});

Deno.test("ports above 65535 are refused", () => {
  assertStringIncludes(
    refuse("startPort: 65535\nmodels: {a: {cmd: '${PORT}'}, b: {cmd: '${PORT}'}}").message,
    "65536 is above 65535",
  );
});

Deno.test("CE1: environment variables reach every field, also through macros", () => {
  const m = model(
    `
macros: { root: "\${env.HOME_DIR}/models" }
models:
  m:
    cmd: "x --m \${root}/a.gguf --n \${env.N}\${env.N} \${PORT}"
    cmdStop: "stop \${env.N} \${PID}"
    ttl: \${env.N}
    metadata: { deep: [ "\${env.N}!" ] }
`,
    "m",
    { HOME_DIR: "/h", N: "7" },
  );
  assertEquals(m.command, ["x", "--m", "/h/models/a.gguf", "--n", "77", "5800"]);
  assertEquals(m.cmdStop, "stop 7 ${PID}");
  assertEquals(m.ttlS, 7);
  assertEquals(m.metadata.deep, ["7!"]);
});

Deno.test("CE2: an unset variable is named with its line", () => {
  const error = refuse("startPort: 1\napiKeys: ['${env.NOPE}']\n");
  assertStringIncludes(String(error.issues[0]), "c.yaml:2:12: apiKeys[0]: environment variable 'NOPE' is not set");
});

Deno.test("CE3: a value with a line break is refused", () => {
  for (const value of ["a\nb", "a\rb"]) {
    assertStringIncludes(refuse("logLevel: ${env.V}", { V: value }).message, "'V' contains newlines");
  }
});

Deno.test("CE4: quotes and backslashes survive inside double quotes", () => {
  const value = 'a"b\\c';
  assertEquals(keysOf(load('apiKeys: ["${env.V}"]', { V: value }).config), [value]);
});

Deno.test("CE5: keys come from the environment, also in a flow list without quotes", () => {
  assertEquals(keysOf(load("apiKeys: [${env.A}, ${env.B}]", { A: "k1", B: "k2" }).config), ["k1", "k2"]);
  assertStringIncludes(refuse('apiKeys: ["${env.A}"]', { A: "" }).message, "empty api key");
});

Deno.test("CE6: variables named in comments only need not be set", () => {
  const text = "# ${env.A}\nmodels:\n  # ${env.B}\n  m:\n    cmd: x ${env.OK} ${PORT} # ${env.C}\n";
  assertEquals(model(text, "m", { OK: "fine" }).command, ["x", "fine", "5800"]);
});

Deno.test("without the environment permission the variable is named and the reason given", () => {
  const source = { texts: [{ text: "apiKeys: ['${env.K}']", file: "c.yaml" }] };
  for (
    const env of [() => new Error("not allowed"), () => {
      throw new Error("not allowed");
    }]
  ) {
    const error = assertThrows(() => loadConfig({ ...source, env }), ConfigErrors);
    assertStringIncludes(error.message, "'K' cannot be read: not allowed");
  }
});

Deno.test("500 models with macros load in a moment", () => {
  const models = Array.from(
    { length: 500 },
    (_, i) =>
      `  m${i}:\n    cmd: "\${run} --port \${PORT} -m \${dir}/${i}.gguf"\n    aliases: [a${i}]\n    macros: {own: ${i}}\n`,
  );
  const text = `macros:\n  bin: llama-server\n  run: "\${bin} -ngl 99"\n  dir: /models\nmodels:\n${models.join("")}`;
  loadConfig({ texts: [{ text: "models: {m: {cmd: 'x ${PORT}'}}", file: "c" }], env: NO_ENV });
  const { config } = loadConfig({ texts: [{ text, file: "c" }], env: NO_ENV });
  assertEquals(config.models.get("m499")?.command.slice(0, 3), ["llama-server", "-ngl", "99"]);
});
