import { assertEquals, assertStringIncludes } from "@std/assert";
import { configOf, modelOf, models, refuse, warningsOf } from "./loading.ts";

Deno.test("CD6: an id and an alias lead to the model, another name to nothing", () => {
  const { models: byId, aliases } = configOf(models(["m", "aliases: [short]"]));
  assertEquals([...byId.keys()], ["m"]);
  assertEquals([aliases.get("short"), aliases.get("other"), byId.get("other")], ["m", undefined, undefined]);
});

Deno.test("CD5: an alias of two models, or twice in one, is refused", () => {
  refuse(models(["model1", "aliases: [m1]"], ["model2", "aliases: [m1]"]), "duplicate alias m1 found in model: model2");
  refuse(models(["m", "aliases: [x, x]"]), "c.yaml:4:18: models.m.aliases[1]: duplicate alias x found in model: m");
});

Deno.test("CN1: the names under setParamsByID become aliases, also in the list of aliases", () => {
  const { models: byId, aliases } = configOf(
    models(["m", "aliases: [a, x]", "filters: {setParamsByID: {m: {p: 0}, z: {p: 1}, x: {p: 2}, b: {p: 3}}}"]),
  );
  assertEquals(byId.get("m")?.aliases, ["a", "x", "b", "z"]);
  assertEquals([...aliases].sort(), [["a", "m"], ["b", "m"], ["x", "m"], ["z", "m"]]);
});

Deno.test("CN2: such a name that is another model's id is refused", () => {
  refuse(
    models("a", ["b", "filters: {setParamsByID: {a: {p: 1}}}"]),
    "models.b.filters.setParamsByID.a: ",
    "conflicts with an existing model ID",
  );
});

Deno.test("CN3: such a name in two models, or that another model has as alias, is refused", () => {
  const filters = "filters: {setParamsByID: {x: {p: 1}}}";
  refuse(models(["a", filters], ["b", filters]), "duplicate alias x");
  refuse(models(["a", filters], ["b", "aliases: [x]"]), "duplicate alias x found in model: a");
});

Deno.test("CX22: PORT in a name under setParamsByID becomes the port, and the name an alias", () => {
  const model = modelOf(models(["m", "filters: {setParamsByID: {'at-${PORT}': {p: 1}, '${MODEL_ID}:high': {p: 2}}}"]));
  assertEquals(model.aliases, ["at-5800", "m:high"]);
  assertEquals([...model.filters.setByName.keys()], ["at-5800", "m:high"]);
});

Deno.test("CX25: two such names that become the same are refused", () => {
  const text = "macros: {a: same}\n" + models(["m", "filters: {setParamsByID: {'${a}': {p: 1}, same: {p: 2}}}"]);
  refuse(text, "resolve to the same value 'same'");
  refuse(
    models(["m", "filters: {setParamsByID: {'${nope}': {p: 1}}}"]),
    "unknown macro '${nope}' found in model m filters.setParamsByID key",
  );
});

Deno.test("W57: an alias that is a model's id is a warning", () => {
  assertStringIncludes(warningsOf(models("a", ["b", "aliases: [a]"])).join(), "is also a model's id");
});

Deno.test("a model with a problem still has its names", () => {
  const error = refuse(
    models(["a", "ttl: -5", "aliases: [x]"], ["b", "cmd2: 1", 'env: [1=2, "A=\\0"]', "aliases: [[no], y]"]) +
      "selectors: {s: {strategy: warm, targets: [a, x, b, y]}, t: {strategy: warm, targets: [nope]}}\n",
  );
  assertEquals(error.issues.map(({ path }) => path.join(".")), [
    "models.a.ttl",
    "models.b.env.1",
    "models.b.aliases.0",
    "selectors.t.targets.0",
  ]);
});

Deno.test("what is broken hides nothing else, and is said once", () => {
  const error = refuse(
    `startPort: many
models:
  b: {cmd: [x], ttl: 5}
  a: {cmd: "x \${PORT}", timeouts: {connect: -1, idleConn: x}}
selectors:
  s: 7
  t: {strategy: pin, targets: [a, nope]}
profiles:
  p: {pins: {one: s, two: a, three: [a], four: nobody}}
groups:
  g: {members: [a, gone, {}]}
hooks: {on_startup: {preload: [a, 3, [x]]}}
apiKeys: [ok, "not ok"]
`,
  );
  assertEquals(error.issues.map(({ path }) => path.join(".")), [
    "startPort",
    "models.b.cmd",
    "models.a.timeouts.connect",
    "models.a.timeouts.idleConn",
    "selectors.s",
    "selectors.t.targets.1",
    "profiles.p.pins.three",
    "profiles.p.pins.four",
    "groups.g.members.1",
    "groups.g.members.2",
    "hooks.on_startup.preload.2",
    "apiKeys.1",
  ]);
});
