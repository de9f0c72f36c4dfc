import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { createConfigCache } from "../../src/config/cache.ts";
import { ConfigErrors, loadConfig, type LoadedConfig } from "../../src/config/load.ts";

function load(...texts: readonly string[]): LoadedConfig {
  return loadConfig({ texts: texts.map((text, i) => ({ file: `${i}.yaml`, text })), env: () => undefined });
}

const refuse = (...texts: readonly string[]) => assertThrows(() => load(...texts), ConfigErrors);
const warningsOf = (...texts: readonly string[]) => load(...texts).warnings.map(String);

Deno.test("aliases that multiply are refused: lists, mappings, texts and merges", () => {
  let lists = "a0: &a0 [x]\n";
  for (let i = 1; i < 40; i++) lists += `a${i}: &a${i} [*a${i - 1}, *a${i - 1}, *a${i - 1}]\n`;
  const wide = `x: &x {${Array.from({ length: 5000 }, (_, i) => `k${i}: 1`).join(", ")}}\n`;
  const merges = wide + Array.from({ length: 5000 }, (_, i) => `m${i}: {<<: *x}\n`).join("");
  const texts = `t: &t ${"y".repeat(100_000)}\nl: [${"*t, ".repeat(20_000)}]\n`;
  const nested = `a0: &a0 {k: 1}\n${
    Array.from({ length: 60 }, (_, i) => `a${i + 1}: &a${i + 1} {<<: [${`*a${i}, `.repeat(90)}], k${i}: 1}\n`).join("")
  }`;
  for (const text of [lists, merges, texts]) {
    assertStringIncludes(refuse(text).message, "Too much after resolving aliases");
  }
  assertEquals(load(`${nested}models: {}\n`).config.models.size, 0);
});

Deno.test("what uses itself is refused, directly, through others and through a merge", () => {
  for (const text of ["a: &a [*a]", "a: &a {b: {c: *a}}", "a: &a\n  b:\n    <<: *a\n"]) {
    assertStringIncludes(refuse(text).message, "itself");
  }
});

Deno.test("only mappings are merged", () => {
  for (const value of ["5", "x", "[1]", "[[]]"]) {
    assertStringIncludes(String(refuse(`a:\n  <<: ${value}\n`).issues[0]), '0.yaml:2:3: a."<<": Only a mapping');
  }
});

Deno.test("sources over 4 MiB are refused, alone and together, in bytes", () => {
  const half = `# ${"é".repeat(1024 * 1024)}\n`;
  assertStringIncludes(String(refuse(half + half).issues[0]), "0.yaml: The source is larger than 4 MiB");
  assertStringIncludes(
    String(refuse("a: 1", half, half).issues[0]),
    "2.yaml: The sources are together larger than 4 MiB",
  );
  assertEquals(load(half, "startPort: 1000").config.startPort, 1000);
});

Deno.test("tabs as indentation are refused where they stand", () => {
  assertStringIncludes(String(refuse("models:\n  a:\n\t  cmd: x\n").issues[0]), "0.yaml:3:1: Not valid YAML: tab");
});

Deno.test("duplicate keys are refused at the second one, also merge keys", () => {
  assertStringIncludes(
    String(refuse("a: 1\na: 2\n").issues[0]),
    "0.yaml:2:1: a: Not valid YAML: duplicated mapping key",
  );
  assertStringIncludes(refuse("b: &b {x: 1}\nm:\n  <<: *b\n  <<: *b\n").message, "duplicated mapping key");
});

Deno.test("a byte order mark and CRLF are no part of the content", () => {
  const { config } = load("\uFEFFmodels:\r\n  a:\r\n    cmd: |\r\n      x\r\n      ${PORT}\r\n");
  assertEquals(config.models.get("a")?.command, ["x", "5800"]);
});

Deno.test("nesting without end is refused, in flow and in block style", () => {
  const deep = Array.from({ length: 2000 }, (_, i) => `${" ".repeat(i)}a:\n`).join("");
  for (const text of ["[".repeat(100_000), "{a: ".repeat(50_000), deep, "- ".repeat(50_000)]) {
    assertStringIncludes(refuse(text).issues[0]?.message ?? "", "Not valid YAML");
  }
});

Deno.test("very long lines and very many keys are read or refused at once", () => {
  assertEquals(load(`logLevel: info # ${" #".repeat(1_000_000)}`).config.logLevel, "info");
  assertEquals(load(`x-a: "${"\\\\".repeat(1_000_000)}"`).config.startPort, 5800);
  assert(refuse(`models: {a: {cmd: "${"'".repeat(1_000_001)}"}}`).issues.length > 0);
  const many = Array.from({ length: 100_000 }, (_, i) => `k${i}: 1\n`).join("");
  const { warnings } = load(many);
  assertEquals([warnings.length, warnings.at(-1)?.message], [1001, "99000 more are not shown"]);
});

Deno.test("a NUL byte is refused where it stands", () => {
  assertStringIncludes(String(refuse("a: 1\nb: x\0y\n").issues[0]), "0.yaml:2:5: Not text: there is a NUL byte");
});

Deno.test("only the first document of a file is read, and another one is a warning", () => {
  const { config, warnings } = load("startPort: 1000\n---\nstartPort: 2000\nstartPort: [\n");
  assertEquals(config.startPort, 1000);
  assertEquals(warnings.map(String), [
    "0.yaml:2:1: A second document begins here: only the first one of a file is read",
  ]);
  assertEquals(warningsOf("# c\n---\nstartPort: 1000\n"), []);
  assertEquals(warningsOf("%YAML 1.2\n---\nstartPort: 1000\n...\n# end\n"), []);
  assertEquals(warningsOf("startPort: 1000\n---\n"), []);
  assertEquals(warningsOf("x-a: |\n  ---\n  b\nstartPort: 1000\n"), []);
  assertEquals(warningsOf("startPort: 1000\n...\na: 1\n").length, 1);
  assertEquals(load("---\n---\nstartPort: 1000\n").config.startPort, 5800);
});

Deno.test("W54: a key that is no text is told, and no model is lost", () => {
  const { config, warnings } = load("models:\n  0x10: {cmd: 'x ${PORT}'}\n  b: {cmd: 'x ${PORT}'}\n");
  assertEquals([...config.models.keys()], ["16", "b"]);
  assertEquals(warnings.map(String), [
    "0.yaml:2:3: models.16: The key 0x10 is no text: quote it, so that nothing changes it",
  ]);
  assertEquals(warningsOf("models: {7: {cmd: 'x ${PORT}'}, '0x10': {cmd: 'x ${PORT}'}}"), []);
  assertEquals(load("models:\n  2024-01-31: {cmd: 'x ${PORT}'}\n").config.models.has("2024-01-31"), true);
  for (const text of ["? [a, b]\n: 1\n", "{a: 1}: 2\n", "[a]: 1\n", "x-a: {[a]: 1}\n"]) {
    assertStringIncludes(refuse(text).message, "A key must be text");
  }
});

Deno.test("dates stay texts; binary, sets and unknown tags are refused with their place", () => {
  const { config } = load("models: {a: {cmd: 'x ${PORT}', metadata: {d: 2024-01-31, t: 2024-01-31T10:00:00Z}}}");
  assertEquals(JSON.stringify(config.models.get("a")?.metadata), '{"d":"2024-01-31","t":"2024-01-31T10:00:00Z"}');
  for (const tag of ["!!binary aGk=", "!!set {a}", "!!omap [a: 1]", "!mine x", "!!js/function 'x'", "!!timestamp 1"]) {
    assertStringIncludes(String(refuse(`a: 1\nb: ${tag}\n`).issues[0]), "0.yaml:2:");
  }
});

Deno.test("numbers without end are refused, and never become others in silence", () => {
  for (const value of ["1e400", ".inf", "-.inf", ".nan", "9".repeat(30), "-1e300"]) {
    assertStringIncludes(refuse(`startPort: ${value}`).message, "startPort");
  }
});

Deno.test("names of the language's own objects are names like any other, at every level", () => {
  const names = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty"];
  for (const name of names) {
    const block = `{${name}: {polluted: 1}}`;
    const text = `${name}: ${block}\nx: &x ${block}\nmacros: {${name}: m}\nmodels:\n  ${name}:\n    <<: *x\n` +
      `    cmd: x \${${name}} \${PORT}\n    metadata: ${block}\n    timeouts: ${block}\nlimits: ${block}\nrouting: ${block}\n`;
    const { config } = load(text, `x-b: ${block}\n`);
    assertEquals(config.models.get(name)?.command, ["x", "m", "5800"]);
    assertEquals(Object.keys(config.models.get(name)?.metadata ?? {}), [name]);
  }
  assertEquals([Object.keys(Object.prototype), Reflect.get({}, "polluted")], [[], undefined]);
});

Deno.test("a file that did not change is not read again", () => {
  const cache = createConfigCache();
  let looked = 0;
  const env = { A: "1", B: "2" };
  const files = { "a.yaml": "apiKeys: ['${env.A}']", "b.yaml": "logLevel: info", "c.yaml": "# ${env.NOPE}" };
  const read = (texts: Readonly<Record<string, string>>) => {
    const before = new Map(cache.documents);
    loadConfig({
      texts: Object.entries(texts).map(([file, text]) => ({ file, text })),
      env: (name) => (looked++, Reflect.get(env, name)),
      cache,
    });
    return [...cache.documents].filter(([file, entry]) => before.get(file) !== entry).map(([file]) => file);
  };
  assertEquals(read(files), ["a.yaml", "b.yaml", "c.yaml"]);
  assertEquals(read(files), ["c.yaml"], "an unset variable may be set by now");
  assertEquals(read({ ...files, "b.yaml": "logLevel: warn" }), ["b.yaml", "c.yaml"]);
  env.A = "3";
  assertEquals(read({ "a.yaml": files["a.yaml"] }), ["a.yaml"]);
  assert(looked > 0);
});

Deno.test("after a change of one model of 500, one file is read and one model is made", () => {
  const cache = createConfigCache();
  const entries = () => [...cache.documents.values(), ...cache.drafts.values(), ...cache.models.values()];
  const block = (from: number, ttl: number) =>
    `models:\n${
      Array.from({ length: 250 }, (_, i) => `  m${from + i}: {cmd: '\${run} \${PORT}', ttl: ${i === 7 ? ttl : 5}}\n`)
        .join("")
    }`;
  const made = (ttl: number) => {
    const before = new Set<object>(entries());
    const { config } = loadConfig({
      texts: [
        { file: "a", text: "macros: {run: '${env.X}'}" },
        { file: "b", text: block(100, ttl) },
        { file: "c", text: block(400, 5) },
      ],
      env: () => "x",
      cache,
    });
    assertEquals([config.models.size, config.models.get("m107")?.ttlS], [500, ttl]);
    return entries().filter((entry) => !before.has(entry)).length;
  };
  assertEquals(made(5), 3 + 500 + 500);
  assertEquals(made(5), 0);
  assertEquals(made(6), 1 + 1 + 1);
});
