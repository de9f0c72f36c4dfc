import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { configOf, models } from "../config/loading.ts";
import { FIFO, Naming, refusalOf } from "./naming.ts";

const MODELS = models(
  ["a", "aliases: [aa]", "filters: {setParamsByID: {fast: {x: 1}}}"],
  ["b", "unlisted: true"],
  "author/b:F16",
  "near",
);
const PEERS = `peers:
  p: {proxy: 'http://p', models: [far, shared, near, deep/model]}
  q: {proxy: 'http://q', models: [shared, pick]}
`;
const PROFILES = `profiles:
  day: {pins: {llm: fast, near: p/near, choice: pick, a: '', "gone:latest": null}}
  night: {pins: {llm: b}}
`;
const SELECTORS =
  "selectors: {pick: {strategy: pin, targets: [fast, b]}, remote: {strategy: pin, targets: [q/pick]}}\n";
const ALL = MODELS + PEERS + PROFILES + SELECTORS;

Deno.test("§1.7: each kind of name leads where the table says", async (t) => {
  const { names, config } = new Naming(ALL);
  // name, destination, what filters see, how it is shown, selector
  const rows: readonly [string, string, string, string, string | null][] = [
    ["a", "local a", "a", "a", null],
    ["b", "local b", "b", "b", null],
    ["author/b:F16", "local author/b:F16", "author/b:F16", "author/b:F16", null],
    ["aa", "local a", "aa", "a", null],
    ["fast", "local a", "fast", "a", null],
    ["p/far", "p far", "p/far", "p/far", null],
    ["far", "p far", "far", "far", null],
    ["deep/model", "p deep/model", "deep/model", "deep/model", null],
    ["p/shared", "p shared", "p/shared", "p/shared", null],
    ["q/shared", "q shared", "q/shared", "q/shared", null],
    ["pick", "local a", "fast", "a", "pick"],
    ["remote", "q pick", "q/pick", "q/pick", "remote"],
  ];
  for (const [name, where, requested, shown, selector] of rows) {
    await t.step(name, () => {
      const { destination, ...resolution } = names.resolve(config, name);
      const owner = destination.kind === "local" ? "local" : destination.peer.id;
      assertEquals(`${owner} ${destination.model}`, where);
      assertEquals([resolution.requested, resolution.shownModel, resolution.selector], [requested, shown, selector]);
    });
  }
});

Deno.test("SV112: a model here is preferred to a peer's of the same name", () => {
  assertEquals(new Naming(ALL).where("near"), "near");
});

Deno.test("SW15: a bare name that several peers offer leads nowhere", () => {
  assertStringIncludes(new Naming(ALL).refusal("shared"), '"shared" does not exist');
});

Deno.test("names are exact and case-sensitive, and those of the language's objects are names like any other", () => {
  const naming = new Naming(ALL);
  naming.activate("day");
  for (const name of ["A", " a", "a ", "P/far", "pick ", "", "__proto__", "constructor", "x".repeat(10_000)]) {
    assert(naming.refusal(name).length < 300);
  }
});

Deno.test("`:latest` is taken off a name that is none as it stands; no other tag is", () => {
  const naming = new Naming(
    models("a", ["exact:latest", "aliases: ['tagged:latest']"], "exact", "tagged") +
      PROFILES.replaceAll(/fast|b\b/g, "a")
        .replace("p/near", "a").replace("pick", "a") +
      "selectors: {pick: {strategy: pin, targets: [a]}}\n",
  );
  assertEquals(["a:latest", "pick:latest"].map((name) => naming.where(name)), ["a", "a"]);
  assertEquals(naming.resolve("a:latest").requested, "a");
  assertEquals(["exact:latest", "tagged:latest"].map((name) => naming.where(name)), ["exact:latest", "exact:latest"]);
  for (const name of ["a:7b", "a:LATEST", "a:latest:latest", ":latest"]) naming.refusal(name);
  naming.activate("day");
  assertEquals(naming.where("llm:latest"), "a");
  assertStringIncludes(naming.refusal("a:latest"), '"a" is switched off by the active profile "day"');
  assertStringIncludes(naming.refusal("gone:latest"), '"gone:latest" is switched off');
});

Deno.test("SV94: a pin leads to a name that filters know; one that is switched off is unknown, and the error says why", () => {
  const naming = new Naming(ALL);
  naming.refusal("llm");
  naming.activate("day");
  const { requested, shownModel, selector } = naming.resolve("llm");
  assertEquals([requested, shownModel, selector], ["fast", "a", null]);
  assertEquals(naming.where("near"), "p/near");
  assertEquals(naming.where("b"), "b");
  assertStringIncludes(naming.refusal("a"), 'The model "a" is switched off by the active profile "day"');
  // Other names of the same model are other names.
  assertEquals(naming.where("aa"), "a");
});

Deno.test("SV105: a pin may lead to a selector, which then chooses", () => {
  const naming = new Naming(ALL);
  naming.activate("day");
  const { requested, selector, destination } = naming.resolve("choice");
  assertEquals([requested, selector, destination.model], ["fast", "pick", "a"]);
});

Deno.test("a model's id comes before an alias of the same spelling", () => {
  const naming = new Naming(models(["a", "aliases: [b]"], "b"));
  assertEquals([naming.where("b"), naming.wherePath("/b/x")], ["b", ["b", "/x"]]);
});

Deno.test("pins do not chain", () => {
  const naming = new Naming(models("a", "b") + "profiles: {p: {pins: {a: b, b: a}}}\n");
  naming.activate("p");
  assertEquals([naming.where("a"), naming.where("b")], ["b", "a"]);
});

Deno.test("SV93: a profile is put in force by name, an unknown one changes nothing, null ends it", () => {
  const naming = new Naming(ALL);
  assertEquals(naming.names.activeProfile, null);
  naming.activate("day");
  naming.activate("day");
  assertEquals(refusalOf(() => naming.activate("noon"), "not_found"), 'profile "noon" not found');
  assertEquals(naming.names.activeProfile, "day");
  naming.activate("night");
  assertEquals(naming.where("llm"), "b");
  naming.activate(null);
  naming.activate(null);
  naming.refusal("llm");
  assertEquals(naming.told, ["day", "night", null]);
});

Deno.test("SV100: every request goes wholly by the profile that is in force when its name is resolved", () => {
  const naming = new Naming(ALL);
  const seen = new Set<string>();
  for (let i = 0; i < 60; i++) {
    naming.activate(["day", "night"][i % 2] ?? null);
    seen.add(`${naming.names.activeProfile} ${naming.where("llm")}`);
  }
  assertEquals([...seen].sort(), ["day a", "night b"]);
});

Deno.test("a reload keeps the profile that still exists, as it is written now, and ends one that is gone", () => {
  const naming = new Naming(ALL);
  naming.activate("day");
  const changed = configOf(MODELS + "profiles: {day: {pins: {llm: b}}}\n");
  naming.names.keepAfterReload(changed);
  assertEquals(naming.names.activeProfile, "day");
  assertEquals(naming.names.resolve(changed, "llm").shownModel, "b");
  // A request that arrived before the reload goes by the config that was in force then.
  assertEquals(naming.where("llm"), "a");
  const gone = configOf(MODELS + "profiles: {night: {pins: {llm: b}}}\n");
  naming.names.keepAfterReload(gone);
  assertEquals([naming.names.activeProfile, naming.told], [null, ["day", null]]);
});

Deno.test("a profile that the config of an earlier request does not know means nothing to it", () => {
  const naming = new Naming(MODELS);
  naming.names.activate(configOf(ALL), "day");
  naming.refusal("llm");
  assertEquals(naming.wherePath("/a/x"), ["a", "/x"]);
});

Deno.test("SV101: pin takes the first target; warm the first that is ready, then starting, then the first", () => {
  const naming = new Naming(
    models("a", "b", "c") +
      "selectors: {w: {strategy: warm, targets: [a, b, c]}, p: {strategy: pin, targets: [b, a]}}\n",
    { a: "ready" },
  );
  assertEquals([naming.where("p"), naming.where("w")], ["b", "a"]);
  naming.set({ a: "stopping", b: "starting", c: "starting" });
  assertEquals(naming.where("w"), "b");
  naming.set({ c: "ready" });
  assertEquals(naming.where("w"), "c");
  naming.set({ b: "stopping", c: "stopped" });
  assertEquals(naming.where("w"), "a");
  assertEquals(naming.names.spilling(), []);
});

Deno.test("what a name means is the same under either scheduler", () => {
  const [serial, fifo] = [new Naming(ALL), new Naming(ALL + FIFO)];
  for (const name of ["a", "fast", "p/far", "pick"]) assertEquals(serial.where(name), fifo.where(name));
});
