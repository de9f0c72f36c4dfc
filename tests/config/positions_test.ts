import { assert, assertEquals } from "@std/assert";
import { parse } from "@std/yaml";
import { ConfigErrors, loadConfig } from "../../src/config/load.ts";
import type { ConfigPath } from "../../src/config/issues.ts";
import { createKeyFinder } from "../../src/config/key_lines.ts";
import { createLineFinder, createLocator } from "../../src/config/positions.ts";
import { copyTree } from "../../src/config/tree.ts";

/** What is looked for, and the text with ▲ before the place where it must be found. */
type Placement = readonly [kind: string, path: ConfigPath, text: string];

const PLACEMENTS: readonly Placement[] = [
  ["a key", ["a"], "▲a: 1\n"],
  ["a second key", ["b"], "a: 1\n▲b: 2\n"],
  ["a key below a key", ["a", "b"], "a:\n  x: 1\n  ▲b: 2\n"],
  ["a key after a comment", ["b"], "# c: 1\na: 1 # b: 2\n\n▲b: 2\n"],
  ["a key without a value", ["b"], "a:\n▲b:\nc:\n"],
  ["a key with a space before its colon", ["a"], "▲a : 1\n"],
  ["a key with spaces in it", ["a b c"], "▲a b c: 1\n"],
  ["a key in double quotes", ["a: b"], 'x: 1\n▲"a: b": 1\n'],
  ["a key in single quotes", ["it's"], "▲'it''s': 1\n"],
  ["a key with an escape", ["é"], '▲"\\u00e9": 1\n'],
  ["a key with a question mark", ["a", "b"], "a:\n  ? ▲b\n  : 1\n"],
  ["a key with an anchor before it", ["k"], "&a ▲k: 1\n"],
  ["a key after a tag", ["a", "b"], "a: !!map\n  ▲b: 1\n"],
  ["a key named __proto__", ["__proto__", "a"], "__proto__:\n  ▲a: 1\n"],
  ["a key that is a number", ["7"], "a: 1\n▲7: 2\n"],
  ["an unknown key: its nearest holder", ["a", "nope", "deeper"], "▲a:\n  b: 1\n"],
  ["an item", ["a", 1], "a:\n  - x\n  - ▲y\n"],
  ["an item at the indent of its key", ["a", 1], "a:\n- x\n- ▲y\nb: 1\n"],
  ["an item that is a mapping", ["a", 1], "a:\n  - b: 1\n  - ▲b: 2\n    c: 3\n"],
  ["a later key of such an item", ["a", 1, "c"], "a:\n  - b: 1\n  - b: 2\n    ▲c: 3\n"],
  ["an item with a value on the next line", ["a", 0, "b"], "a:\n  -\n    ▲b: 1\n"],
  ["an empty item", ["a", 1], "a:\n  - x\n  ▲-\n  - y\n"],
  ["an item behind an empty one", ["a", 2], "a:\n  - x\n  - # nothing\n  - ▲y\n"],
  ["the last item, which is empty", ["a", 1], "a:\n  - x\n  ▲-\nb: 1\n"],
  ["an item of a list in a list", ["a", 0, 1], "a:\n  - - x\n    - ▲y\n"],
  ["a quoted item", ["a", 0], 'a:\n  - ▲"x: y"\n'],
  ["a flow mapping's key", ["a", "c"], "a: {b: 1, ▲c: 2}\n"],
  ["a flow key of a flow mapping", ["m", "a", "ttl"], "m: {a: {cmd: x, ▲ttl: bad}}\n"],
  ["a quoted flow key without a space", ["m", "t"], 'm: {"a":1,▲"t":2}\n'],
  ["a flow key without a value", ["m", "b"], "m: {a, ▲b, c: 1}\n"],
  ["a flow key over lines", ["m", "b"], "m: {\n  a: 1, # b: 3\n  ▲b: 2,\n}\n"],
  ["a flow item", ["l", 2], "l: [a, 'b', ▲c]\n"],
  ["a flow item in a flow item", ["l", 1, 0], "l: [a, [▲b]]\n"],
  ["a pair in a flow list", ["l", 1, "k"], "l: [a, ▲k: v]\n"],
  ["a flow item over lines", ["l", 1], "l: [\n  a,\n  ▲b,\n]\n"],
  ["a key after a block scalar", ["m", "ttl"], "m:\n  cmd: |\n    run: x\n    ttl: 5\n\n  ▲ttl: bad\n"],
  ["a key after a folded scalar with chomping", ["ttl"], "cmd: >-\n  a\n  ttl: 1\n▲ttl: bad\n"],
  ["a key that has a block scalar", ["m", "cmd"], "m:\n  ▲cmd: |2-\n     x\n  a: 1\n"],
  ["a key after a plain scalar of two lines", ["b"], "a: x\n  y\n▲b: 1\n"],
  ["a key after a quoted scalar of two lines", ["b"], 'a: "x\n  b: y"\n▲b: 1\n'],
  ["below an alias: where it is written", ["b", "c"], "a: &x\n  ▲c: 1\nb: *x\n"],
  ["an item of an alias", ["b", 1], "a: &x [1, ▲2]\nb: *x\n"],
  ["a scalar of an alias", ["b"], "a: &x ▲bad\nb: *x\n"],
  ["a mapping of an alias: its own key", ["b"], "a: &x {c: 1}\n▲b: *x\n"],
  ["an anchor that is given twice: the last before", ["b", "k"], "a: &x {k: 1}\nc: &x {▲k: 2}\nb: *x\n"],
  ["a merged key: where it is written", ["m", "ttl"], "b: &b\n  ▲ttl: bad\nm:\n  <<: *b\n  cmd: x\n"],
  ["a key that overrides a merged one", ["m", "ttl"], "b: &b {ttl: 1}\nm:\n  <<: *b\n  ▲ttl: 2\n"],
  ["a key of the first of two merged ones", ["m", "k"], "b: &b {▲k: 1}\nc: &c {k: 2}\nm: {<<: [*b, *c]}\n"],
  ["a key merged through another", ["m", "k"], "a: &a {▲k: 1}\nb: &b {<<: *a}\nm: {<<: *b}\n"],
  ["a key below a merged key", ["m", "t", "c"], "b: &b\n  t:\n    ▲c: 1\nm:\n  <<: *b\n"],
  ["a key with CRLF", ["a", "b"], "x: 1\r\na:\r\n  ▲b: 2\r\n"],
  ["a key after a block scalar with CRLF", ["b"], "a: |\r\n  b: 1\r\n▲b: 2\r\n"],
  ["a key after the mark of a document", ["a"], "%YAML 1.2\n---\n▲a: 1\n"],
  ["a key on the line of that mark", ["a", "b"], "--- # c\na: {▲b: 1}\n"],
  ["a key in a document that is JSON", ["a", 0, "c"], '{"a": [{"b": 1,\n ▲"c": 2}]}'],
  ["a key after a character of two units", ["b"], 'a: {"😀": 1}\n▲b: 2\n'],
  ["a key after a tab before a comment", ["b"], "a: 1\t# x\n▲b: 2\n"],
  ["a key in an indented document", ["b"], "  a: 1\n  ▲b: 2\n"],
];

Deno.test("every path is found where it is written", () => {
  for (const [kind, path, marked] of PLACEMENTS) {
    const text = marked.replace("▲", "");
    assertEquals(createLocator(text).offsetOf(path), marked.indexOf("▲"), kind);
    const tree = copyTree(parse(text, { schema: "core" }));
    assertEquals(createLocator(text, () => tree).offsetOf(path), marked.indexOf("▲"), `${kind}, knowing the tree`);
  }
  assert(PLACEMENTS.length >= 50);
});

Deno.test("lines alone prove where a key stands, or nothing is found", () => {
  const find = (text: string, ...path: string[]) =>
    createKeyFinder(text.replace("▲", ""), () => copyTree(parse(text.replace("▲", ""), { schema: "core" })))(path);
  const plain = 'a: 1 # c\n"b": # c\n  c: |\n    d: 1\n  e: x\n  ▲d:\n  - 1\n';
  assertEquals(find(plain, "b", "d"), plain.indexOf("▲"));
  for (
    const [text, ...path] of [
      ['a: "x\n\n  b: 1"\nc: "\nb: 2"\n', "b"],
      ['a: "\nb: 2"\n? b\n: 1\n', "b"],
      ["a: {b: {\n  b: 1}}\n", "a", "b"],
      ["a: # c\n  {b: {\n  b: 1}}\n", "a", "b"],
      ["a: &x\n  c: 1\nb: *x\n", "b", "c"],
      ["a: &x 1\nb: # c\n  *x\n", "b"],
      ["a: &x {b: 1}\nc:\n  <<: *x\n", "c", "b"],
      ["- a: 1\n", "a"],
      ["a: 1\r\nb: 2\r\n", "b"],
    ] as const
  ) assertEquals(find(text, ...path), undefined, text);
});

Deno.test("lines end with LF, CRLF or CR, and columns count from 1", () => {
  const place = createLineFinder("ab\ncd\r\ne\rf");
  assertEquals([0, 1, 3, 4, 7, 9].map((offset) => place(offset)), [
    { line: 1, column: 1 },
    { line: 1, column: 2 },
    { line: 2, column: 1 },
    { line: 2, column: 2 },
    { line: 3, column: 1 },
    { line: 4, column: 1 },
  ]);
  assertEquals(place(-1), { line: 0, column: 0 });
});

Deno.test("what is no YAML, or nothing, has no places", () => {
  for (const text of ["", "# only\n", "a: [", "a: *b"]) assertEquals(createLocator(text).offsetOf(["a"]), -1);
});

Deno.test("a plain scalar is shown as it is written, also through an alias", () => {
  const locator = createLocator("a: 0x10 # c\nb: 'q'\nc: [1.50, ~]\nd: &d 0123\ne: *d\nf: |\n  1\n");
  assertEquals(
    [["a"], ["b"], ["c", 0], ["c", 1], ["d"], ["e"], ["f"], ["c"], ["no"]].map((path) => locator.written(path)),
    ["0x10", undefined, "1.50", "~", "0123", "0123", undefined, undefined, undefined],
  );
});

/** One mistake in texts with ▲ before the place where it must be told. */
const MISTAKES: readonly (readonly [kind: string, message: string, ...texts: readonly string[]])[] = [
  ["flow style", "whole number", "models: {a: {cmd: 'x ${PORT}', ▲ttl: bad}}"],
  ["a byte order mark", "whole number", "\uFEFFlogLevel: info\n▲startPort: bad\n"],
  ["a byte order mark on the first line", "whole number", "\uFEFF▲startPort: bad\n"],
  ["a value of the environment before it", "whole number", "models: {a: {cmd: '${env.LONG} ${PORT}', ▲ttl: bad}}"],
  ["a value with quotes before it", "whole number", 'models: {a: {cmd: "${env.QUOTED} ${PORT}", ▲ttl: bad}}'],
  ["a missing variable", "'NOPE' is not set", "logLevel: info # ${env.NOPE}\napiKeys: [a, '▲${env.NOPE}']"],
  [
    "a missing variable in a block scalar",
    "is not set",
    "models:\n  m:\n    cmd: |\n      x ${PORT}\n      --k ▲${env.NOPE}\n",
  ],
  ["the second file", "whole number", "logLevel: info\n", "# c\n▲startPort: bad\n"],
  ["the first file", "whole number", "▲startPort: bad\n", "logLevel: info\n"],
  ["a joined list", "spaces", "apiKeys: [a, b]\n", "apiKeys:\n  - c\n  - ▲'not ok'\n"],
  [
    "a model of the second file",
    "whole number",
    "models: {a: {cmd: 'x ${PORT}'}}",
    "models:\n  b:\n    cmd: x ${PORT}\n    ▲ttl: z\n",
  ],
  ["an unknown macro", "unknown macro", "models:\n  m:\n    env: ['A=1', 'B=▲${no}']\n    cmd: x ${PORT}\n"],
  ["an unknown macro in a block", "unknown macro", "models:\n  m:\n    cmd: >\n      x ${PORT}\n      ▲${no} \n"],
  ["an unknown macro by an alias", "unknown macro", "x-a: &a 'x ${PORT} ▲${no}'\nmodels: {m: {cmd: *a}}\n"],
  ["a macro's name", "invalid characters", "macros: {a: 1, ▲'b.c': 2}"],
  ["a syntax error", "Not valid YAML", "logLevel: info\nx: ▲*nope \n".replace("▲*nope ", "*nope▲ ")],
  ["a duplicate key", "duplicated mapping key", "a: 1\nb: 2\n▲a: 3\n"],
  ["a duplicate key after a value of the environment", "duplicated", "a: ${env.LONG}\nb: 2\n▲a: 3\n"],
  ["a tab", "tab", "a: 1\nb:\n▲\tc: 2\n"],
];

Deno.test("every mistake is told where its author wrote it", () => {
  const env: Readonly<Record<string, string>> = { LONG: "l".repeat(50), QUOTED: 'q"q\\q' };
  for (const [kind, message, ...marked] of MISTAKES) {
    const which = marked.findIndex((text) => text.includes("▲"));
    const before = (marked[which] ?? "").split("▲")[0]?.replace("\uFEFF", "").split(/\r?\n/) ?? [];
    const texts = marked.map((text, i) => ({ file: `${i}.yaml`, text: text.replace("▲", "") }));
    try {
      loadConfig({ texts, env: (name) => env[name] });
    } catch (error) {
      assert(error instanceof ConfigErrors, kind);
      assertEquals(error.issues.length, 1, `${kind}: ${error.message}`);
      const [issue] = error.issues;
      assert(issue?.message.includes(message), `${kind}: ${error.message}`);
      assertEquals(
        [issue?.file, issue?.line, issue?.column],
        [`${which}.yaml`, before.length, (before.at(-1)?.length ?? 0) + 1],
        kind,
      );
      continue;
    }
    assert(false, `${kind} is accepted`);
  }
});
