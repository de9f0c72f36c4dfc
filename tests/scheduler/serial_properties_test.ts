import { assertGreater } from "@std/assert";
import fc from "fast-check";
import type { SerialSettings } from "../../src/scheduler/types.ts";
import { type Step, World } from "./world.ts";

const WEIGHTS: Record<Step["kind"], number> = {
  request: 12,
  leave: 4,
  cancel: 2,
  loadEnds: 8,
  loadFails: 2,
  serve: 8,
  lose: 2,
  crash: 1,
  unload: 1,
  unloadEnds: 3,
  reload: 1,
  retireEnds: 3,
  retireFails: 1,
  preload: 1,
  wake: 1,
  close: 1,
};

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    kind: fc.oneof(
      ...(Object.entries(WEIGHTS) as [Step["kind"], number][]).map(([kind, weight]) => ({
        weight,
        arbitrary: fc.constant(kind),
      })),
    ),
    pick: fc.nat(10_000),
  }),
  { minLength: 1, maxLength: 200, size: "max" },
);

const settings: fc.Arbitrary<SerialSettings> = fc.record({
  use: fc.constant("serial" as const),
  parallel: fc.oneof({ weight: 2, arbitrary: fc.constant(1) }, {
    weight: 1,
    arbitrary: fc.integer({ min: 2, max: 3 }),
  }),
  maxQueue: fc.oneof({ weight: 3, arbitrary: fc.constant(1000) }, { weight: 1, arbitrary: fc.nat(3) }),
  maxWaitMs: fc.oneof({ weight: 2, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat(100) }),
});

Deno.test("S1–S19 G5 G8 G11: over 100,000 random commands every promise of the serial core holds", () => {
  let commands = 0;
  fc.assert(
    fc.property(settings, steps, (chosen, history) => {
      const world = new World(chosen);
      for (const step of history) world.step(step);
      world.drain();
      commands += history.length;
    }),
    { numRuns: 1400 },
  );
  assertGreater(commands, 100_000);
});
