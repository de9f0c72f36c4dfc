import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Filters } from "../../src/config/types.ts";
import { load, modelOf, models, refuse, warningsOf } from "./loading.ts";

function filtersOf(block: string): Filters {
  const found = load(models(["m", `filters: ${block}`])).config.models.get("m")?.filters;
  if (found === undefined) throw new RangeError("no model");
  return found;
}

Deno.test("CN4: a strip list is trimmed, sorted, without repeats and without `model`", async (t) => {
  const cases: readonly [string, readonly string[]][] = [
    ["''", []],
    ["temperature", ["temperature"]],
    ["'top_p, temperature,top_k'", ["temperature", "top_k", "top_p"]],
    ["'model, temperature'", ["temperature"]],
    ["model", []],
    ["'b,a,b,a'", ["a", "b"]],
    ["' , a ,, b , '", ["a", "b"]],
  ];
  for (const [list, strip] of cases) {
    await t.step(list, () => assertEquals(filtersOf(`{stripParams: ${list}}`).strip, strip));
  }
});

Deno.test("CN4: stripping `model` is refused silently by llama-swap, and with a warning here", () => {
  assertStringIncludes(
    warningsOf(models(["m", "filters: {stripParams: 'model,a'}"])).join(),
    "models.m.filters.stripParams: `model` is never changed by filters",
  );
});

Deno.test("CX30: the older strip_params counts when stripParams is empty, with macros in either", () => {
  const macros = "macros: {list: 'top_p, top_k'}\n";
  const expected = ["temperature", "top_k", "top_p"];
  for (const key of ["stripParams", "strip_params"]) {
    const text = macros + models(["m", "filters:", `  ${key}: "temperature, \${list}, top_k"`]);
    assertEquals(modelOf(text).filters.strip, expected);
  }
  assertEquals(filtersOf("{stripParams: a, strip_params: b}").strip, ["a"]);
});

Deno.test("CN5: set values keep their structure, in the order of names, without `model`", async (t) => {
  const cases: readonly [string, readonly [string, unknown][]][] = [
    ["{}", []],
    ["{model: x}", []],
    ["{top_p: 0.9, a: 1}", [["a", 1], ["top_p", 0.9]]],
    ["{b: {c: [1, null, x]}, model: y, a: null}", [["a", null], ["b", { c: [1, null, "x"] }]]],
  ];
  for (const [block, expected] of cases) {
    await t.step(block, () => {
      const { set } = filtersOf(`{setParams: ${block}}`);
      assertEquals(JSON.stringify([...set]), JSON.stringify(expected));
    });
  }
});

Deno.test("CN6: values by name are those of that name, sorted and without `model`", () => {
  const { setByName } = filtersOf("{setParamsByID: {'m:high': {b: 2, a: 1}, m: {c: 3}, only: {model: x}, none: }}");
  assertEquals([...setByName.keys()], ["m", "m:high"]);
  assertEquals([...setByName.get("m:high") ?? []], [["a", 1], ["b", 2]]);
  assertEquals(setByName.get("other"), undefined);
  assertEquals(filtersOf("{}").setByName.size, 0);
});

Deno.test("filters of the wrong shape are refused where they stand", () => {
  refuse(models(["m", "filters: {setParams: [a]}"]), "models.m.filters.setParams: must be a mapping (found a list)");
  refuse(models(["m", "filters: {setParamsByID: {x: 1}}"]), "models.m.filters.setParamsByID.x: must be a mapping");
  refuse(models(["m", "filters: {stripParams: [a]}"]), "models.m.filters.stripParams: must be text (found a list)");
});

Deno.test("`model` is protected below itself, too, and however it is escaped", () => {
  const text = models(["m", "filters: {stripParams: 'model.a,mo\\del', setParams: {model.b: 1, model2: 2}}"]);
  const { config, warnings } = load(text);
  assertEquals(config.models.get("m")?.filters.strip, []);
  assertEquals([...config.models.get("m")?.filters.set.keys() ?? []], ["model2"]);
  assertEquals(warnings.filter((warning) => String(warning).includes("`model` is never changed")).length, 3);
});

Deno.test("a path with a wildcard, at which llama-swap fails each request, is left out with a warning", () => {
  for (const path of ["a.*", "messages.#", "?", "a\\\\*"]) {
    const text = models(["m", `filters: {stripParams: '${path}', setParams: {'${path}': 1}}`]);
    const { strip, set } = load(text).config.models.get("m")?.filters ?? {};
    assertEquals([strip, set?.size], [[], 0], path);
    const said = warningsOf(text).filter((warning) => warning.includes("holds a wildcard"));
    assertEquals(said.length, 2, said.join());
  }
  assertEquals(filtersOf("{stripParams: 'a\\*b'}").strip, ["a\\*b"]);
});
