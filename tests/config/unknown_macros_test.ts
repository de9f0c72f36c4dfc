import { assertEquals, assertThrows } from "@std/assert";
import { ConfigErrors } from "../../src/config/load.ts";
import { load, warningsOf } from "./loading.ts";

/** The problems of a text, then its warnings, without the file's name. */
function toldOf(text: string, env: Readonly<Record<string, string>> = {}): readonly string[] {
  const error = assertThrows(() => load(text, { env: (name) => env[name] }), ConfigErrors);
  return [...error.issues.map(String), ...error.warnings.map((one) => `warning ${one}`)]
    .map((line) => line.replace("c.yaml:", ""));
}

Deno.test("warnings are told besides problems: a key that is missing may be misspelt", () => {
  assertEquals(toldOf('logLevle: debug\nmodels: {a: {command: "llama-server --port ${PORT}"}}\n'), [
    "2:10: models.a: model a: has neither cmd nor worker (expected exactly one of them)",
    "2:44: models.a.command: model a command: unknown macro '${PORT}', in a key that is unknown itself. " +
    'Did you mean "cmd"?',
    'warning 1:1: logLevle: Unknown key "logLevle" is ignored. Did you mean "logLevel"?',
    'warning 2:14: models.a.command: Unknown key "command" is ignored. Did you mean "cmd"?',
  ]);
  const error = assertThrows(() => load("logLevle: debug\nstartPort: x\n"), ConfigErrors);
  assertEquals(error.message.split("\n").map((line) => line.replace(/c\.yaml.*?: /, "")).slice(0, 3), [
    "The config has 1 problem and 1 warning:",
    '  error: startPort: must be a whole number (found the text "x")',
    '  warning: logLevle: Unknown key "logLevle" is ignored. Did you mean "logLevel"?',
  ]);
});

Deno.test("an unknown macro in an unknown key is a problem only in a model, as in llama-swap", () => {
  assertEquals(warningsOf('ui: {bogus: "${X}"}\nbogus: "${X}"\n').filter((one) => one.includes("bogus")).length, 2);
});

Deno.test("an unknown macro is told once, where it stands, with the name that was meant", () => {
  const macros = 'macros: {llama-server: "llama-server --port ${PORT}", models_dir: x}\n';
  const told = (cmd: string, env = {}) => toldOf(`${macros}models:\n  a:\n    cmd: "${cmd}"\n`, env);
  assertEquals(told("${llama_server} -m x"), [
    "4:11: models.a.cmd: unknown macro '${llama_server}' found in a.cmd. Did you mean \"llama-server\"?",
  ]);
  assertEquals(
    told("x ${port} ${PROT} ${modles_dir} ${MODEL-ID} ${HOME} ${HOEM} ${USER} ${env.HOME}", { HOME: "/h", USER: "u" }),
    [
      "4:13: models.a.cmd: unknown macro '${port}' found in a.cmd. Did you mean \"PORT\"?",
      "4:21: models.a.cmd: unknown macro '${PROT}' found in a.cmd. Did you mean \"PORT\"?",
      "4:29: models.a.cmd: unknown macro '${modles_dir}' found in a.cmd. Did you mean \"models_dir\"?",
      "4:43: models.a.cmd: unknown macro '${MODEL-ID}' found in a.cmd. Did you mean \"MODEL_ID\"?",
      "4:55: models.a.cmd: unknown macro '${HOME}' found in a.cmd. Did you mean \"env.HOME\"?",
      "4:63: models.a.cmd: unknown macro '${HOEM}' found in a.cmd. Did you mean \"env.HOME\"?",
      "4:71: models.a.cmd: unknown macro '${USER}' found in a.cmd. Did you mean \"env.USER\"?",
    ],
  );
});

Deno.test("a variable that is not set hides no other problem of the same text", () => {
  assertEquals(toldOf('models: {a: {cmd: "x ${PORT} ${modles_dir} ${env.NOPE} ${A} ${PID}"}}\n'), [
    "1:30: models.a.cmd: unknown macro '${modles_dir}' found in a.cmd",
    "1:44: models.a.cmd: environment variable 'NOPE' is not set",
    "1:56: models.a.cmd: unknown macro '${A}' found in a.cmd",
    "1:61: models.a.cmd: unknown macro '${PID}' found in a.cmd",
  ]);
});

Deno.test("one broken macro that many models use is one problem at the macro", () => {
  const users = 'models:\n  a: {cmd: "${m} a"}\n  b: {cmd: "${m} b"}\n  c: {cmd: "${m}"}\n';
  assertEquals(toldOf('macros: {m: "x ${m} --port ${PORT}"}\n' + users), [
    "1:10: macros.m: macro 'm' contains self-reference",
  ]);
  assertEquals(toldOf('macros: {m: "x ${nope} --port ${PORT}"}\n' + users), [
    "1:16: macros.m: unknown macro '${nope}' found in a.cmd, by way of this macro; so in 2 more",
  ]);
  assertEquals(toldOf('macros: {m: "x ${late} --port ${PORT}", late: 1}\n' + users), [
    "1:16: macros.m: unknown macro '${late}' found in a.cmd, by way of this macro; so in 2 more " +
    "(expected a macro that is declared before the one that uses it)",
  ]);
  assertEquals(toldOf("macros: {m: [x]}\n" + users), [
    "1:10: macros.m: macro 'm': value must be a scalar type (string, int, float or bool)",
  ]);
});

Deno.test("an expansion that is too large is no reason to ask for ${PORT} besides", () => {
  const names = Array.from({ length: 30 }, (_, i) => `m${i}`);
  const macros = names.map((name, i) => `  ${name}: "${i === 0 ? "x" : `\${m${i - 1}}\${m${i - 1}}`}"\n`).join("");
  assertEquals(toldOf(`macros:\n${macros}models:\n  a:\n    cmd: "x \${m29} \${PORT}"\n`).length, 1);
});

Deno.test("what only follows from another problem is no news", () => {
  const cases: readonly (readonly [path: string, text: string])[] = [
    ["models.a.cmd", 'models: {a: {cmd: [x, y, "${PORT}"]}}\n'],
    ["models.a.cmd", 'models: {a: {cmd: {x: "${PORT}"}}}\n'],
    ["models.a.proxy", 'models: {a: {cmd: "x ${PORT}", proxy: "${NO}"}}\n'],
    ["models.a.cmd", 'models: {a: {cmd: ""}}\n'],
  ];
  for (const [path, text] of cases) {
    const error = assertThrows(() => load(text), ConfigErrors);
    assertEquals(error.issues.map((issue) => issue.path.join(".")), [path], text);
  }
  assertEquals(toldOf("performance: {every: 5x}\n")[0]?.includes("at least"), false);
});
