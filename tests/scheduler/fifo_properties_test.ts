import { assertGreater } from "@std/assert";
import fc from "fast-check";
import type { EvictionPolicyLike, FifoSettings } from "../../src/scheduler/types.ts";
import { FifoWorld, KINDS, NAMES, type Step } from "./fifo_world.ts";

const WEIGHTS: Record<Step["kind"], number> = {
  request: 14,
  leave: 3,
  cancel: 2,
  advance: 14,
  loadFails: 2,
  serve: 10,
  lose: 2,
  crash: 1,
  idle: 1,
  unload: 1,
  unloadEnds: 3,
  reload: 1,
  retireEnds: 3,
  retireFails: 1,
  wake: 1,
  switch: 0,
  close: 1,
};

function steps(more: Partial<Record<Step["kind"], number>> = {}): fc.Arbitrary<Step[]> {
  const weights = { ...WEIGHTS, ...more };
  const kind = fc.oneof(...KINDS.map((name) => ({ weight: weights[name], arbitrary: fc.constant(name) })));
  return fc.array(fc.record({ kind, pick: fc.nat(10_000) }), { minLength: 1, maxLength: 200, size: "max" });
}

/**
 * Each target stops each other model or not, in either direction: groups of every kind are among these. A target that is
 * ready already may be let be.
 */
const anyTable: fc.Arbitrary<EvictionPolicyLike> = fc.record({
  bits: fc.array(fc.boolean(), { minLength: 25, maxLength: 25 }),
  letsBe: fc.boolean(),
}).map(({ bits, letsBe }) => ({
  evictedBy: (target, running) => {
    if (letsBe && running.includes(target)) return [];
    const row = NAMES.indexOf(target) * NAMES.length;
    return running.filter((model) => model !== target && bits[row + NAMES.indexOf(model)]);
  },
}));

/** Only models of one of these sets may be together; the one is chosen that keeps most, as a matrix does. */
const anySets: fc.Arbitrary<EvictionPolicyLike> = fc.array(fc.subarray([...NAMES], { minLength: 1 }), {
  minLength: 1,
  maxLength: 5,
}).map((sets) => ({
  evictedBy: (target, running) => {
    if (running.includes(target)) return [];
    const ways = [[target], ...sets.filter((set) => set.includes(target))]
      .map((set) => running.filter((model) => model !== target && !set.includes(model)));
    return ways.reduce((best, way) => way.length < best.length ? way : best);
  },
}));

const settings = (isPairwise: boolean): fc.Arbitrary<FifoSettings> =>
  fc.record({
    use: fc.constant("fifo" as const),
    policy: isPairwise ? anyTable : anySets,
    priorities: fc.array(fc.integer({ min: -1, max: 2 }), { minLength: 5, maxLength: 5 })
      .map((numbers) => new Map(numbers.map((priority, index) => [NAMES[index] ?? "", priority]))),
    maxAgeMs: fc.oneof(fc.constant(null), fc.nat(60)),
    maxWaitMs: fc.oneof({ weight: 2, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat(200) }),
  });

/** A new world with one of both kinds of policies. */
const worlds: fc.Arbitrary<() => FifoWorld> = fc.boolean().chain((isPairwise) =>
  settings(isPairwise).map((chosen) => () => new FifoWorld(chosen, isPairwise))
);

function live(world: FifoWorld, history: readonly Step[]): number {
  for (const step of history) world.step(step);
  world.drain();
  return history.length;
}

Deno.test("FI1–FI29: over 70,000 random commands fifo settles everybody once, loses no wake-up, and starts only what the policy allows", () => {
  let commands = 0;
  fc.assert(
    fc.property(worlds, steps(), (newWorld, history) => {
      commands += live(newWorld(), history);
    }),
    { numRuns: 900 },
  );
  assertGreater(commands, 70_000);
});

Deno.test("reload: fifo and serial take over from each other over 30,000 random commands, and G1 holds under serial", () => {
  let commands = 0;
  fc.assert(
    fc.property(worlds, steps({ switch: 2 }), (newWorld, history) => {
      commands += live(newWorld(), history);
    }),
    { numRuns: 400 },
  );
  assertGreater(commands, 30_000);
});
