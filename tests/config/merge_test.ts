import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ConfigErrors, loadConfig, type LoadedConfig } from "../../src/config/load.ts";
import { mergeTrees, originOf } from "../../src/config/merge.ts";
import { emptyTree, type Tree } from "../../src/config/tree.ts";
import { keysOf } from "./loading.ts";

type Files = Readonly<Record<string, string>>;

function load(files: Files, env: Readonly<Record<string, string>> = {}): LoadedConfig {
  const texts = Object.entries(files).map(([file, text]) => ({ file, text }));
  return loadConfig({ texts, env: (name) => env[name] });
}

const refuse = (files: Files) => assertThrows(() => load(files), ConfigErrors);
const only = (files: Files) => {
  const { issues } = refuse(files);
  assertEquals(issues.length, 1, issues.join("\n"));
  return String(issues[0]);
};
const ids = (files: Files) => [...load(files).config.models.keys()];

const MODEL_A = "models:\n  a: {cmd: 'x ${PORT}'}\n";
const MODEL_B = "models:\n  b: {cmd: 'x ${PORT}'}\n";

Deno.test("CM2, CM3, CM4: models of all files are there", () => {
  assertEquals(ids({ "c.yaml": MODEL_A }), ["a"]);
  assertEquals(ids({ "c.yaml": MODEL_A, "d/b.yaml": MODEL_B }), ["a", "b"]);
});

Deno.test("CM6: the same model in two files is an error that names both places", () => {
  assertEquals(
    only({ "a.yaml": "# c\nmodels:\n  dup: {cmd: 'x ${PORT}'}\n", "b.yaml": "models: {dup: {cmd: 'y ${PORT}'}}\n" }),
    'b.yaml:1:10: models.dup: duplicate models "dup" found in b.yaml:1:10, first in a.yaml:3:3',
  );
});

Deno.test("CM7, CM8, CM9: so are a group, a peer, a selector, a profile and a part of the matrix", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["groups: {g1: {members: []}}", 'duplicate groups "g1"'],
    ["routing: {router: {settings: {groups: {g1: {members: []}}}}}", 'duplicate groups "g1"'],
    ["peers: {remote: {proxy: 'http://h', models: [m]}}", 'duplicate peers "remote"'],
    ["selectors: {public: {strategy: pin, targets: [m]}}", 'duplicate selectors "public"'],
    ["profiles: {p: {}}", 'duplicate profiles "p"'],
    ["matrix: {sets: {}}", 'duplicate matrix "sets"'],
  ];
  for (const [text, message] of cases) {
    const { issues } = refuse({ "a.yaml": text, "b.yaml": text });
    assert(
      issues.some((issue) => issue.message.includes(message) && issue.message.includes("first in a.yaml:1:")),
      `${message}: ${issues.join("\n")}`,
    );
  }
});

Deno.test("CM10, CM11: two scalars for one key must be the same", () => {
  assertEquals(
    only({ "a.yaml": "globalTTL: 100\n", "b.yaml": "\nglobalTTL: 200\n" }),
    'b.yaml:2:1: globalTTL: conflict at "globalTTL": two different values found in b.yaml:2:1, first in a.yaml:1:1',
  );
  assertEquals(
    load({ "a.yaml": `globalTTL: 100\n${MODEL_A}`, "b.yaml": "globalTTL: 100\n" }).config.models.get("a")?.ttlS,
    100,
  );
  assertStringIncludes(only({ "a.yaml": "globalTTL: 1", "b.yaml": "globalTTL: '1'" }), 'conflict at "globalTTL"');
});

Deno.test("CM12, CM13: macros of every file are visible in every file, with their types", () => {
  const { config } = load({
    "a.yaml": "macros: {one: 1}\nmodels: {a: {cmd: '${bin} ${PORT}', metadata: {one: '${one}', two: '${two}'}}}",
    "b.yaml": "macros: {two: 2, bin: server}",
  });
  assertEquals([config.models.get("a")?.metadata.one, config.models.get("a")?.metadata.two], [1, 2]);
  assertEquals(config.models.get("a")?.command[0], "server");
});

Deno.test("CM14: lists stand one behind the other", () => {
  assertEquals(keysOf(load({ "a.yaml": "apiKeys: [a, b]", "b.yaml": "apiKeys:\n- c" }).config), ["a", "b", "c"]);
});

Deno.test("CM15: mappings of names are joined, also routing groups", () => {
  const settings = (name: string) => parseTree({ routing: { router: { settings: { groups: { [name]: 1 } } } } });
  assertEquals(
    JSON.stringify(mergeTrees([settings("A"), settings("B")]).tree),
    JSON.stringify({ routing: { router: { settings: { groups: { A: 1, B: 1 } } } } }),
  );
});

Deno.test("CM16, CM17: ports and environment values come to every file, also in a flow list without quotes", () => {
  const { config } = load({ "a.yaml": MODEL_A, "d/b.yaml": `apiKeys: [\${env.KEY}]\n${MODEL_B}` }, { KEY: "k" });
  assertEquals([config.models.get("b")?.command, keysOf(config)], [["x", "5801"], ["k"]]);
});

Deno.test("CM21: a scalar and a list are incompatible", () => {
  assertEquals(
    only({ "a.yaml": "apiKeys: [a]", "b.yaml": "apiKeys: a" }),
    'b.yaml:1:1: apiKeys: conflict at "apiKeys": incompatible YAML node kinds found in b.yaml:1:1, first in a.yaml:1:1' +
      " (expected a list, found a single value)",
  );
});

Deno.test("CM22: a block of the second file only is kept, behind the others", () => {
  const merged = mergeTrees([parseTree({ b: 1 }), parseTree({ a: { x: 1 } })]);
  assertEquals(JSON.stringify(merged.tree), '{"b":1,"a":{"x":1}}');
});

Deno.test("a blank entry gives way, except where names are expected", () => {
  assertEquals(keysOf(load({ "a.yaml": "apiKeys:\n", "b.yaml": "apiKeys: [k]" }).config), ["k"]);
  assertEquals(
    load({ "a.yaml": "globalTTL: 5\nmodels: {a: {cmd: 'x ${PORT}'}}", "b.yaml": "globalTTL:\n" }).warnings,
    [],
  );
  assertStringIncludes(only({ "a.yaml": "models:\n", "b.yaml": MODEL_B }), 'conflict at "models": expected a mapping');
});

Deno.test("empty files and files with comments only are left out", () => {
  assertEquals(ids({ "a.yaml": "", "b.yaml": "# nothing\n\n", "c.yaml": MODEL_A, "d.yaml": "---\n" }), ["a"]);
  assertEquals(ids({ "a.yaml": "", "b.yaml": "# nothing" }), []);
  assertStringIncludes(
    String(load({ "a.yaml": "just text", "b.yaml": MODEL_A }).warnings[0]),
    "a.yaml:1:1: The document",
  );
  assertStringIncludes(only({ "a.yaml": MODEL_A, "b.yaml": "- a\n" }), "b.yaml:1:1: top-level YAML must be a mapping");
});

Deno.test("W61: anchors belong to their file, wherever its parts end up", () => {
  const { config } = load({
    "a.yaml": MODEL_A,
    "b.yaml": "x-base: &base\n  cmd: y ${PORT}\nmodels:\n  b: *base\n  c: {<<: *base, ttl: 7}\n",
  });
  assertEquals([config.models.get("b")?.cmd, config.models.get("c")?.ttlS], ["y 5801", 7]);
  assertStringIncludes(only({ "a.yaml": "x: &base {cmd: x}\n", "b.yaml": "models: {b: *base}\n" }), "b.yaml:1:");
});

Deno.test("the problems of all files come at once, in the order of the files", () => {
  const { issues } = refuse({
    "a.yaml": "models:\n  a: {cmd: 'x ${PORT}', ttl: bad}\nstartPort: 0\n",
    "b.yaml": "logLevel: [\n",
    "c.yaml": "apiKeys: ['${env.NOPE}']\nmodels: {a: {cmd: y}, c: {worker: ''}}\nstartPort: 1\n",
  });
  assertEquals(issues.map(({ file, line }) => `${file}:${line}`), [
    "a.yaml:2",
    "a.yaml:3",
    "b.yaml:2",
    "c.yaml:1",
    "c.yaml:2",
    "c.yaml:2",
    "c.yaml:3",
  ]);
});

Deno.test("a file that cannot be read makes no unknown names in the others", () => {
  const broken = {
    "a.yaml": "macros: {bin: x}\nlogLevel: [\n",
    "b.yaml": "models: {b: {cmd: '${bin} ${PORT}', ttl: bad}}",
  };
  assertEquals(refuse(broken).issues.map(({ file, message }) => [file, message.slice(0, 14)]), [
    ["a.yaml", "Not valid YAML"],
    ["b.yaml", "must be a whol"],
  ]);
});

Deno.test("merging never touches what it merges, and takes names like __proto__ as names", () => {
  const before = parseTree({ models: { a: { x: 1 } }, l: [1] });
  const after = parseTree(JSON.parse('{"models": {"__proto__": {"polluted": 1}, "constructor": 2}, "l": [2]}'));
  const text = JSON.stringify([before, after]);
  const { tree, conflicts } = mergeTrees([before, after]);
  assertEquals(JSON.stringify([before, after]), text);
  assertEquals(conflicts, []);
  assertEquals(Object.keys(tree.models ?? {}), ["a", "__proto__", "constructor"]);
  assertEquals([Reflect.get({}, "polluted"), Object.getPrototypeOf(tree.models)], [undefined, null]);
});

Deno.test("a part of the merged tree is traced to its file", () => {
  const trees = [
    parseTree({ a: { x: 1 }, l: [1, 2], n: null }),
    parseTree({ a: { y: { z: 1 } }, l: [3], n: 5 }),
    parseTree({ l: [4, { k: 1 }] }),
  ];
  assertEquals(originOf(["a", "y", "z"], trees), { index: 1, path: ["a", "y", "z"] });
  assertEquals(originOf(["a", "nope"], trees), { index: 0, path: ["a", "nope"] });
  assertEquals(originOf(["l", 1], trees), { index: 0, path: ["l", 1] });
  assertEquals(originOf(["l", 2], trees), { index: 1, path: ["l", 0] });
  assertEquals(originOf(["l", 4, "k"], trees), { index: 2, path: ["l", 1, "k"] });
  assertEquals(originOf(["n"], trees), { index: 1, path: ["n"] });
  assertEquals(originOf([], trees), { index: 0, path: [] });
});

/** The tree of a value, without prototypes. */
function parseTree(value: object): Tree {
  const convert = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(convert);
    if (typeof node !== "object" || node === null) return node;
    const tree = emptyTree();
    for (const [key, item] of Object.entries(node)) tree[key] = convert(item);
    return tree;
  };
  return Object.assign(emptyTree(), convert(value));
}
