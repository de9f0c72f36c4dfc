import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import type { ReadEnvironment } from "../../src/config/environment.ts";
import { ConfigErrors, loadConfig, type LoadedConfig } from "../../src/config/load.ts";
import type { ModelConfig } from "../../src/config/types.ts";
import { keysOf } from "./loading.ts";

type Env = Readonly<Record<string, string>>;

function load(text: string, env: Env | ReadEnvironment = {}): LoadedConfig {
  const read = typeof env === "function" ? env : (name: string) => env[name];
  return loadConfig({ texts: [{ text, file: "c.yaml" }], env: read });
}

function model(text: string, env: Env = {}): ModelConfig {
  const found = load(text, env).config.models.get("m");
  assert(found !== undefined);
  return found;
}

const refuse = (text: string, env: Env | ReadEnvironment = {}) => assertThrows(() => load(text, env), ConfigErrors);
const messages = (error: ConfigErrors) => error.issues.map(String);

Deno.test("CE1: variables reach commands, lists, macros of both levels, metadata, and stand beside each other", () => {
  const m = model(
    `
macros: { root: "\${env.R}/models" }
models:
  m:
    macros: { own: "\${env.A}-\${root}" }
    cmd: "x \${own} \${env.A}\${env.B} \${PORT}"
    cmdStop: "stop \${env.A} \${PID}"
    proxy: "http://\${env.H}:\${PORT}"
    metadata: { deep: [ { "k": "\${env.A}!" } ], n: \${env.N} }
    env: ["X=\${env.A}"]
    ttl: \${env.N}
`,
    { R: "/r", A: "a", B: "b", H: "host", N: "7" },
  );
  assertEquals(m.command, ["x", "a-/r/models", "ab", "5800"]);
  assertEquals([m.cmdStop, m.proxy, m.env, m.ttlS], ["stop a ${PID}", "http://host:5800", ["X=a"], 7]);
  assertEquals(JSON.stringify(m.metadata), '{"deep":[{"k":"a!"}],"n":7}');
});

Deno.test("CE2: an unset variable is told once with its first place, wherever it is used", () => {
  const places: readonly (readonly [string, string])[] = [
    ["models: {m: {cmd: 'x ${env.NOPE} ${PORT}'}}", "c.yaml:1:22: models.m.cmd"],
    ["macros: {a: '${env.NOPE}'}", "c.yaml:1:14: macros.a"],
    ["models: {m: {cmd: 'x ${PORT}', macros: {a: '${env.NOPE}'}}}", "c.yaml:1:45: models.m.macros.a"],
    ["models: {m: {cmd: 'x ${PORT}', metadata: {a: ['${env.NOPE}']}}}", "c.yaml:1:48: models.m.metadata.a[0]"],
    ["apiKeys: [${env.NOPE}, '${env.NOPE}']", "c.yaml:1:11: apiKeys[0]"],
    ["peers: {p: {proxy: 'http://h', models: [a], apiKey: '${env.NOPE}'}}", "c.yaml:1:54: peers.p.apiKey"],
    ["x-a: {'${env.NOPE}': 1}", "c.yaml:1:8: x-a"],
  ];
  for (const [text, place] of places) {
    assertEquals(messages(refuse(text)), [`${place}: environment variable 'NOPE' is not set`]);
  }
});

Deno.test("what depends on an unset variable makes no other problems, and the rest is still checked", () => {
  assertEquals(
    messages(refuse(`
macros: { bin: "\${env.BIN}", run: "\${bin} --x", port: "\${env.P}" }
startPort: \${port}
globalTTL: bad
models:
  a: { cmd: "\${run}", proxy: "\${bin}" }
  b: { cmd: "\${env.BIN}" }
  c: { cmd: "x \${PORT}", ttl: "\${env.T}", unlisted: maybe }
`)).map((line) => line.slice(0, 60)),
    [
      "c.yaml:2:17: macros.bin: environment variable 'BIN' is not s",
      "c.yaml:2:56: macros.port: environment variable 'P' is not se",
      "c.yaml:4:1: globalTTL: must be a whole number (found the tex",
      "c.yaml:8:32: models.c.ttl: environment variable 'T' is not s",
      "c.yaml:8:43: models.c.unlisted: must be true or false (found",
    ],
  );
});

Deno.test("CE3: a value with a line break or a NUL is refused by its name", () => {
  for (const value of ["a\nb", "a\rb", "a\0b"]) {
    assertStringIncludes(
      String(refuse("logLevel: ${env.V}", { V: value }).issues[0]),
      "variable 'V' contains newlines",
    );
  }
});

Deno.test("CE4: quotes and backslashes survive inside double quotes", () => {
  const value = 'a"b\\c\\n';
  assertEquals(keysOf(load('apiKeys: ["${env.V}"]', { V: value }).config), [value]);
  assertEquals(model('models: {m: {cmd: "x ${PORT}", env: ["V=${env.V}"]}}', { V: value }).env, [`V=${value}`]);
});

Deno.test("W55: outside double quotes a value is itself too, except where it becomes words of a command", () => {
  const V = 'a"b\\c';
  for (const quoted of ["${env.V}", "'${env.V}'", "|-\n      ${env.V}", ">-\n      ${env.V}"]) {
    const block = quoted.startsWith("|") || quoted.startsWith(">") ? quoted : `\n      ${quoted}`;
    const m = model(
      `models:\n  m:\n    cmd: x \${PORT}\n    name: ${block}\n    metadata:\n      v: ${
        quoted.split("\n").join("\n  ")
      }\n`,
      { V },
    );
    assertEquals([m.name, m.metadata.v], [V, V], quoted);
  }
  assertEquals(keysOf(load("apiKeys: [${env.V}, b]", { V: 'x,"y"' }).config), ['x,"y"', "b"]);
});

Deno.test("W55: in a command llama-swap's backslashes stay, which the splitting into words takes away again", () => {
  const V = 'a"b\\c';
  for (
    const cmd of [
      "x --key ${env.V} ${PORT}",
      "|\n      x --key ${env.V}\n      ${PORT}\n",
      "'x --key ${env.V} ${PORT}'",
    ]
  ) {
    assertEquals(model(`models:\n  m:\n    cmd: ${cmd}\n`, { V }).command, ["x", "--key", V, "5800"], cmd);
  }
  const byMacro = model("macros: {k: '${env.V}'}\nmodels: {m: {cmd: 'x --key ${k} ${PORT}'}}", { V });
  assertEquals(byMacro.command, ["x", "--key", V, "5800"]);
  assertEquals(model('models: {m: {cmd: "x ${env.V} ${PORT}"}}', { V: '"q r" \\s' }).command, [
    "x",
    "q r",
    "s",
    "5800",
  ]);
});

Deno.test("W55: a value with quotes cannot end its own text, nor begin a comment or another entry", () => {
  for (const V of ['" #', "\\ # c", '"}, b: {c: "', '"\\": x', '*a"', '[",', '!t "']) {
    for (const quoted of ["${env.V}", "'${env.V}'", '"${env.V}"']) {
      assertEquals(model(`models: {m: {cmd: 'x \${PORT}', name: ${quoted}}}`, { V }).name, V);
    }
  }
});

Deno.test("CE5: keys come from variables; an empty one is refused", () => {
  assertEquals(keysOf(load("apiKeys: ['${env.A}', ${env.B}]", { A: "k1", B: "k2" }).config), ["k1", "k2"]);
  assertStringIncludes(refuse('apiKeys: ["${env.A}"]', { A: "" }).message, "empty api key");
});

Deno.test("CE6: variables in comments need not be set: full-line, indented, inline", () => {
  const text =
    "# ${env.A}\nmodels:\n  # ${env.B}\n  m:\n    cmd: x ${env.OK} ${PORT} # ${env.C}\n    name: 'a # b' # '${env.D}'\n";
  assertEquals(model(text, { OK: "fine" }).command, ["x", "fine", "5800"]);
  assertEquals(messages(refuse("models:\n  m:\n    cmd: |\n      # ${env.A}\n      x ${PORT}\n")).length, 1);
});

Deno.test("CE6: a value with line breaks in a comment does no harm", () => {
  assertEquals(load("# ${env.V}\nlogLevel: warn # ${env.V}\n", { V: "\nstartPort: 1" }).config.startPort, 5800);
});

Deno.test("a value may name a variable once more, and no further", () => {
  assertEquals(keysOf(load("apiKeys: ['${env.A}']", { A: "<${env.B}>", B: "b" }).config), ["<b>"]);
  assertStringIncludes(refuse("apiKeys: ['${env.A}']", { A: "${env.B}" }).message, "'B' is not set");
  assertStringIncludes(refuse("logLevel: '${env.A}'", { A: "${env.A}" }).message, "environment variable 'A' not set");
});

Deno.test("in a text that is no YAML the unset variables are told too, but not those in comments", () => {
  assertEquals(messages(refuse("# ${env.C}\na: [\n]]\nb: ${env.NOPE} # ${env.C}\n")).map((line) => line.slice(0, 52)), [
    "c.yaml:3:2: Not valid YAML: end of the stream or a d",
    "c.yaml:4:4: environment variable 'NOPE' is not set",
  ]);
});

Deno.test("a variable that may not be read is named with the reason", () => {
  const reason = new Error("not allowed");
  for (
    const env of [() => reason, () => {
      throw reason;
    }]
  ) {
    assertStringIncludes(refuse("apiKeys: ['${env.K}']", env).message, "'K' cannot be read: not allowed");
  }
});

Deno.test("no message shows a value of the environment, however it gets there", () => {
  const K = "sEcReT-0123456789-sEcReT";
  const texts = [
    "logLevel: ${env.K}",
    "startPort: ${env.K}",
    "${env.K}: 1",
    "models: {'${env.K}': {cmd: ''}}",
    "macros: {'${env.K}.': 1}",
    "routing: {scheduler: {use: 'x${env.K}'}}",
    "a: *${env.K}",
    "a: !${env.K} x",
    "a: 1\n  ${env.K}: [\n",
    '"${env.K}": 1\n"${env.K}": 2\n',
    "models: {a: {cmd: 'x ${PORT}', aliases: ['${env.K}', '${env.K}'], proxy: '${env.K}', ttl: ${env.K}}}",
    `globalTTL: "${"y".repeat(40)}\${env.K}"`,
    "macros: {k: '${env.K}'}\nstartPort: '${k}'\nglobalTTL: 'x${k}'",
  ];
  for (const text of texts) {
    let issues: readonly unknown[];
    try {
      issues = load(text, { K }).warnings;
    } catch (error) {
      assert(error instanceof ConfigErrors);
      issues = error.issues;
    }
    assert(issues.length > 0, text);
    for (const issue of issues) assert(!String(issue).includes("sEcReT"), `${text}: ${issue}`);
  }
});
