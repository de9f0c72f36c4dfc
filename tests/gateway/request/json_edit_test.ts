import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { Filters } from "../../../src/config/types.ts";
import { GatewayError } from "../../../src/errors.ts";
import { findTopLevelValues } from "../../../src/gateway/json_scan.ts";
import { keysOf } from "../../../src/gateway/request/filter_plan.ts";
import { random } from "../../random.ts";
import { objectText } from "../json_texts.ts";
import { read, textOf } from "./reading.ts";

interface Steps {
  readonly strip?: readonly string[];
  readonly set?: Readonly<Record<string, unknown>>;
  readonly byName?: Readonly<Record<string, unknown>>;
}

/** Filters as the loader makes them; `byName` holds for the name `asked`. */
function filtersOf({ strip = [], set = {}, byName }: Steps): Filters {
  const sorted = (values: Readonly<Record<string, unknown>>) =>
    new Map(Object.entries(values).sort(([a], [b]) => a < b ? -1 : 1));
  return {
    strip: strip.toSorted(),
    set: sorted(set),
    setByName: new Map(byName === undefined ? [] : [["asked", sorted(byName)]]),
  };
}

/** `text` after the filters, which must be JSON again. */
async function filtered(text: string, steps: Steps): Promise<string> {
  const request = (await read(text, { query: "?model=m" })).withFilters(filtersOf(steps), "asked");
  const after = await textOf(request);
  assertEquals(request.length, new TextEncoder().encode(after).length);
  JSON.parse(after);
  return after;
}

Deno.test("SV67, SV68: names are stripped, then set, then set for the name that was asked for", async () => {
  const steps = { strip: ["top_p", "seed"], set: { top_k: 1, temperature: 0.1 }, byName: { temperature: 0.9 } };
  assertEquals(
    await filtered('{"model":"m","top_p":1, "messages":[],"seed":2,"temperature":2}', steps),
    '{"model":"m", "messages":[],"temperature":0.9,"top_k":1}',
  );
  const other = (await read('{"model":"m"}')).withFilters(filtersOf(steps), "another");
  assertEquals(await textOf(other), '{"model":"m","temperature":0.1,"top_k":1}');
});

Deno.test("SV66: the name that the backend is sent goes with filters in either order", async () => {
  const request = await read('{"a":1,"model":"m","b":2}');
  const filters = filtersOf({ strip: ["a", "b"], set: { c: 3 } });
  const expected = '{"model":"other","c":3}';
  assertEquals(await textOf(request.withModel("other").withFilters(filters, "m")), expected);
  assertEquals(await textOf(request.withFilters(filters, "m").withModel("other")), expected);
  const twice = request.withFilters(filters, "m").withFilters(filtersOf({ set: { "c.d": 1, b: 0 } }), "m");
  assertEquals(JSON.parse(await textOf(twice)), { model: "m", b: 0, c: { d: 1 } });
});

Deno.test("a path leads into members, and what is missing on the way is made", async (t) => {
  const cases: readonly [string, Steps, string][] = [
    ['{"a":{"b":1,"c":2}}', { strip: ["a.b"] }, '{"a":{"c":2}}'],
    ['{"a":{"b":1}}', { strip: ["a.b"] }, '{"a":{}}'],
    ['{"a":5}', { strip: ["a.b", "x.y"] }, '{"a":5}'],
    ['{"a":{ }}', { set: { "a.b.c": [1, null] } }, '{"a":{"b":{"c":[1,null]} }}'],
    ["{}", { set: { "a.b": 1, "a.c": 2, d: "x" } }, '{"a":{"b":1,"c":2},"d":"x"}'],
    [" { } ", { set: { "": 1 } }, ' {"":1 } '],
    ['{"a":null}', { set: { "a.b": 1 } }, '{"a":{"b":1}}'],
    ['{"a.b":1,"a":{"b":1}}', { set: { "a\\.b": 2 } }, '{"a.b":2,"a":{"b":1}}'],
    [
      '{"messages":[{"role":"x"},{"role":"y"}]}',
      { set: { "messages.1.role": "z" } },
      '{"messages":[{"role":"x"},{"role":"z"}]}',
    ],
    ['{"stop":["a","b","c"]}', { strip: ["stop.0", "stop.2"] }, '{"stop":["b"]}'],
    ['{"a":{"b":{}},"c":1}', { strip: ["a"], set: { "a.b": 1 } }, '{"a":{"b":1},"c":1}'],
    ['{"a":{"b":1}}', { set: { a: { x: 1 }, "a.y": 2 } }, '{"a":{"x":1,"y":2}}'],
    ['{"a":1}', { set: { a: 5, "a.y": 2 } }, '{"a":{"y":2}}'],
    ['{"a":1}', { set: { a: undefined, b: NaN } }, '{"a":null,"b":null}'],
    ['{"__proto__":1}', { strip: ["__proto__"], set: { "x.__proto__": 1 } }, '{"x":{"__proto__":1}}'],
    ['{"a":1 , "b" : 2 , "c":3 }', { strip: ["b"] }, '{"a":1 , "c":3 }'],
    ['{ "a":1 , "b":2}', { strip: ["a", "b"], set: { c: 3 } }, '{ "c":3}'],
    ['{"a":"\\"}{","b":2}', { strip: ["a"] }, '{"b":2}'],
    ['[{"a":1}]', { strip: ["a", "0.a"], set: { b: 1 } }, '[{"a":1}]'],
  ];
  for (const [before, steps, after] of cases) {
    await t.step(`${before} ${JSON.stringify(steps)}`, async () => assertEquals(await filtered(before, steps), after));
  }
});

Deno.test("a key that comes twice is stripped or set each time: no reader finds the client's own value", async () => {
  assertEquals(
    await filtered('{"t":1,"a":{"x":1,"x":2},"\\u0074":2,"a":{}}', { strip: ["a.x"], set: { t: 0 } }),
    '{"t":0,"a":{},"\\u0074":0,"a":{}}',
  );
  assertEquals(await filtered('{"t":1,"b":0,"t":2,"t":3}', { strip: ["t"] }), '{"b":0}');
});

Deno.test("nothing ever touches the model, whatever the filters say", async () => {
  const text = '{"model":"m","a":1}';
  const request = (await read(text)).withFilters(
    filtersOf({ strip: ["model", "model.x", "mo\\del"], set: { model: "x", "model.y": 1 } }),
    "m",
  );
  assertEquals(await textOf(request), text);
});

Deno.test("setting something within a value without members is refused, and the place named", async () => {
  for (const value of ["5", '"x"', "true"]) {
    const request = await read(`{"model":"m","a":{"b":${value}}}`);
    const error = assertThrows(() => request.withFilters(filtersOf({ set: { "a.b.c": 1 } }), "m"), GatewayError);
    assertEquals([error.code, error.param], ["bad_request", "a.b"]);
  }
  const list = await read('{"model":"m","a":[0]}');
  const error = assertThrows(() => list.withFilters(filtersOf({ set: { "a.1": 1 } }), "m"), GatewayError);
  assertEquals([error.code, error.param], ["bad_request", "a.1"]);
});

Deno.test("filters change JSON objects alone", async () => {
  const filters = filtersOf({ strip: ["a"], set: { b: 1 } });
  for (const [body, sent] of [["model=m&a=1", { type: "application/x-www-form-urlencoded" }], ["", {}]] as const) {
    const request = await read(body, { ...sent, query: "?model=m&a=1" });
    const after = request.withFilters(filters, "m");
    assertEquals([await textOf(after), after.query], [body, "?model=m&a=1"]);
  }
});

Deno.test("dots part the keys of a path, and a backslash makes a character plain", () => {
  assertEquals(keysOf("a.b\\.c.\\\\d."), ["a", "b.c", "\\d", ""]);
  assertEquals(keysOf("a\\"), ["a\\"]);
  assertEquals(keysOf(""), [""]);
});

const KEYS = fc.constantFrom("a", "b", "c", "d");
const FEW = { maxKeys: 2 };
const PATH = fc.array(KEYS, { minLength: 1, maxLength: 3 }).map((keys) => keys.join("."));
const { tree: TREE } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom(0, null, 'x\n"}', true, 1e30),
    fc.constant(["a", { a: 1 }]),
    fc.dictionary(KEYS, tie("tree"), { maxKeys: 4 }),
  ),
}));

/** One step after the other, on a value; null when a set meets something without members. */
function stepByStep(object: Record<string, unknown>, { strip = [], set = {}, byName = {} }: Steps): boolean {
  for (const path of strip.toSorted()) if (!step(object, path.split("."), undefined)) return false;
  for (const values of [set, byName]) {
    for (const path of Object.keys(values).sort()) {
      if (!step(object, path.split("."), { value: structuredClone(values[path]) })) return false;
    }
  }
  return true;
}

function step(object: Record<string, unknown>, keys: readonly string[], set: { value: unknown } | undefined): boolean {
  const [key = "", ...deeper] = keys;
  if (deeper.length === 0) {
    if (set === undefined) delete object[key];
    else object[key] = set.value;
    return true;
  }
  const inner = object[key] ?? null;
  if (inner === null && set === undefined) return true;
  if (inner === null) return step((object[key] = {}) as Record<string, unknown>, deeper, set);
  if (typeof inner !== "object" || Array.isArray(inner)) return set === undefined;
  return step(inner as Record<string, unknown>, deeper, set);
}

Deno.test("filtered text means what filters do to the value, step by step", async () => {
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(KEYS, TREE),
      fc.record({ strip: fc.array(PATH), set: fc.dictionary(PATH, TREE, FEW), byName: fc.dictionary(PATH, TREE, FEW) }),
      fc.nat(2),
      async (object, steps, indent) => {
        const expected = structuredClone(object);
        const isPossible = stepByStep(expected, steps);
        try {
          const after = await filtered(JSON.stringify(object, null, indent), steps);
          if (isPossible) assertEquals(JSON.parse(after), JSON.parse(JSON.stringify(expected)));
          if (isPossible) compared++;
        } catch (error) {
          // A later set may cure what an earlier one would meet; the reverse must not happen.
          if (!(error instanceof GatewayError)) throw error;
          assertEquals([error.code, isPossible], ["bad_request", false]);
        }
      },
    ),
    { numRuns: 800 },
  );
  assert(compared > 400, `${compared} of 800 were possible`);
});

Deno.test("members that no filter names keep their bytes and their order, however the text is spaced", async () => {
  const chance = random(7);
  const encoder = new TextEncoder();
  for (let round = 0; round < 800; round++) {
    const { text, entries } = objectText(chance);
    if (entries.filter(({ key }) => JSON.parse(key) === "model").length > 0) continue;
    const after = await filtered(text, { strip: ["stream"], set: { models: [1], new: true } });
    const changed = ["stream", "models", "new"];
    const kept = entries.filter(({ key }) => !changed.includes(JSON.parse(key)));
    let at = 0;
    for (const { key, value } of kept) {
      const found = after.indexOf(key, at);
      assert(found >= 0, after);
      at = after.indexOf(value, found + key.length) + value.length;
      assert(at > found, after);
    }
    const bytes = encoder.encode(after);
    const values = findTopLevelValues(
      bytes,
      [...changed, ...kept.map(({ key }) => String(JSON.parse(key)))].map((key) => encoder.encode(key)),
    );
    assertEquals(values[0], []);
    assert(values[1]?.every(({ start, end }) => after.length !== bytes.length || after.slice(start, end) === "[1]"));
    assertEquals([values[1]?.length !== 0, values[2]?.length], [true, 1], after);
  }
});
