import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { GatewayError } from "../../src/errors.ts";
import { silentLog } from "../../src/log.ts";
import { Scheduler } from "../../src/scheduler/scheduler.ts";
import { countedSignal, FakeBackends, HandClock } from "./fake_backends.ts";
import { MODELS, SETTINGS } from "./history.ts";

const plan = fc.record({
  model: fc.constantFrom("a", "b", "c"),
  leaves: fc.boolean(),
  renews: fc.boolean(),
  disposesTwice: fc.boolean(),
});

const world = fc.record({
  parallel: fc.integer({ min: 1, max: 2 }),
  unloads: fc.array(fc.constantFrom(null, ["a"], ["b", "c"]), { maxLength: 2 }),
  cancels: fc.array(fc.nat(6), { maxLength: 2 }),
  failEvery: fc.integer({ min: 2, max: 9 }),
});

Deno.test("aborts, unloads, cancels, crashes and failures at every await: each caller settles once and nothing leaks", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      world,
      fc.array(plan, { minLength: 1, maxLength: 6 }),
      async (s, chosen, plans) => {
        const backends = new FakeBackends();
        let paced = 0;
        backends.pace = async () => {
          await s.schedule(Promise.resolve(), "backend");
          if (++paced % chosen.failEvery === 0) throw new GatewayError("start_failed", "no");
        };
        const scheduler = new Scheduler({
          backends,
          clock: new HandClock(),
          log: silentLog,
          models: MODELS,
          settings: { ...SETTINGS, parallel: chosen.parallel },
        });
        const granted: number[] = [];
        let settled = 0;
        const callers = plans.map(() => countedSignal());
        const lives = plans.map(async ({ model, leaves, renews, disposesTwice }, index) => {
          const caller = callers[index];
          if (leaves) s.schedule(Promise.resolve(), "leave").then(() => caller?.abort("left"));
          try {
            const lease = await scheduler.acquire(model, { id: `r${index}`, ...caller && { signal: caller.signal } });
            granted.push(index);
            await s.schedule(Promise.resolve(), "serve");
            if (renews) {
              backends.setPhase(model, "stopped");
              await lease.renew().catch(() => {});
              await s.schedule(Promise.resolve(), "serve again");
            }
            lease.release();
            if (disposesTwice) {
              await s.schedule(Promise.resolve(), "dispose again");
              lease.release();
            }
          } catch (error) {
            if (error !== "left" && !(error instanceof GatewayError)) throw error;
          }
          settled++;
        });
        const unloads = chosen.unloads.map(async (models) => {
          await s.schedule(Promise.resolve(), "unload");
          await scheduler.unload(models).catch(() => {});
        });
        const cancels = chosen.cancels.map(async (index) => {
          await s.schedule(Promise.resolve(), "cancel");
          scheduler.cancel(`r${index}`);
        });
        await s.waitFor(Promise.all([...lives, ...unloads, ...cancels]));
        await s.waitFor(scheduler.drained());
        assertEquals(settled, plans.length);
        assertEquals(backends.faults, []);
        assertEquals(granted, [...granted].sort((a, b) => a - b));
        assertEquals(callers.map((caller) => caller.listeners()), plans.map(() => 0));
        assertEquals([...backends.holds.values()].filter((count) => count !== 0), []);
        const { active, waiting, total } = scheduler.snapshot();
        assertEquals({ active, waiting, total }, { active: [], waiting: [], total: 0 });
      },
    ),
    { numRuns: 400 },
  );
});
