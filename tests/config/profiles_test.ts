import { assertEquals } from "@std/assert";
import { configOf, models, refuse } from "./loading.ts";

const PEERS = "peers: {p: {proxy: 'http://h', models: [far, m]}}\n";

Deno.test("CN7: a pin leads to an id, alias, generated alias or peer model; empty switches the name off", () => {
  const text = PEERS + models(["m", "aliases: [a]", "filters: {setParamsByID: {g: {x: 1}}}"]) + `profiles:
  work:
    description: At work
    pins: { one: m, two: a, three: g, four: far, five: p/far, m: a, off: "", none: }
`;
  const profile = configOf(text).profiles.get("work");
  assertEquals([profile?.name, profile?.description], ["work", "At work"]);
  assertEquals([...profile?.pins ?? []], [
    ["one", "m"],
    ["two", "a"],
    ["three", "g"],
    ["four", "far"],
    ["five", "p/far"],
    ["m", "a"],
    ["off", ""],
    ["none", ""],
  ]);
});

Deno.test("CN8: a profile is a mapping with pins that lead somewhere", async (t) => {
  const cases: readonly [string, string, string][] = [
    ["a list", "profiles: {p: [m]}", "profiles.p: legacy list syntax"],
    ["no pins", "profiles: {p: {description: x}}", "must contain at least one entry"],
    ["empty pins", "profiles: {p: {pins: {}}}", "must contain at least one entry"],
    ["nothing", "profiles: {p: }", "must contain at least one entry"],
    ["an unknown target", "profiles: {p: {pins: {x: modl}}}", 'references unknown model "modl". Did you mean "model"?'],
    ["a blank name", "profiles: {' ': {pins: {x: model}}}", "a profile name must not be blank"],
    ["a blank pin", "profiles: {p: {pins: {' ': model}}}", "a pin name must not be blank"],
  ];
  for (const [name, block, part] of cases) {
    await t.step(name, () => void refuse(models("model") + block + "\n", part));
  }
});

Deno.test("CN9: a pin does not lead to another pin", () => {
  refuse(
    models("m") + "profiles: {p: {pins: {one: m, two: one}}}\n",
    'profiles.p.pins.two: profile p: pin "two" references unknown model "one"',
  );
});

Deno.test("CN10: a pin may lead to a selector", () => {
  const text = models("m") + "selectors: {s: {strategy: pin, targets: [m]}}\nprofiles: {p: {pins: {x: s}}}\n";
  assertEquals(configOf(text).profiles.get("p")?.pins.get("x"), "s");
});
