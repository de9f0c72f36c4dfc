import { assertEquals, assertRejects } from "@std/assert";
import { GatewayError } from "../../src/errors.ts";
import { silentLog } from "../../src/log.ts";
import { Scheduler } from "../../src/scheduler/scheduler.ts";
import type { SchedulerSettings } from "../../src/scheduler/types.ts";
import { FakeBackends, HandClock } from "./fake_backends.ts";
import { EitherHistory, FIFO_SETTINGS, MODELS, SETTINGS, stops } from "./history.ts";

const served = (ticket: number) => ({ type: "served", ticket }) as const;
const without = (name: string) => new Map([...MODELS].filter(([model]) => model !== name));
const BOTH: readonly SchedulerSettings[] = [SETTINGS, FIFO_SETTINGS];

/** A is loaded and serves ticket 1. */
function serving(settings: SchedulerSettings): EitherHistory {
  const history = new EitherHistory(settings);
  history.request("a");
  history.finishLoad(1, "a");
  return history;
}

/** The backend of a `retire` has exited. */
function retired(history: EitherHistory, retireId: number, model: string): string[] {
  const said = [...history.phase(model, "stopping"), ...history.phase(model, "stopped")];
  return [...said, ...history.tell({ type: "retired", retireId, error: null })];
}

for (const settings of BOTH) {
  const { use } = settings;

  Deno.test(`reload under ${use}: unchanged models go on, and who waits for them keeps its place`, () => {
    const history = serving(settings);
    history.request("b");
    assertEquals(history.reload(["c"], { models: without("c") }), ["reloaded 1 well"]);
    assertEquals(history.tell(served(1)), ["load 2 b -a"]);
    assertEquals(history.finishLoad(2, "b"), ["grant 2"]);
  });

  Deno.test(`reload under ${use}: a changed model serves what it serves, gets nothing new, and is stopped then`, () => {
    const history = serving(settings);
    assertEquals(history.reload(["a"]), []);
    assertEquals(history.request("a"), []);
    assertEquals(history.tell(served(1)), ["retire 1 a"]);
    assertEquals(history.request("a"), []);
    assertEquals(retired(history, 1, "a"), ["reloaded 1 well", "load 2 a"]);
    assertEquals(history.finishLoad(2, "a"), ["grant 2", "grant 3"].slice(0, use === "serial" ? 1 : 2));
  });

  Deno.test(`reload under ${use}: an idle backend of a changed or removed model is stopped at once`, () => {
    for (const models of [MODELS, without("a")]) {
      const history = serving(settings);
      history.tell(served(1));
      assertEquals(history.reload(["a"], { models }), ["retire 1 a"]);
      assertEquals(retired(history, 1, "a"), ["reloaded 1 well"]);
    }
  });

  Deno.test(`reload under ${use}: a changed model that loads is loaded again in the same slot`, () => {
    const history = new EitherHistory(settings);
    history.request("a");
    history.request("b");
    history.phase("a", "starting");
    assertEquals(history.reload(["a"]), ["abandon 1", "retire 1 a"]);
    assertEquals(history.failLoad(1), []);
    assertEquals(retired(history, 1, "a"), ["reloaded 1 well", "load 2 a"]);
    assertEquals(history.finishLoad(2, "a"), ["grant 1"]);
    assertEquals(history.tell(served(1)), ["load 3 b -a"]);
  });

  Deno.test(`reload under ${use}: a load that had started nothing yet begins anew at once`, () => {
    const history = new EitherHistory(settings);
    history.request("a");
    assertEquals(history.reload(["a"]), ["reloaded 1 well", "abandon 1", "load 2 a"].sort(byKind));
    assertEquals(history.finishLoad(2, "a"), ["grant 1"]);
  });

  Deno.test(`reload under ${use}: who waits for the load of a model that is gone gets unknown_model`, () => {
    const history = new EitherHistory(settings);
    history.request("a");
    history.phase("a", "starting");
    const said = history.reload(["a"], { models: without("a") });
    assertEquals(said.sort(), ["abandon 1", "refuse 1 unknown_model", "retire 1 a"]);
  });

  Deno.test(`S8 reload under ${use}: who waits for a removed model gets unknown_model, the others keep their order`, () => {
    const history = serving(settings);
    history.request("b");
    history.request("c");
    const said = history.reload(["b"], { models: without("b") });
    said.push(...history.tell(served(1)));
    assertEquals(said.sort(), ["load 2 c -a", "refuse 2 unknown_model", "reloaded 1 well"]);
  });

  Deno.test(`G1 reload under ${use}: a stale backend that cannot be stopped fails the reload, and its next load stops it first`, () => {
    const history = serving(settings);
    history.reload(["a"]);
    history.request("a");
    history.tell(served(1));
    const error = new GatewayError("stop_failed", "alive");
    assertEquals(history.tell({ type: "retired", retireId: 1, error }), ["reloaded 1 stop_failed", "load 2 a -a"]);
    assertEquals(history.reload([]), use === "serial" ? ["retire 2 a"] : []);
  });

  Deno.test(`reload under ${use}: the late end of an earlier stop says nothing about the present backend`, () => {
    const history = serving(settings);
    history.tell(served(1));
    assertEquals(history.reload(["a"]), ["retire 1 a"]);
    assertEquals(history.phase("a", "stopped"), ["reloaded 1 well"]);
    history.phase("a", "ready");
    assertEquals(history.reload(["a"]), ["retire 2 a"]);
    assertEquals(history.tell({ type: "retired", retireId: 1, error: new GatewayError("stop_failed", "x") }), []);
    assertEquals(retired(history, 2, "a"), ["reloaded 2 well"]);
  });

  Deno.test(`reload under ${use}: two reloads end when what was stale in each has stopped`, () => {
    const history = serving(settings);
    history.reload(["a"]);
    assertEquals(history.reload(["b"]), []);
    assertEquals(history.tell(served(1)), ["retire 1 a"]);
    assertEquals(retired(history, 1, "a"), ["reloaded 1 well", "reloaded 2 well"]);
  });

  Deno.test(`reload under ${use}: the end of the gateway ends it, and later ones at once`, () => {
    const history = serving(settings);
    history.reload(["a"]);
    const said = history.tell({ type: "closing", error: new GatewayError("shutting_down", "bye") });
    assertEquals(said, ["reloaded 1 shutting_down"]);
    assertEquals(history.reload(["a"]), ["reloaded 2 shutting_down"]);
  });

  Deno.test(`reload under ${use}: reconfigure resolves when the stale backend has been stopped, or rejects`, async () => {
    for (const ends of ["well", "badly"]) {
      const backends = new FakeBackends();
      const scheduler = new Scheduler({ backends, clock: new HandClock(), log: silentLog, models: MODELS, settings });
      const pending = scheduler.acquire("a");
      backends.loads[0]?.succeed();
      const lease = await pending;
      const reload = scheduler.reconfigure({ models: MODELS, settings, changed: new Set(["a"]) });
      const next = scheduler.acquire("a");
      lease.release();
      assertEquals([backends.loads.length, backends.stops.map(({ models }) => models)], [1, [["a"]]]);
      if (ends === "well") {
        backends.stops[0]?.succeed();
        await reload;
      } else {
        backends.stops[0]?.fail(new GatewayError("stop_failed", "alive"));
        await assertRejects(() => reload, GatewayError, "alive");
      }
      assertEquals(backends.loads[1]?.evict, ends === "well" ? [] : ["a"]);
      backends.loads[1]?.succeed();
      (await next).release();
      assertEquals(backends.faults, []);
    }
  });
}

Deno.test("reload to serial: nothing new starts, what is active finishes, then those who wait go on in arrival order", () => {
  const priorities = new Map([["c", 9]]);
  const history = new EitherHistory({ ...FIFO_SETTINGS, policy: stops({ b: "a", c: "a" }), priorities });
  history.request("a");
  history.finishLoad(1, "a");
  for (const model of ["b", "c"]) history.request(model);
  assertEquals(history.reload([], { settings: SETTINGS }), ["reloaded 1 well"]);
  assertEquals(history.request("a"), [], "not granted, though it is ready");
  assertEquals(history.tell(served(1)), ["load 2 b -a"]);
  assertEquals(history.finishLoad(2, "b"), ["grant 2"]);
  assertEquals(history.tell(served(2)), ["load 3 c -b"]);
  history.finishLoad(3, "c");
  assertEquals(history.tell(served(3)), ["load 4 a -c"]);
});

Deno.test("G1 reload to serial: the first load stops every other backend that fifo had left running", () => {
  const history = new EitherHistory({ ...FIFO_SETTINGS, policy: stops({}) });
  for (const model of ["a", "b"]) history.request(model);
  history.finishLoad(1, "a");
  history.tell(served(1));
  history.reload([], { settings: SETTINGS });
  assertEquals(history.request("c"), [], "the load of b runs");
  assertEquals(history.finishLoad(2, "b"), ["grant 2"]);
  assertEquals(history.tell(served(2)), ["load 3 c -a -b"]);
});

Deno.test("reload to fifo: the request that is served finishes, then those who wait start by its rules", () => {
  const history = new EitherHistory(SETTINGS);
  for (const model of ["a", "b", "c", "b"]) history.request(model);
  history.finishLoad(1, "a");
  assertEquals(history.reload([], { settings: { ...FIFO_SETTINGS, policy: stops({ b: "c" }) } }), ["reloaded 1 well"]);
  assertEquals(history.tell(served(1)), ["load 2 b"], "c waits: b would have to stop it while it starts");
  assertEquals(history.finishLoad(2, "b"), ["grant 2", "grant 4", "load 3 c"]);
});

Deno.test("reload to fifo: who waits for a removed model gets unknown_model", () => {
  const history = new EitherHistory(SETTINGS);
  for (const model of ["a", "b", "c"]) history.request(model);
  history.finishLoad(1, "a");
  history.reload(["b"], { models: without("b"), settings: FIFO_SETTINGS });
  assertEquals(history.tell(served(1)), ["refuse 2 unknown_model", "load 2 c -a"]);
});

Deno.test("reload to the other core and back before anything ended is no change", () => {
  for (const [from, to] of [[SETTINGS, FIFO_SETTINGS], [FIFO_SETTINGS, SETTINGS]] as const) {
    const history = serving(from);
    history.request("b");
    history.reload([], { settings: to });
    history.reload([], { settings: from });
    assertEquals(history.tell(served(1)), ["load 2 b -a"]);
    assertEquals(history.state.conditions.settings.use, from.use);
  }
});

/** What ends comes before what begins; among these in the order of the words. */
function byKind(a: string, b: string): number {
  const rank = (text: string) => ["reloaded", "abandon", "load"].findIndex((word) => text.startsWith(word));
  return rank(a) - rank(b);
}
