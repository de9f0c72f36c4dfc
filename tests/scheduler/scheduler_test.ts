import { assertEquals, assertInstanceOf, assertRejects, assertStrictEquals } from "@std/assert";
import { GatewayError } from "../../src/errors.ts";
import { silentLog } from "../../src/log.ts";
import { Scheduler } from "../../src/scheduler/scheduler.ts";
import type { SerialSettings } from "../../src/scheduler/types.ts";
import { countedSignal, FakeBackends, HandClock } from "./fake_backends.ts";
import { MODELS, SETTINGS } from "./history.ts";

function setUp(settings: Partial<SerialSettings> = {}) {
  const backends = new FakeBackends();
  const clock = new HandClock();
  const scheduler = new Scheduler({
    backends,
    clock,
    log: silentLog,
    models: MODELS,
    settings: { ...SETTINGS, ...settings },
  });
  return { backends, clock, scheduler };
}

/** How a promise stands after every pending microtask has run. */
async function outcome(promise: Promise<unknown>): Promise<string> {
  let text = "pending";
  promise.then(() => text = "fulfilled", (error) => text = error instanceof GatewayError ? error.code : String(error));
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  return text;
}

Deno.test("a lease is granted after its load, holds the backend, and gives it back once", async () => {
  const { backends, scheduler } = setUp();
  const pending = scheduler.acquire("a", { id: "one" });
  assertEquals(backends.loads.map(({ model, evict }) => [model, evict]), [["a", []]]);
  backends.loads[0]?.succeed();
  const lease = await pending;
  assertEquals([lease.id, lease.model, lease.target], ["one", "a", "a#1"]);
  assertEquals(backends.holds.get("a"), 1);
  lease.release();
  lease[Symbol.dispose]();
  await lease[Symbol.asyncDispose]();
  assertEquals([backends.holds.get("a"), backends.faults], [0, []]);
  assertEquals(scheduler.snapshot(), {
    resident: "a",
    running: [{ model: "a", phase: "ready" }],
    active: [],
    waiting: [],
    total: 0,
  });
});

Deno.test("S3: a second dispose of a lease never frees the slot of the next one", async () => {
  const { backends, scheduler } = setUp();
  const first = scheduler.acquire("a");
  backends.loads[0]?.succeed();
  const lease = await first;
  const second = scheduler.acquire("a");
  const third = scheduler.acquire("a");
  lease.release();
  await second;
  lease.release();
  assertEquals(await outcome(third), "pending");
  (await second).release();
  (await third).release();
});

Deno.test("an already aborted caller is rejected at once with its own reason and leaves no trace", async () => {
  const { backends, scheduler } = setUp();
  const reason = new Error("gone");
  assertStrictEquals(await scheduler.acquire("a", { signal: AbortSignal.abort(reason) }).catch((e) => e), reason);
  assertEquals([backends.loads.length, scheduler.snapshot().total], [0, 0]);
});

Deno.test("S9: a caller that leaves the queue is rejected with its own reason and its listener is removed", async () => {
  const { backends, scheduler } = setUp();
  scheduler.acquire("a").catch(() => {});
  const caller = countedSignal();
  const waiting = scheduler.acquire("b", { signal: caller.signal });
  assertEquals(caller.listeners(), 1);
  const reason = new Error("gone");
  caller.abort(reason);
  assertStrictEquals(await waiting.catch((error) => error), reason);
  assertEquals([caller.listeners(), scheduler.snapshot().total, backends.loads.length], [0, 0, 1]);
});

Deno.test("S10 S14: a caller that leaves its load is told at once and its slot is freed when the load ends", async () => {
  const { backends, scheduler } = setUp();
  const caller = countedSignal();
  const first = scheduler.acquire("a", { signal: caller.signal });
  const second = scheduler.acquire("a");
  caller.abort("left");
  assertEquals(await outcome(first), "left");
  assertEquals(scheduler.snapshot().active.map(({ model, phase }) => [model, phase]), [["a", "loading"]]);
  assertEquals(await outcome(second), "pending");
  backends.loads[0]?.succeed();
  (await second).release();
  assertEquals([backends.loads.length, caller.listeners()], [1, 0]);
});

Deno.test("listeners are removed on every path: grant, refusal, cancel, close", async () => {
  const { backends, scheduler } = setUp();
  const callers = [countedSignal(), countedSignal(), countedSignal(), countedSignal()];
  const promises = callers.map(({ signal }, index) =>
    scheduler.acquire(index === 3 ? "nope" : "a", { signal, id: `r${index}` })
  );
  promises.forEach((promise) => promise.catch(() => {}));
  assertEquals(await outcome(promises[3] ?? Promise.resolve()), "unknown_model");
  backends.loads[0]?.succeed();
  const lease = await promises[0];
  assertEquals(scheduler.cancel("r1"), true);
  scheduler.close(new GatewayError("shutting_down", "bye"));
  lease?.release();
  assertEquals(callers.map((caller) => caller.listeners()), [0, 0, 0, 0]);
});

Deno.test("S11: whatever a load rejects with reaches the caller as a GatewayError", async () => {
  const { backends, scheduler } = setUp();
  const pending = scheduler.acquire("a");
  backends.loads[0]?.fail(new TypeError("bug"));
  const error = await pending.catch((thrown) => thrown);
  assertInstanceOf(error, GatewayError);
  assertEquals(error.code, "internal");
});

Deno.test("S15 S18: an unload aborts the load, resolves after the stop, then the next head starts", async () => {
  const { backends, scheduler } = setUp();
  const first = scheduler.acquire("a");
  const next = scheduler.acquire("b");
  const unloaded = scheduler.unload(["a"]);
  assertEquals(backends.loads[0]?.signal.aborted, true);
  assertEquals(await outcome(first), "model_unloaded");
  assertEquals([await outcome(unloaded), backends.loads.length], ["pending", 1]);
  backends.stops[0]?.succeed();
  await unloaded;
  assertEquals(await outcome(next), "pending");
  assertEquals(backends.loads[1]?.model, "b");
  backends.loads[0]?.succeed();
  assertEquals(await outcome(next), "pending");
  backends.loads[1]?.succeed();
  (await next).release();
});

Deno.test("S18: an unload whose stop fails rejects, and the queue goes on", async () => {
  const { backends, scheduler } = setUp();
  const unloaded = scheduler.unload(null);
  const next = scheduler.acquire("b");
  backends.stops[0]?.fail(new GatewayError("stop_failed", "alive"));
  await assertRejects(() => unloaded, GatewayError, "alive");
  backends.loads[0]?.succeed();
  (await next).release();
});

Deno.test("S7 G4: positions are told once per microtask, only when changed, and only to subscribers", async () => {
  const { scheduler } = setUp();
  const told: number[] = [];
  const lost = (promise: Promise<unknown>) => void promise.catch(() => {});
  lost(scheduler.acquire("a"));
  lost(scheduler.acquire("b", { id: "b1" }));
  lost(scheduler.acquire("b", { id: "b2" }));
  lost(scheduler.acquire("b", { id: "me", onPosition: (position) => told.push(position) }));
  assertEquals(told, []);
  await Promise.resolve();
  assertEquals([told, scheduler.position("me")], [[3], 3]);
  scheduler.cancel("b1");
  scheduler.cancel("b2");
  await Promise.resolve();
  lost(scheduler.acquire("c"));
  await Promise.resolve();
  assertEquals(told, [3, 1]);
  scheduler.close(new GatewayError("shutting_down", "bye"));
});

Deno.test("G5: maxWait refuses by the clock with queue_timeout", async () => {
  const { clock, scheduler } = setUp({ maxWaitMs: 1000 });
  scheduler.acquire("a").catch(() => {});
  const waiting = scheduler.acquire("b");
  clock.advance(999);
  assertEquals(await outcome(waiting), "pending");
  clock.advance(1);
  assertEquals(await outcome(waiting), "queue_timeout");
  assertEquals(clock.timers.size, 0);
});

Deno.test("G8: cancelling a serving request interrupts its lease with the error and keeps the slot", async () => {
  const { backends, scheduler } = setUp();
  const pending = scheduler.acquire("a", { id: "x" });
  backends.loads[0]?.succeed();
  const lease = await pending;
  const told: string[] = [];
  lease.onInterrupt(({ code }) => told.push(code));
  assertEquals([scheduler.cancel("x"), scheduler.cancel("y")], [true, false]);
  assertEquals(told, ["cancelled"]);
  assertEquals(scheduler.snapshot().active[0]?.phase, "serving");
  lease.release();
  assertEquals(scheduler.cancel("x"), false);
});

Deno.test("G8: a lease tells one listener of an interrupt, once, at once if it came first, never after the release", async () => {
  const { backends, scheduler } = setUp();
  const pending = scheduler.acquire("a", { id: "x" });
  backends.loads[0]?.succeed();
  const lease = await pending;
  const told: string[] = [];
  lease.onInterrupt(() => told.push("a replaced listener"));
  lease.onInterrupt(({ code }) => told.push(code));
  scheduler.cancel("x");
  scheduler.cancel("x");
  assertEquals(told, ["cancelled"]);
  lease.onInterrupt(({ code }) => told.push(`again ${code}`));
  assertEquals(told, ["cancelled", "again cancelled"]);
  lease.release();
  lease.onInterrupt(() => told.push("after the release"));

  const next = await scheduler.acquire("a", { id: "y" });
  next.onInterrupt(() => told.push("after the release"));
  next.release();
  scheduler.cancel("y");
  assertEquals(told, ["cancelled", "again cancelled"]);
});

Deno.test("a listener of an interrupt that throws stops nothing", async () => {
  const { backends, scheduler } = setUp();
  const pending = scheduler.acquire("a", { id: "x" });
  backends.loads[0]?.succeed();
  const lease = await pending;
  lease.onInterrupt(() => {
    lease.release();
    throw new Error("a fault of the listener");
  });
  assertEquals(scheduler.cancel("x"), true);
  (await scheduler.acquire("a")).release();
  assertEquals(backends.faults, []);
});

Deno.test("renew keeps the slot, loads again, and resolves with the new target", async () => {
  const { backends, scheduler } = setUp();
  const pending = scheduler.acquire("a");
  const next = scheduler.acquire("b");
  backends.loads[0]?.succeed();
  const lease = await pending;
  backends.setPhase("a", "stopped");
  const renewed = lease.renew();
  assertEquals([backends.holds.get("a"), backends.loads[1]?.model], [0, "a"]);
  backends.loads[1]?.succeed();
  await renewed;
  assertEquals([lease.target, await outcome(next)], ["a#2", "pending"]);
  lease.release();
  assertEquals(backends.loads[2]?.model, "b");
  backends.loads[2]?.succeed();
  (await next).release();
});

Deno.test("a lease that is given back while it is renewed frees its slot when the load ends", async () => {
  const { backends, scheduler } = setUp();
  const pending = scheduler.acquire("a");
  const next = scheduler.acquire("a");
  backends.loads[0]?.succeed();
  const lease = await pending;
  backends.setPhase("a", "stopped");
  const renewed = lease.renew();
  lease.release();
  assertEquals(await outcome(renewed), "client_closed");
  backends.loads[1]?.succeed();
  (await next).release();
  assertEquals(backends.faults, []);
});

Deno.test("a grant whose backend is not ready in truth refuses that caller and goes on", async () => {
  const { backends, scheduler } = setUp();
  backends.setPhase("a", "ready");
  const hold = backends.hold;
  backends.hold = () => {
    backends.hold = hold;
    throw new GatewayError("backend_unreachable", "gone");
  };
  assertEquals(await outcome(scheduler.acquire("a")), "backend_unreachable");
  (await scheduler.acquire("a")).release();
});

Deno.test("what a command raises waits until the others of its event are carried out", async () => {
  const { backends, scheduler } = setUp({ parallel: 2 });
  const granted: string[] = [];
  const lives = ["1", "2", "3"].map(async (id) => {
    const lease = await scheduler.acquire("a", { id });
    granted.push(lease.id);
    lease.release();
  });
  const hold = backends.hold;
  backends.hold = () => {
    backends.hold = hold;
    throw new GatewayError("backend_unreachable", "gone");
  };
  backends.loads[0]?.succeed();
  const ends = await Promise.allSettled(lives);
  assertEquals(ends.map((end) => end.status), ["rejected", "fulfilled", "fulfilled"]);
  assertEquals(granted, ["2", "3"]);
});

Deno.test("S19: close answers everyone, aborts the load, and drained waits for what is served", async () => {
  const { backends, scheduler } = setUp();
  const pending = scheduler.acquire("a");
  const waiting = scheduler.acquire("b");
  backends.loads[0]?.succeed();
  const lease = await pending;
  scheduler.close(new GatewayError("shutting_down", "bye"));
  const drained = scheduler.drained();
  assertEquals([await outcome(waiting), await outcome(drained)], ["shutting_down", "pending"]);
  assertEquals(await outcome(scheduler.acquire("a")), "shutting_down");
  lease.release();
  await drained;
});

Deno.test("the snapshot pages through the queue after an id and counts all", async () => {
  const { clock, scheduler } = setUp();
  const caught = (promise: Promise<unknown>) => void promise.catch(() => {});
  caught(scheduler.acquire("a", { id: "r0" }));
  clock.advance(5);
  for (let i = 1; i <= 5; i++) caught(scheduler.acquire("b", { id: `r${i}` }));
  assertEquals(scheduler.snapshot({ limit: 2, after: "r2" }), {
    resident: null,
    running: [],
    active: [{ id: "r0", model: "a", phase: "loading", ageMs: 5 }],
    waiting: [
      { id: "r3", model: "b", position: 3, ageMs: 0, estimatedWaitMs: 21_995 },
      { id: "r4", model: "b", position: 4, ageMs: 0, estimatedWaitMs: 23_995 },
    ],
    total: 5,
  });
  scheduler.close(new GatewayError("shutting_down", "bye"));
  await scheduler.drained();
});
