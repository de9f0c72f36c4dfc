import { assert, assertEquals } from "@std/assert";
import type { BackendTarget } from "../../../src/backend/types.ts";
import { GatewayError } from "../../../src/errors.ts";
import { type LeaseSource, SocketLease } from "../../../src/gateway/websocket/socket_lease.ts";
import { silentLog } from "../../../src/log.ts";
import type { Lease } from "../../../src/scheduler/lease.ts";
import { Scheduler } from "../../../src/scheduler/scheduler.ts";
import type { SchedulerSettings } from "../../../src/scheduler/types.ts";
import { settled, TTL_MS, world } from "../../backend/world.ts";
import { countedSignal, HandClock } from "../../scheduler/fake_backends.ts";
import { FIFO_SETTINGS, MODELS, SETTINGS } from "../../scheduler/history.ts";
import { FakeLease } from "./harness.ts";

const IDLE_MS = 100;

/** A websocket's lease on `a`, over the real scheduler and the real backends, whose processes are fakes. */
async function setUp(settings: SchedulerSettings) {
  const w = world();
  const scheduler = new Scheduler<BackendTarget>({
    backends: w.backends,
    clock: w.clock,
    log: silentLog,
    models: MODELS,
    settings,
  });
  const ready = async (model: string): Promise<Lease<BackendTarget>> => {
    const pending = scheduler.acquire(model);
    pending.catch(() => {}); // judged by whoever awaits it
    await settled();
    if (w.backends.readyTarget(model) === null) w.supervisor.last(model).run();
    return await pending;
  };
  const told: string[] = [];
  const held = await ready("a");
  const { leaving } = held.target;
  const lease = new SocketLease({
    held,
    acquire: (signal) => scheduler.acquire("a", { signal }),
    idleMs: IDLE_MS,
    leaving,
    clock: w.clock,
    onHeld: () => told.push("held"),
    onLost: ({ code }) => told.push(code),
  });
  const starts = () => w.supervisor.starts.get("a")?.length;
  const end = (model: string) => w.supervisor.last(model).end();
  return { ...w, scheduler, ready, told, lease, leaving, starts, end };
}

for (const settings of [SETTINGS, FIFO_SETTINGS]) {
  const name = settings.use;

  Deno.test(`${name}: a lease that was given back lets others in, and comes back while the model is there`, async () => {
    const w = await setUp(settings);
    w.clock.advance(IDLE_MS);
    assert(!w.lease.isHeld);
    const other = await w.ready("a");
    w.lease.touch();
    await settled();
    other.release();
    await settled();
    assertEquals([w.lease.isHeld, w.told, w.starts()], [true, ["held"], 1]);
    w.lease.end();
    assertEquals([w.scheduler.snapshot().active, w.lease.isHeld], [[], false]);
  });

  Deno.test(`${name}: a websocket whose model is swapped out causes no load, whatever it says and when`, async () => {
    const w = await setUp(settings);
    w.clock.advance(IDLE_MS);
    const before = await w.ready("a");
    const other = w.scheduler.acquire("b"); // in line before the websocket
    assert(!w.lease.touch());
    before.release();
    await settled();
    w.clock.advance(IDLE_MS);
    await settled();
    assertEquals([w.lease.touch(), w.leaving.aborted], [false, true]);
    w.end("a");
    await settled();
    w.lease.touch();
    w.supervisor.last("b").run();
    w.lease.touch();
    (await other).release();
    w.lease.touch();
    await settled();
    assertEquals([w.starts(), w.told.includes("model_unloaded")], [1, false]);
    assertEquals([w.scheduler.snapshot().total, w.scheduler.snapshot().active], [0, []]);
    w.lease.end();
  });

  Deno.test(`${name}: a model that is stopped for being idle is not started by a websocket`, async () => {
    const w = await setUp(settings);
    w.clock.advance(IDLE_MS);
    w.clock.advance(TTL_MS);
    assertEquals([w.backends.snapshot()[0]?.phase, w.lease.touch()], ["stopping", false]);
    w.end("a");
    w.lease.touch();
    await settled();
    assertEquals([w.starts(), w.scheduler.snapshot().active], [1, []]);
    w.lease.end();
  });

  Deno.test(`${name}: a process that dies while a websocket waits in line is not started for it`, async () => {
    const w = await setUp(settings);
    w.clock.advance(IDLE_MS);
    const other = await w.ready("a");
    const waits = w.scheduler.acquire("b");
    w.lease.touch();
    w.end("a");
    other.release();
    await settled();
    w.supervisor.last("b").run();
    (await waits).release();
    await settled();
    assertEquals([w.starts(), w.lease.isHeld, w.scheduler.snapshot().total], [1, false, 0]);
    w.lease.end();
  });

  Deno.test(`${name}: an unload by an operator ends a websocket's wait, and nothing is loaded for it`, async () => {
    const w = await setUp(settings);
    w.clock.advance(IDLE_MS);
    const other = await w.ready("a");
    w.lease.touch();
    const unloaded = w.scheduler.unload(["a"]);
    w.end("a");
    other.release();
    await unloaded;
    await settled();
    assertEquals([w.starts(), w.lease.isHeld], [1, false]);
    w.lease.end();
  });

  Deno.test(`${name}: a reload that changes the model ends a websocket's wait, and nothing is loaded for it`, async () => {
    const w = await setUp(settings);
    w.clock.advance(IDLE_MS);
    const other = await w.ready("a");
    w.scheduler.acquire("b").catch(() => {}); // holds the websocket's place behind it
    w.lease.touch();
    const drained = w.scheduler.reconfigure({ models: MODELS, settings, changed: new Set(["a"]) });
    w.lease.touch();
    other.release();
    await settled(); // under fifo it has overtaken b, and is waited for until it has been idle
    w.clock.advance(IDLE_MS);
    assert(!w.lease.touch());
    w.end("a");
    await drained;
    await settled();
    w.lease.touch();
    assertEquals([w.starts(), w.lease.isHeld, w.scheduler.snapshot().total], [1, false, 0]);
    w.lease.end();
  });
}

function faked(changes: Partial<LeaseSource> = {}) {
  const clock = new HandClock();
  const leaving = countedSignal();
  const told: string[] = [];
  const held = new FakeLease();
  const asked: (PromiseWithResolvers<FakeLease> & { readonly signal: AbortSignal })[] = [];
  const lease = new SocketLease({
    held,
    acquire: (signal) => {
      const wait = Promise.withResolvers<FakeLease>();
      asked.push({ ...wait, signal });
      return wait.promise;
    },
    idleMs: IDLE_MS,
    leaving: leaving.signal,
    clock,
    onHeld: () => told.push("held"),
    onLost: ({ code }) => told.push(code),
    ...changes,
  });
  return { clock, leaving, told, held, asked, lease };
}

Deno.test("one wait in line for many messages, and one timer", () => {
  const f = faked();
  for (let i = 0; i < 1000; i++) f.lease.touch();
  assertEquals(f.clock.timers.size, 1);
  f.clock.advance(IDLE_MS);
  for (let i = 0; i < 1000; i++) f.lease.touch();
  assertEquals([f.asked.length, f.clock.timers.size], [1, 0]);
  f.lease.end();
});

Deno.test("a message moves the end of the idle time", () => {
  const f = faked();
  f.clock.advance(IDLE_MS - 1);
  f.lease.touch();
  f.clock.advance(IDLE_MS - 1);
  assertEquals(f.held.releases, 0);
  f.clock.advance(1);
  assertEquals(f.held.releases, 1);
  f.lease.end();
});

Deno.test("the end gives back what is held, waits for nothing, and leaves neither timer nor listener", async () => {
  const held = faked();
  held.lease.end();
  held.lease.end();
  held.lease.touch();
  assertEquals([held.held.releases, held.asked.length, held.clock.timers.size, held.leaving.listeners()], [1, 0, 0, 0]);
  const waiting = faked();
  waiting.clock.advance(IDLE_MS);
  waiting.lease.touch();
  waiting.lease.end();
  assert(waiting.asked[0]?.signal.aborted);
  const late = new FakeLease();
  waiting.asked[0]?.resolve(late);
  await settled();
  assertEquals([late.releases, waiting.told, waiting.lease.isHeld], [1, [], false]);
});

Deno.test("a lease that is granted in the moment in which the process is left goes straight back", async () => {
  const f = faked();
  f.clock.advance(IDLE_MS);
  f.lease.touch();
  const again = new FakeLease();
  f.asked[0]?.resolve(again);
  f.leaving.abort();
  await settled();
  assertEquals([again.releases, f.told, f.lease.isHeld], [1, [], false]);
  f.lease.touch();
  assertEquals(f.asked.length, 1);
  f.lease.end();
});

Deno.test("an interrupt counts for the lease that is held, once, and one that comes with the lease too", async () => {
  const f = faked();
  f.clock.advance(IDLE_MS);
  f.held.interrupt(new GatewayError("cancelled", "of one that was given back"));
  assertEquals(f.told, []);
  f.lease.touch();
  const again = new FakeLease();
  again.onInterrupt = (listener) => listener(new GatewayError("cancelled", "at once"));
  f.asked[0]?.resolve(again);
  await settled();
  assertEquals([f.told, again.releases, f.lease.isHeld], [["cancelled"], 1, false]);
});

Deno.test("a refusal is told with its own code, and a fault as internal", async () => {
  for (
    const [thrown, code] of [[new GatewayError("queue_full", "x"), "queue_full"], [new Error("x"), "internal"]] as const
  ) {
    const f = faked();
    f.clock.advance(IDLE_MS);
    f.lease.touch();
    f.asked[0]?.reject(thrown);
    await settled();
    assertEquals(f.told, [code]);
  }
});
