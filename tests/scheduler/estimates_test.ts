import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import {
  type Estimates,
  forgetOthers,
  loadMsOf,
  NO_ESTIMATES,
  remainingMs,
  retryAfterS,
  serviceMsOf,
  withLoad,
  withService,
} from "../../src/scheduler/estimates.ts";

const timesOf = (estimates: Estimates, model: string) => [loadMsOf(estimates, model), serviceMsOf(estimates, model)];

Deno.test("G6: each model has its own times; one that was never measured has the mean of the others", () => {
  let known = withLoad(NO_ESTIMATES, "a", 10_000);
  known = withService(known, "a", 400);
  known = withLoad(known, "b", 20_000);
  assertEquals(timesOf(known, "a"), [10_000, 400]);
  assertEquals(timesOf(known, "b"), [20_000, 400]);
  assertEquals(timesOf(known, "c"), [15_000, 400]);
});

Deno.test("G6: before anything was measured a load and an answer take 10 s together", () => {
  const [load = 0, service = 0] = timesOf(NO_ESTIMATES, "a");
  assertEquals(load + service, 10_000);
});

Deno.test("G6: the newest measurement moves the average by a fifth", () => {
  const known = withLoad(withLoad(NO_ESTIMATES, "a", 1000), "a", 2000);
  assertEquals(loadMsOf(known, "a"), 1200);
  assertEquals(loadMsOf(known, "b"), 1200);
});

Deno.test("G6: a lease that asked nothing of its backend is no measurement", () => {
  assertStrictEquals(withService(NO_ESTIMATES, "a", 0.2), NO_ESTIMATES);
});

Deno.test("G6: models that are gone are forgotten, and the mean with them", () => {
  let known = NO_ESTIMATES;
  for (const [model, ms] of [["a", 1000], ["b", 3000], ["c", 5000]] as const) {
    known = withService(withLoad(known, model, ms), model, ms);
  }
  assertStrictEquals(forgetOthers(known, new Map([["a", 0], ["b", 0], ["c", 0], ["d", 0]])), known);
  const left = forgetOthers(known, new Map([["b", 0], ["d", 0]]));
  assertEquals([timesOf(left, "b"), timesOf(left, "a")], [[3000, 3000], [3000, 3000]]);
});

Deno.test("G6: what has lasted longer than usual takes a quarter of that again", () => {
  assertEquals([remainingMs(1000, 0), remainingMs(1000, 600), remainingMs(1000, 4000)], [1000, 400, 1000]);
});

Deno.test("G5: Retry-After is whole seconds, 1 to 3600", () => {
  assertEquals([0, 1, 1001, 1e9].map(retryAfterS), [1, 1, 2, 3600]);
});

Deno.test("G6: whatever is measured, no estimate is negative or no number, and what was before stays", () => {
  const times = fc.oneof(fc.double(), fc.double({ min: 0, max: 1e9 }));
  const measurement = fc.tuple(fc.boolean(), fc.constantFrom("a", "b", "c", "d"), times);
  fc.assert(
    fc.property(fc.array(measurement), (measurements) => {
      let known = NO_ESTIMATES;
      for (const [isLoad, model, ms] of measurements) {
        const before = timesOf(known, model);
        const next = isLoad ? withLoad(known, model, ms) : withService(known, model, ms);
        assertEquals(timesOf(known, model), before);
        known = next;
      }
      for (const model of ["a", "b", "c", "d", "never"]) {
        for (const ms of timesOf(known, model)) assert(Number.isFinite(ms) && ms >= 0, `${model}: ${ms}`);
      }
    }),
  );
});
