import { assert, assertEquals, assertThrows } from "@std/assert";
import { parse, stringify, YamlSyntaxError } from "@std/yaml";

Deno.test("scalars are read as @std/yaml reads them", () => {
  const read: [string, unknown][] = [
    ["12", 12],
    ["-3", -3],
    ["010", 8],
    ["0o10", "0o10"],
    ["08", "08"],
    ["0x1F", 31],
    ["0b101", 5],
    ["1_000", 1000],
    ["1.50", 1.5],
    ["1e3", 1000],
    ["-.inf", -Infinity],
    ["1:30", "1:30"],
    ["true", true],
    ["yes", "yes"],
    ["on", "on"],
    ["~", null],
    ["'1'", "1"],
    ["2001-01-02", new Date(Date.UTC(2001, 0, 2))],
  ];
  for (const [text, expected] of read) assertEquals(parse(text), expected, text);
});

Deno.test("anchors, aliases and merge keys work", () => {
  assertEquals(parse("base: &b { ttl: 5, cmd: a }\nm: { <<: *b, cmd: b }\n"), {
    base: { ttl: 5, cmd: "a" },
    m: { ttl: 5, cmd: "b" },
  });
});

Deno.test("an empty source is null, and a second document is refused", () => {
  assertEquals(parse(""), null);
  assertEquals(parse("# nothing\n"), null);
  assertThrows(() => parse("a: 1\n---\nb: 2\n"), SyntaxError);
});

Deno.test("a repeated key is an error unless it is allowed", () => {
  assertThrows(() => parse("a: 1\na: 2\n"), SyntaxError, "duplicate");
  assertEquals(parse("a: 1\na: 2\n", { allowDuplicateKeys: true }), { a: 2 });
});

Deno.test("a syntax error says where", () => {
  const error = assertThrows(() => parse("models:\n  a: [1\nb: 2\n"), YamlSyntaxError, "at line 3, column ");
  assertEquals(error.line, 3);
});

Deno.test("a key named __proto__ does not reach the prototype", () => {
  const value = parse("__proto__: { polluted: true }\n");
  assert(typeof value === "object" && value !== null && !("polluted" in {}));
});

Deno.test("what is written is read back the same", () => {
  const value = {
    a: [1, -2.5, 1e21, "010", "1_000", "true", "", null, false, Infinity],
    b: { c: "two\nlines\n", d: "x: y", e: [] },
  };
  assertEquals(parse(stringify(value)), value);
  assertThrows(() => stringify({ f: () => {} }), TypeError);
});

Deno.test("standard tags are taken as @std/yaml takes them, and no more", () => {
  const read: readonly (readonly [text: string, value: unknown])[] = [
    ["!!str 0123", "0123"],
    ["!!str", ""],
    ["!!int 0x10", 16],
    ['!!int "017"', 15],
    ['!!float "5"', 5],
    ['!!bool "true"', true],
    ["!!null ~", null],
    ["!!map {a: 1}", { a: 1 }],
    ["!!seq", []],
    ["0o17", "0o17"],
  ];
  for (const [text, value] of read) assertEquals(parse(`k: ${text}`, { schema: "core" }), { k: value }, text);
  for (const text of ["!!int 6100", '!!int "6100"', "!!bool yes", "!!null", '!!null ""', "!!binary aGk=", "!own x"]) {
    assertThrows(() => parse(`k: ${text}`, { schema: "core" }), SyntaxError, undefined, text);
  }
});
