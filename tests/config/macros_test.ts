import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ConfigErrors, loadConfig } from "../../src/config/load.ts";
import type { ModelConfig } from "../../src/config/types.ts";

function models(text: string): ReadonlyMap<string, ModelConfig> {
  return loadConfig({ texts: [{ text, file: "c.yaml" }], env: () => undefined }).config.models;
}

function refusal(text: string): string {
  return assertThrows(() => models(text), ConfigErrors).message;
}

Deno.test("CX2: reserved macro names are refused, with the model where there is one", () => {
  for (const name of ["PORT", "MODEL_ID", "PID"]) {
    assertStringIncludes(refusal(`macros: {${name}: x}`), `macro name '${name}' is reserved`);
    assertStringIncludes(
      refusal(`models: {m: {cmd: '\${PORT}', macros: {${name}: x}}}`),
      `model m: macro name '${name}' is reserved`,
    );
  }
});

Deno.test("CX3: an unknown macro is named with its field", () => {
  for (const field of ["cmdStop", "proxy", "checkEndpoint", "name", "description"]) {
    assertStringIncludes(
      refusal(`models: {m1: {cmd: 'x \${PORT}', ${field}: 'http://\${unknownMacro}'}}`),
      `unknown macro '\${unknownMacro}' found in m1.${field}`,
    );
  }
  assertStringIncludes(refusal("models: {m1: {cmd: '${unknownMacro} ${PORT}'}}"), "found in m1.cmd");
});

Deno.test("CX4: MODEL_ID is the id, whatever it contains, and ports follow the order of ids", () => {
  const loaded = models(`
startPort: 9000
macros: { tag: "id=\${MODEL_ID}" }
models:
  model2: { cmd: "c \${PORT} \${tag}" }
  model1: { cmd: "c \${PORT} \${MODEL_ID}" }
  author/model:F16: { cmd: "c \${PORT} \${MODEL_ID}" }
`);
  assertEquals([...loaded.values()].map((m) => m.command.slice(1)), [
    ["9000", "author/model:F16"],
    ["9001", "model1"],
    ["9002", "id=model2"],
  ]);
});

Deno.test("CX5, CX6, CX26: whole-text macros keep their type in metadata, at any depth", () => {
  const loaded = models(`
macros: { i: 4, f: 0.7, b: true, s: text }
models:
  m:
    cmd: x \${PORT}
    aliases: ["a-\${PORT}"]
    checkEndpoint: /h/\${PORT}
    metadata: { port: "\${PORT}", i: "\${i}", deep: { list: ["\${f}", "\${b}", "\${s}", "v\${i}"] } }
`);
  const m = loaded.get("m");
  assertEquals(m?.metadata.port, 5800);
  assertEquals(m?.metadata.i, 4);
  assertEquals(JSON.stringify(m?.metadata.deep), '{"list":[0.7,true,"text","v4"]}');
  assertEquals([m?.aliases, m?.checkEndpoint], [["a-5800"], "/h/5800"]);
});

Deno.test("CX7, CX12: a model's macro takes the global's place, also inside other globals", () => {
  const loaded = models(`
macros: { tag: global, msg: "value-\${tag}" }
models:
  a: { cmd: "\${msg} \${PORT}", macros: { tag: mine } }
  b: { cmd: "\${msg} \${PORT}" }
`);
  assertEquals(loaded.get("a")?.command[0], "value-mine");
  assertEquals(loaded.get("b")?.command[0], "value-global");
});

Deno.test("CX8, CX27: leftovers in metadata name model and macro", () => {
  assertStringIncludes(
    refusal("models: {m: {cmd: '${PORT}', metadata: {a: '${no}'}}}"),
    "model m metadata: unknown macro '${no}'",
  );
  assertStringIncludes(refusal("models: {m: {cmd: '${PORT}', metadata: {a: '${PID}'}}}"), "unknown macro '${PID}'");
});

Deno.test("CX9: a macro is a scalar", () => {
  for (const value of ["[1]", "{a: 1}", "null"]) {
    assertStringIncludes(refusal(`macros: {bad: ${value}}`), "must be a scalar type");
  }
  assertStringIncludes(refusal("macros: [a]"), "macros must be a mapping");
});

Deno.test("CX10, CX16: a macro sees those before it and none after it", () => {
  assertEquals(
    models('macros: {a: "1", b: "${a}2", c: "${b}3"}\nmodels: {m: {cmd: "${c} ${PORT}"}}').get("m")?.command[0],
    "123",
  );
  assertStringIncludes(
    refusal('macros: {b: "${a}2", a: "1"}\nmodels: {m: {cmd: "${b} ${PORT}"}}'),
    "unknown macro '${a}'",
  );
});

Deno.test("CX13: a macro that names itself is refused", () => {
  assertStringIncludes(refusal('macros: {me: "x ${me}"}'), "macro 'me' contains self-reference");
});

Deno.test("CX17: macro names are short and plain", () => {
  assertStringIncludes(refusal("macros: {a.b: x}"), "invalid characters");
  assertStringIncludes(refusal(`macros: {${"n".repeat(64)}: x}`), "exceeds maximum length");
});

Deno.test("CX18: a model's macro does not leak into another", () => {
  assertStringIncludes(
    refusal("models: {a: {cmd: '${PORT}', macros: {own: x}}, b: {cmd: '${own} ${PORT}'}}"),
    "unknown macro '${own}' found in b.cmd",
  );
});

Deno.test("CX19: an anchored block is expanded for each model by itself", () => {
  const loaded = models(`
x-base: &base
  cmd: "x --m \${file} \${PORT}"
  env: ["F=\${file}"]
models:
  a: { <<: *base, macros: { file: fa } }
  b: { <<: *base, macros: { file: fb } }
`);
  assertEquals(loaded.get("a")?.command, ["x", "--m", "fa", "5800"]);
  assertEquals(loaded.get("b")?.env, ["F=fb"]);
});

Deno.test("CX20, CX23: macros give numbers and booleans to settings", () => {
  const loaded = models(`
macros: { p: 7000, t: 60, yes: true }
startPort: \${p}
globalTTL: "\${t}"
models: { m: { cmd: "x \${PORT}", unlisted: "\${yes}", timeouts: { connect: "\${t}" } } }
`);
  assertEquals(loaded.get("m")?.port, 7000);
  assertEquals([loaded.get("m")?.ttlS, loaded.get("m")?.unlisted, loaded.get("m")?.timeouts.connect], [60, true, 60]);
});

Deno.test("CX21: PID stays in cmdStop, also through a macro", () => {
  const loaded = models('macros: {stop: "kill ${PID}"}\nmodels: {m: {cmd: "x ${PORT}", cmdStop: "${stop}"}}');
  assertEquals(loaded.get("m")?.cmdStop, "kill ${PID}");
});

Deno.test("CX24: keys are never substituted", () => {
  assertEquals(
    Object.keys(
      models('macros: {k: v}\nmodels: {m: {cmd: "x ${PORT}", metadata: {"${k}": 1}}}').get("m")?.metadata ?? {},
    ),
    ["${k}"],
  );
});

Deno.test("CC5: a macro named in a comment leaks nothing into the command", () => {
  const loaded = models(`
macros: { server: "/bin/server --flag" }
models:
  m:
    cmd: |
      # use \${server} and \${unknown}
      \${server}
      --port \${PORT}
`);
  assertEquals(loaded.get("m")?.command, ["/bin/server", "--flag", "--port", "5800"]);
});

Deno.test("text that only looks like a placeholder is left alone", () => {
  assertEquals(models("models: {m: {cmd: 'x ${VAR:-y} $HOME ${PORT}'}}").get("m")?.command, [
    "x",
    "${VAR:-y}",
    "$HOME",
    "5800",
  ]);
});
