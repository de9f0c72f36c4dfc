import { assert, assertEquals } from "@std/assert";
import { silentLog } from "../../src/log.ts";
import { EITHER_CORE } from "../../src/scheduler/either_core.ts";
import { MOST_WALKED } from "../../src/scheduler/forecast.ts";
import { SERIAL_CORE } from "../../src/scheduler/serial_core.ts";
import type { SerialState } from "../../src/scheduler/serial_state.ts";
import { type Place, Scheduler } from "../../src/scheduler/scheduler.ts";
import type { SchedulerSettings } from "../../src/scheduler/types.ts";
import { FakeBackends, HandClock } from "./fake_backends.ts";
import { EitherHistory, FIFO_SETTINGS, History, MODELS, SETTINGS, stops } from "./history.ts";

const served = (ticket: number) => ({ type: "served", ticket }) as const;

/** a loads in 4 s and answers in 1 s, b loads in 8 s and answers in 2 s; b is served from 15 s on. */
function measured(settings: SchedulerSettings = SETTINGS): EitherHistory {
  const history = new EitherHistory(settings);
  const end = (loadId: number, model: string, [loadedAt, servedAt]: readonly [number, number]) => {
    history.request(model);
    history.now = loadedAt;
    history.finishLoad(loadId, model);
    history.now = servedAt;
  };
  end(1, "a", [4000, 5000]);
  history.tell(served(1));
  end(2, "b", [13_000, 15_000]);
  history.tell(served(2));
  history.request("b");
  return history;
}

/** What each waiting request will wait, in milliseconds. */
function waits({ state, now }: EitherHistory): readonly number[] {
  const forecast = EITHER_CORE.forecast(state, now);
  return [...EITHER_CORE.waitingIn(state, 0)].map(({ model }, i) => forecast.waitMs(i + 1, model));
}

Deno.test("G6: serial: a wait is what is left of the active one, each answer before, and a load wherever the model changes", () => {
  const history = measured();
  history.now += 500;
  for (const model of ["b", "a", "a", "b"]) history.request(model);
  const left = 2000 - 500;
  assertEquals(waits(history), [left, left + 2000 + 4000, left + 2000 + 5000, left + 2000 + 6000 + 8000]);
});

Deno.test("G6: serial: a load that runs counts with what is left of it", () => {
  const history = measured();
  history.request("a");
  history.tell(served(3)); // a's load begins
  history.now += 3000;
  history.request("b");
  assertEquals(EITHER_CORE.forecast(history.state, history.now).loadMs("a"), 1000);
  assertEquals(waits(history), [1000 + 1000 + 8000]);
});

Deno.test("G6: serial: with parallel neighbours of one model go side by side, each slot in turn", () => {
  const history = measured({ ...SETTINGS, parallel: 2 });
  history.now += 500;
  for (const model of ["a", "a", "a", "a", "a", "b"]) history.request(model);
  const start = 1500 + 4000;
  assertEquals(waits(history), [start, start, start + 1000, start + 1000, start + 2000, start + 3000 + 8000]);
});

Deno.test("G6: serial: a slot that is free counts as free although another one is taken", () => {
  const history = measured({ ...SETTINGS, parallel: 3 });
  history.now += 500;
  history.request("b"); // joins at once
  history.tell({ type: "unloadAsked", unloadId: 1, models: ["c"] });
  for (const model of ["b", "b"]) history.request(model); // held up by the unload
  assertEquals(waits(history), [0, 1500]);
});

Deno.test("G6: serial: an idle model in memory is no load for its own request, and one for another's", () => {
  const history = measured();
  history.tell(served(3));
  const forecast = () => EITHER_CORE.forecast(history.state, history.now);
  assertEquals([forecast().waitMs(1, "b"), forecast().waitMs(1, "a"), forecast().waitMs(1, "c")], [0, 4000, 6000]);
});

/** The same state, which counts how often a model's times are looked up. */
function counting(state: SerialState) {
  const lookups = { count: 0 };
  const places = new Map(state.estimates.places);
  const get = places.get.bind(places);
  places.get = (model) => (lookups.count++, get(model));
  return { lookups, state: { ...state, estimates: { ...state.estimates, places } } };
}

Deno.test("G4 G6: an estimate looks at no more than 100 requests; those behind are taken to be like them", () => {
  const history = new History({ maxQueue: 20_000 });
  history.request("a");
  for (let i = 0; i < 10_000; i++) history.request(i % 2 === 0 ? "b" : "a");
  const { lookups, state } = counting(history.state);
  const forecast = SERIAL_CORE.forecast(state, history.now);
  const lastMs = forecast.waitMs(10_001, "b");
  const turnMs = 10_000;
  assert(Math.abs(lastMs - 10_001 * turnMs) < turnMs, `${lastMs} ms`);
  assert(lookups.count <= 3 * MOST_WALKED, `${lookups.count} lookups`);
  const times = Array.from({ length: 3 * MOST_WALKED }, (_, i) => forecast.waitMs(i + 1, i % 2 === 0 ? "b" : "a"));
  for (const [i, ms] of times.entries()) assert(ms >= (times[i - 1] ?? 0), `${i + 1} waits less than ${i}`);
});

Deno.test("G6: fifo: requests for one model go together, past those for others, and one model after the other", () => {
  const history = measured(FIFO_SETTINGS);
  history.now += 500;
  for (const model of ["a", "c", "a"]) history.request(model);
  const a = 1500 + 4000;
  assertEquals(waits(history), [a, a + 1000 + (4000 + 8000) / 2, a]);
});

Deno.test("G6: fifo: a load that is joined counts with what is left of it, and models that do not exclude each other not at all", () => {
  const history = new EitherHistory({ ...FIFO_SETTINGS, policy: stops({ a: "b", b: "a" }) });
  history.request("a");
  history.now = 1000;
  history.request("c");
  history.request("b");
  const forecast = EITHER_CORE.forecast(history.state, history.now);
  assertEquals([forecast.loadMs("a"), forecast.loadMs("c")], [7000, 8000]);
  assertEquals(forecast.waitMs(1, "b"), 7000 + 2000 + 8000);
});

Deno.test("G6: estimates survive a reload and a change of cores", () => {
  for (const settings of [SETTINGS, FIFO_SETTINGS]) {
    const history = measured();
    history.tell(served(3));
    history.reload(["a"], { settings, models: MODELS });
    const forecast = EITHER_CORE.forecast(history.state, history.now);
    assertEquals([forecast.waitMs(1, "a"), forecast.waitMs(1, "b")], [4000, 0]);
  }
});

function facade() {
  const [backends, clock] = [new FakeBackends(), new HandClock()];
  return {
    backends,
    clock,
    scheduler: new Scheduler({ backends, clock, log: silentLog, models: MODELS, settings: SETTINGS }),
  };
}

Deno.test("G6: whoever waits is told its place and estimate before acquire returns, and can ask again", async () => {
  const { backends, clock, scheduler } = facade();
  const places: Place[] = [];
  const onWait = (place: Place) => void places.push(place);
  const first = scheduler.acquire("a", { id: "one", onWait });
  const second = scheduler.acquire("b", { id: "two", onWait });
  assertEquals(places, [{ position: 0, estimateMs: 8000 }, { position: 1, estimateMs: 18_000 }]);
  clock.advance(3000);
  assertEquals([scheduler.estimateMs("one"), scheduler.estimateMs("two")], [5000, 15_000]);
  assertEquals(scheduler.estimateNextMs("b"), 17_000);
  backends.loads[0]?.succeed();
  const lease = await first;
  assertEquals([scheduler.estimateMs("one"), scheduler.estimateMs("nobody")], [null, null]);
  clock.advance(1000);
  lease.release();
  backends.loads[1]?.succeed();
  (await second).release();
});

Deno.test("G6: whoever is granted or refused at once is told no place", async () => {
  const { backends, scheduler } = facade();
  backends.setPhase("a", "ready");
  const onWait = () => {
    throw new Error("it does not wait");
  };
  (await scheduler.acquire("a", { onWait })).release();
  await scheduler.acquire("unknown", { onWait }).catch(() => {});
});
