import { assert, assertEquals, assertThrows } from "@std/assert";
import { ConfigErrors } from "../../src/config/load.ts";
import { load } from "./loading.ts";

function problemsOf(text: string, env: Readonly<Record<string, string>> = {}): readonly string[] {
  const error = assertThrows(() => load(text, { env: (name) => env[name] }), ConfigErrors, "", text);
  return error.issues.map((issue) => String(issue).replace("c.yaml:", "").replace("Not valid YAML: ", ""));
}

Deno.test("every key that stands twice is told with its path and its first place, and the rest is still checked", () => {
  const text = `startPort: x
models:
  a:
    cmd: x \${PORT}
    ttl: 5
    ttl: 6
  "a": {cmd: y, proxy: "http://h", name: 1st, name: 2nd}
startPort: 5800
groups: {g: {members: [gone]}}
`;
  assertEquals(problemsOf(text), [
    '6:5: models.a.ttl: duplicated mapping key "ttl", first in line 5, column 5',
    '7:3: models.a: duplicated mapping key "a", first in line 3, column 3',
    '7:47: models.a.name: duplicated mapping key "name", first in line 7, column 36',
    '8:1: startPort: duplicated mapping key "startPort", first in line 1, column 1',
  ]);
  assertEquals(problemsOf("a: 1\na: 2\nlogToStdout: nope\n").length, 2);
  assertEquals(problemsOf("macros: {m: 1}\nmacros: {n: 1}\nmodels: {a: {cmd: 'x ${m} ${PORT}'}}\n").length, 1);
  assertEquals(problemsOf("a: 1\na: 2\nb: @x\n").length, 2);
});

Deno.test("what is no YAML is told with what is usually meant", () => {
  const cases: readonly (readonly [text: string, ...told: string[]])[] = [
    [
      "a: &modell 1\nname: *model\n",
      '2:13: unidentified alias *model: no anchor &model stands before it; quote it if it is text. Did you mean "modell"?',
    ],
    ["ttl: !!int x\n", "1:13: !!int does not fit the value behind it: leave the tag out"],
    ["a: !!int [x]\n", "1:13: unknown tag !!int: leave it out, or quote it if it is text"],
    ["a: !foo x\n", "1:10: unknown tag !foo: leave it out, or quote it if it is text"],
    [
      "cmd: x --tensor foo: bar\n",
      "1:20: bad indentation of a mapping entry: quote the text: it holds `: `",
    ],
    ["name: @bad\n", "1:7: bad indentation of a mapping entry: quote the text: a text cannot begin with @"],
    ["name: %a\n", "1:7: bad indentation of a mapping entry: quote the text: a text cannot begin with %"],
    ["m:\n  cmd:x\n  b: 1\n", "3:4: bad indentation of a mapping entry: a space is missing after the colon in line 2"],
    [
      "cmd:x\nb: 1\n",
      "2:2: end of the stream or a document separator is expected: a space is missing after the colon in line 1",
    ],
    [
      "m:\n  a: 1\n  proxy\n  ttl: 5\n",
      "4:6: can not read a block mapping entry; a multiline key may not be an implicit key: a colon is missing in line 3",
    ],
    ["a: - b\n", "1:4: bad indentation of a mapping entry: a list begins on a line of its own"],
    [
      "a: 'x' y\n",
      "1:8: bad indentation of a mapping entry: nothing may stand behind the closing quote: quote the whole text",
    ],
    ["a: 1\n   b: 2\n", "2:5: bad indentation of a mapping entry: it is indented otherwise than the lines beside it"],
    [
      "  a: 1\nb: 2\n",
      "2:1: end of the stream or a document separator is expected: line 1 is indented more than this one",
    ],
    ['a: "x\\q"\n', "1:7: unknown escape sequence: in double quotes write \\\\ for a backslash, or use single quotes"],
    [
      "a: 5\nb: &x 5\nc:\n  <<: *x\nd:\n  <<: [*x]\n",
      '4:3: c."<<": Only a mapping, or a list of mappings, can be merged with <<',
      '6:3: d."<<": Only a mapping, or a list of mappings, can be merged with <<',
    ],
  ];
  for (const [text, ...told] of cases) assertEquals(problemsOf(text), told, text);
});

Deno.test("nothing that may be a secret is quoted from a text that is no YAML", () => {
  const texts = [
    "apiKeys: [*hunter2]\n",
    "apiKeys:\n- *hunter2\n",
    "apiKeys: !hunter2 x\n",
    "peers:\n  p:\n    apiKey: *hunter2\n",
    "models:\n  m:\n    env:\n    - *hunter2\n",
    "peers: {p: {apiKey: !!hunter2 x}}\n",
    "apiKey: @hunter2\n",
    "apiKey: hunter2: x\n",
    "apiKey: '${env.KEY}' x\n",
    "name: ${env.KEY}\n",
    "name: ${env.TAG} x\n",
  ];
  for (const text of texts) {
    const told = problemsOf(text, { KEY: "*hunter2", TAG: "!hunter2" });
    assert(told.length > 0 && !told.join().includes("hunter2"), `${text}${told}`);
  }
});
