import { assertEquals, assertThrows } from "@std/assert";
import { createConfigCache } from "../../src/config/cache.ts";
import { ConfigErrors } from "../../src/config/load.ts";
import { load, models, refuse } from "./loading.ts";

Deno.test("names that nothing leads to are no news while a file, a model or a block could not be read", () => {
  const uses = `selectors: {s: {strategy: pin, targets: [a, lost]}}
profiles: {p: {pins: {one: lost}}}
hooks: {on_startup: {preload: [lost]}}
groups: {g: {members: [a, lost]}}
routing: {scheduler: {settings: {fifo: {priority: {lost: 1}}}}}
peers: {far: {proxy: "http://h", models: [m]}}
`;
  const matrix = `routing:
  router:
    use: matrix
    settings: {matrix: {vars: {v: lost}, evict_costs: {lost2: 2}, sets: {one: "a & lost3 & v"}}}
`;
  const texts = (
    text: string,
    other: string,
  ) => [{ file: "a.yaml", text: models("a") + text }, { file: "b.yaml", text: other }];
  const pathsOf = (text: string, other: string) => {
    const error = assertThrows(() => load("", { texts: texts(text, other) }), ConfigErrors);
    return error.issues.map(({ file, path }) => [file, path.join(".")].join(" "));
  };
  assertEquals(pathsOf(uses, "models: {lost: [\n"), ["b.yaml "]);
  assertEquals(pathsOf(matrix, "models: {lost: [\n"), ["b.yaml "]);
  assertEquals(pathsOf(uses, "models: {b: 5}\n"), ["b.yaml models.b"]);
  assertEquals(pathsOf(uses, models(["b", "aliases: lost"])), ["b.yaml models.b.aliases"]);
  assertEquals(pathsOf(matrix, models(["b", "filters: [lost]"])), ["b.yaml models.b.filters"]);
  assertEquals(pathsOf(uses, "peers: {p: []}\n"), ["b.yaml peers.p"]);
  assertEquals(pathsOf(uses, "macros: {m: [x]}\n").length, 5, "a macro is no such name");
  assertEquals(pathsOf("x-a: 1\n", "macros: {m: [x]}\nlogLevel: '${m}'\n"), ["b.yaml macros.m"]);
  assertEquals(pathsOf(matrix.replace("{v: lost}", "{v: [lost]}"), ""), [
    "a.yaml routing.router.settings.matrix.vars.v",
  ]);
});

Deno.test("what is told about a list counts the items that are left out", () => {
  const error = refuse(`models:
  a: { cmd: "x \${PORT}", aliases: [[no], "", {}, " "], env: [{}, "A=b", [], "C=\\0"] }
selectors: {s: {strategy: pin, targets: [{}, a, gone]}}
peers: {p: {proxy: "http://h", models: [[], m, {}, ""]}}
upstream: {ignorePaths: [{}, "a", "("]}
apiKeys: [{}, ok, "not ok"]
`);
  assertEquals(error.issues.map(({ path }) => path.join(".")), [
    ...["models.a.aliases.0", "models.a.aliases.1", "models.a.aliases.2", "models.a.aliases.3"],
    ...["models.a.env.0", "models.a.env.2", "models.a.env.3"],
    ...["selectors.s.targets.0", "selectors.s.targets.2"],
    ...["peers.p.models.0", "peers.p.models.2", "peers.p.models.3"],
    ...["upstream.ignorePaths.0", "upstream.ignorePaths.2"],
    ...["apiKeys.0", "apiKeys.2"],
  ]);
  const cache = createConfigCache();
  const text = models(["a", "aliases: [[no], b]"], ["c", "aliases: [{}, b]"]);
  const paths = () => assertThrows(() => load(text, { cache }), ConfigErrors).issues.map(({ path }) => path.join("."));
  const expected = ["models.a.aliases.0", "models.c.aliases.0", "models.c.aliases.1"];
  assertEquals([paths(), paths()], [expected, expected], "also when a cache remembers what was said");
});

Deno.test("a block of a wrong type is one problem: nobody says besides that it is empty", () => {
  const cases: readonly (readonly [path: string, text: string])[] = [
    ["matrix.sets", models("a") + "matrix: {sets: 5}\n"],
    ["matrix.sets.x", models("a") + "matrix: {sets: {x: [a]}}\n"],
    ["routing.router.settings.matrix", "routing: {router: {use: matrix, settings: {matrix: [a]}}}\n"],
    ["selectors.s.targets", models("a") + "selectors: {s: {strategy: pin, targets: a}}\n"],
    ["selectors.s.targets.0", models("a") + "selectors: {s: {strategy: pin, targets: [[a]]}}\n"],
    ["selectors.s.strategy", models("a") + "selectors: {s: {strategy: [], targets: [a]}}\n"],
    ["profiles.p.pins", "profiles: {p: {pins: 5}}\n"],
    ["peers.p.proxy", "peers: {p: {proxy: [], models: [m]}}\n"],
    ["peers.p.models", "peers: {p: {proxy: 'http://h', models: 5}}\n"],
    ["store.path", "store: {path: []}\n"],
    ["models.a.cmd", "models: {a: {cmd: []}}\n"],
  ];
  for (const [path, text] of cases) {
    assertEquals(refuse(text).issues.map((issue) => issue.path.join(".")), [path], text);
  }
});

Deno.test("a line says once where it is: what its text begins with is no second path", () => {
  const text = `apiKeys: ["a b"]
routing: {scheduler: {use: fifo, settings: {fifo: {priority: {lost: 1}}}}}
`;
  assertEquals(refuse(text).issues.map(String), [
    "c.yaml:1:11: apiKeys[0]: api key cannot contain spaces (found a text)",
    'c.yaml:2:63: routing.scheduler.settings.fifo.priority.lost: references unknown model "lost"',
  ]);
});

Deno.test("a peer's models are complained about once", () => {
  for (const models of ["[]", "5", "", "{}", "''", "[null]", "['']"]) {
    const { issues } = refuse(`peers: {p: {proxy: "http://h", models: ${models}}}\n`);
    assertEquals(issues.length, 1, `${models}: ${issues.join()}`);
  }
});

Deno.test("a router or scheduler that is an empty text is the usual one, as in llama-swap", () => {
  const { config } = load("routing: {router: {use: ''}, scheduler: {use: ''}}\n");
  assertEquals([config.router.kind, config.scheduler.use], ["groups", "serial"]);
  load(models("a") + "groups: {g: {members: [a]}}\nrouting: {router: {use: ''}}\n");
});

Deno.test("a name of one letter is no slip of every other one", () => {
  const { issues } = refuse(models("a", "Q") + "selectors: {s: {strategy: pin, targets: [z, q]}}\n");
  assertEquals(issues.map(({ suggestion }) => suggestion), [undefined, "Q"]);
});
