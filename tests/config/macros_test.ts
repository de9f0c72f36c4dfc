import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ConfigErrors, loadConfig } from "../../src/config/load.ts";
import type { ModelConfig } from "../../src/config/types.ts";

function models(text: string): ReadonlyMap<string, ModelConfig> {
  return loadConfig({ texts: [{ text, file: "c.yaml" }], env: () => undefined }).config.models;
}

function refusal(text: string): string {
  return assertThrows(() => models(text), ConfigErrors).message;
}

Deno.test("CX1: macros nest, bring the port, and a model's own wins; a comment with a placeholder says nothing", () => {
  const loaded = models(`
startPort: 9990
macros:
  svr-path: path/to/server
  autoport: --port \${PORT}
  serve: \${svr-path} \${autoport}
models:
  m:
    macros: { svr-path: mine/server }
    cmd: |
      # \${PORT} and \${svr-path}
      \${serve} -m x
    cmdStop: "stop \${svr-path} \${PORT} \${PID}"
  n:
    cmd: \${serve}
`);
  assertEquals(loaded.get("m")?.command, ["mine/server", "--port", "9990", "-m", "x"]);
  assertEquals(loaded.get("m")?.cmdStop, "stop mine/server 9990 ${PID}");
  assertEquals(loaded.get("n")?.command, ["path/to/server", "--port", "9991"]);
});

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
  assertStringIncludes(
    refusal("models: {m1: {cmd: 'x ${PORT}', filters: {stripParams: '${unknownMacro}'}}}"),
    "unknown macro '${unknownMacro}' found in m1.filters.stripParams",
  );
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

Deno.test("CX11: MODEL_ID inside a global macro is the model that uses it", () => {
  const loaded = models(`
macros: { log: "/logs/\${MODEL_ID}.log" }
models: { a: { cmd: "x \${log} \${PORT}" }, b/c: { cmd: "x \${log} \${PORT}" } }
`);
  assertEquals([...loaded.values()].map(({ command }) => command[1]), ["/logs/a.log", "/logs/b/c.log"]);
});

Deno.test("CX14: name and description are expanded, and an unknown macro there is refused", () => {
  const loaded = models(`
macros: { kind: fast }
models: { m: { cmd: "x \${PORT}", name: "\${kind} \${MODEL_ID}", description: "the \${kind} one" } }
`);
  assertEquals([loaded.get("m")?.name, loaded.get("m")?.description], ["fast m", "the fast one"]);
  for (const field of ["name", "description"]) {
    assertStringIncludes(
      refusal(`models: {m: {cmd: 'x \${PORT}', ${field}: '\${no}'}}`),
      `unknown macro '\${no}' found in m.${field}`,
    );
  }
});

Deno.test("CX15: an unknown name inside a macro is refused when the macro is used, and only then", () => {
  const text = (cmd: string) => `macros: {bad: "x \${nowhere}"}\nmodels: {m: {cmd: '${cmd} \${PORT}'}}`;
  assertStringIncludes(refusal(text("${bad}")), "unknown macro '${nowhere}' found in m.cmd");
  assertEquals(models(text("x")).get("m")?.command[0], "x");
});

Deno.test("CX13: a macro that names itself is refused", () => {
  assertStringIncludes(refusal('macros: {me: "x ${me}"}'), "macro 'me' contains self-reference");
});

Deno.test("CX17: macro names are short and plain", () => {
  assertStringIncludes(refusal("macros: {a.b: x}"), "invalid characters");
  assertStringIncludes(refusal(`macros: {${"n".repeat(64)}: x}`), "exceeds maximum length");
  assertStringIncludes(
    refusal("models: {m: {cmd: '${PORT}', macros: {PID: 1}}}"),
    "model m: macro name 'PID' is reserved",
  );
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

Deno.test("CX20: startPort from a macro is where ports begin", () => {
  const loaded = models("macros: {p: 7000}\nstartPort: ${p}\nmodels: {a: {cmd: 'x ${PORT}'}, b: {cmd: 'x ${PORT}'}}");
  assertEquals([...loaded.values()].map(({ port }) => port), [7000, 7001]);
});

Deno.test("CX23: macros give numbers, booleans and texts to settings", () => {
  const text = `
macros: { t: 60, yes: true, name: m, header: X-Mine }
globalTTL: "\${t}"
sendLoadingState: "\${yes}"
ui: { activity: { session_id: ["\${header}"] } }
hooks: { on_startup: { preload: ["\${name}"] } }
models:
  m: { cmd: "x \${PORT}", unlisted: "\${yes}", timeouts: { connect: "\${t}" }, env: ["T=\${t}", "\${name}=1"] }
  own: { cmd: "x \${PORT}", ttl: "\${t}", macros: { t: 7 } }
`;
  const { config } = loadConfig({ texts: [{ text, file: "c.yaml" }], env: () => undefined });
  const [m, own] = ["m", "own"].map((id) => config.models.get(id));
  assertEquals([m?.ttlS, m?.unlisted, m?.sendLoadingState, m?.timeouts.connect], [60, true, true, 60]);
  assertEquals([m?.env, own?.ttlS], [["T=60", "m=1"], 7]);
  assertEquals([config.preload, config.sessionHeaders], [["m"], ["X-Mine"]]);
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

Deno.test("CX28, CX29: capabilities take typed values of macros, each model its own", () => {
  const loaded = models(`
macros: { ctx: 4096, kind: text, can: true }
x-base: &base
  cmd: "x \${PORT}"
  capabilities: { in: ["\${kind}"], tools: "\${can}", context: "\${ctx}" }
models:
  a: *base
  b: { <<: *base, macros: { ctx: 8192, kind: audio } }
  c: { cmd: "x \${PORT}" }
`);
  assertEquals(loaded.get("a")?.capabilities, { in: ["text"], tools: true, context: 4096 });
  assertEquals(loaded.get("b")?.capabilities, { in: ["audio"], tools: true, context: 8192 });
  assertEquals(loaded.get("c")?.capabilities, null);
  assertStringIncludes(
    refusal("models: {m: {cmd: '${PORT}', capabilities: {context: '${no}'}}}"),
    "model m capabilities: unknown macro '${no}'",
  );
});

Deno.test("W56: $${name} is a literal ${name} where llama-swap refuses an unknown macro, and nowhere else", () => {
  const loaded = models(`
macros: { cost: 5, esc: "\$\${shell}" }
models:
  m:
    cmd: sh -c 'echo $\${HOME} $$$\${x} \${esc} $\${cost}' \${PORT}
    cmdStop: kill $\${PID} $\${SIG}
    metadata: { a: "$\${b}", price: "$\${cost}" }
`);
  assertEquals(loaded.get("m")?.command, ["sh", "-c", "echo ${HOME} $$${x} ${shell} $5", "5800"]);
  assertEquals(loaded.get("m")?.cmdStop, "kill $${PID} ${SIG}");
  assertEquals([loaded.get("m")?.metadata.a, loaded.get("m")?.metadata.price], ["${b}", "$5"]);
  assertStringIncludes(refusal("models: {m: {cmd: 'x ${a} $${a} ${PORT}'}}"), "unknown macro '${a}'");
});

Deno.test("W64: a comment line between quotes is a warning, and goes as in llama-swap", () => {
  const warned = (cmd: string) => {
    const text = `models:\n  m:\n    cmd: |\n${cmd.split("\n").map((line) => `      ${line}`).join("\n")}\n`;
    const { config, warnings } = loadConfig({ texts: [{ text, file: "c.yaml" }], env: () => undefined });
    return [config.models.get("m")?.command, warnings.filter(({ message }) => message.includes("is a comment")).length];
  };
  assertEquals(warned("x ${PORT} 'a\n# b\nc'"), [["x", "5800", "a\nc"], 1]);
  assertEquals(warned('x ${PORT} "a \\"\n# b\nc"'), [["x", "5800", 'a "\nc'], 1]);
  assertEquals(warned("x ${PORT} 'a'\n# it's b\nc"), [["x", "5800", "a", "c"], 0]);
  assertEquals(warned("x ${PORT} \\'\n# b\nc"), [["x", "5800", "'", "c"], 0]);
});

Deno.test("macros that grow without end are refused, each alone and all together", () => {
  const chain = Array.from({ length: 60 }, (_, i) => `  m${i}: "${i === 0 ? "x" : `\${m${i - 1}}\${m${i - 1}}`}"\n`)
    .join("");
  assertStringIncludes(refusal(`macros:\n${chain}models: {m: {cmd: '\${m59} \${PORT}'}}`), "comes to more than");
  const large = `macros: {big: ${"x".repeat(500_000)}}\nmodels: {m: {cmd: 'x \${PORT}', metadata: {l: [${
    '"a ${big}", '.repeat(1000)
  }]}}}`;
  assertStringIncludes(refusal(large), "too much altogether");
  const many = Array.from({ length: 20_000 }, (_, i) => `  n${i}: {macros: {o: 1}}\n`).join("");
  const names = Array.from({ length: 20_000 }, (_, i) => `  g${i}: "\${g${i - 1}}"\n`).join("");
  assertStringIncludes(refusal(`macros:\n${names}models:\n${many}`), "has neither cmd nor worker");
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
