import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { GatewayError } from "../../src/errors.ts";
import { silentLog } from "../../src/log.ts";
import { Scheduler } from "../../src/scheduler/scheduler.ts";
import type { FifoSettings, SchedulerModel } from "../../src/scheduler/types.ts";
import { FakeBackends, HandClock } from "./fake_backends.ts";
import { FIFO_SETTINGS, MODELS, stops } from "./history.ts";

function setUp(settings: Partial<FifoSettings> = {}, models: ReadonlyMap<string, SchedulerModel> = MODELS) {
  const backends = new FakeBackends();
  backends.allowsMany = true;
  const scheduler = new Scheduler({
    backends,
    clock: new HandClock(),
    log: silentLog,
    models,
    settings: { ...FIFO_SETTINGS, ...settings },
  });
  return { backends, scheduler };
}

const ONE_PLACE = new Map([["a", { limit: 1 }]]);

Deno.test("FI1: a caller that is gone already is not admitted: it gets its own reason and takes no place", async () => {
  const { backends, scheduler } = setUp({}, ONE_PLACE);
  const reason = new Error("gone");
  assertStrictEquals(await scheduler.acquire("a", { signal: AbortSignal.abort(reason) }).catch((e) => e), reason);
  const next = scheduler.acquire("a");
  backends.loads[0]?.succeed();
  (await next).release();
});

Deno.test("FI2: a caller that tells neither a signal nor an id nor a wish for positions is admitted like any other", async () => {
  const { backends, scheduler } = setUp();
  const pending = scheduler.acquire("a");
  assertEquals(scheduler.snapshot().active.map(({ model, phase }) => [model, phase]), [["a", "loading"]]);
  backends.loads[0]?.succeed();
  (await pending).release();
});

Deno.test("FI3: a lease that is given back again gives back no place that it does not have", async () => {
  const { backends, scheduler } = setUp({}, ONE_PLACE);
  const pending = scheduler.acquire("a");
  backends.loads[0]?.succeed();
  const lease = await pending;
  lease.release();
  lease.release();
  const second = await scheduler.acquire("a");
  lease.release();
  await assertRejects(() => scheduler.acquire("a"), GatewayError, "Too many requests");
  second.release();
  (await scheduler.acquire("a")).release();
});

Deno.test("FI5: the lease carries its model's priority for the activity record", async () => {
  const { backends, scheduler } = setUp({ priorities: new Map([["a", 7]]) });
  const pending = scheduler.acquire("a");
  backends.loads[0]?.succeed();
  const lease = await pending;
  assertEquals(lease.metadata, { fifo_priority: "7" });
  lease.release();
});

Deno.test("FI16: a waiter that is gone when its turn comes leaks nothing: the model can be evicted later", async () => {
  const { backends, scheduler } = setUp();
  const leaver = new AbortController();
  const gone = scheduler.acquire("a", { signal: leaver.signal });
  leaver.abort("left");
  assertEquals(await gone.catch((reason) => reason), "left");
  const other = scheduler.acquire("b");
  backends.loads[0]?.succeed();
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  assertEquals(backends.loads[1]?.evict, ["a"]);
  backends.loads[1]?.succeed();
  (await other).release();
  await scheduler.drained();
});

Deno.test("several leases of several models are held at once, and loads run side by side", async () => {
  const { backends, scheduler } = setUp({ policy: stops({}) });
  const pending = ["a", "b", "a"].map((model) => scheduler.acquire(model));
  assertEquals(backends.loads.map(({ model }) => model), ["a", "b"]);
  backends.loads[1]?.succeed();
  backends.loads[0]?.succeed();
  const leases = await Promise.all(pending);
  assertEquals(scheduler.snapshot(), {
    resident: "a",
    running: [{ model: "a", phase: "ready" }, { model: "b", phase: "ready" }],
    active: [
      { id: leases[0]?.id ?? "", model: "a", phase: "serving", ageMs: 0 },
      { id: leases[1]?.id ?? "", model: "b", phase: "serving", ageMs: 0 },
      { id: leases[2]?.id ?? "", model: "a", phase: "serving", ageMs: 0 },
    ],
    waiting: [],
    total: 0,
  });
  for (const lease of leases) lease.release();
  assertEquals([backends.faults, [...backends.holds.values()]], [[], [0, 0]]);
});

Deno.test("§4.10: under fifo whoever waits is told its place, and it changes when one of higher priority comes", async () => {
  const { scheduler } = setUp({ priorities: new Map([["c", 1]]) });
  const told: number[] = [];
  const caught = (promise: Promise<unknown>) => void promise.catch(() => {});
  caught(scheduler.acquire("a"));
  caught(scheduler.acquire("b", { id: "me", onPosition: (position) => told.push(position) }));
  await Promise.resolve();
  caught(scheduler.acquire("c"));
  await Promise.resolve();
  assertEquals([told, scheduler.position("me")], [[1, 2], 2]);
  assertEquals(scheduler.snapshot({ limit: 1 }).waiting.map(({ model, position }) => [model, position]), [["c", 1]]);
  scheduler.close(new GatewayError("shutting_down", "bye"));
});

Deno.test("under fifo a lease is renewed beside others, with a new target", async () => {
  const { backends, scheduler } = setUp({ policy: stops({}) });
  const pending = ["a", "b"].map((model) => scheduler.acquire(model));
  backends.loads[0]?.succeed();
  backends.loads[1]?.succeed();
  const [first, second] = await Promise.all(pending);
  backends.setPhase("a", "stopped");
  const renewed = first?.renew();
  backends.loads[2]?.succeed();
  await renewed;
  assertEquals(first?.target, "a#3");
  first?.release();
  second?.release();
  await scheduler.drained();
  assertEquals(backends.faults, []);
});
