import { assertEquals } from "@std/assert";
import { GatewayError } from "../../src/errors.ts";
import { countOf } from "../../src/scheduler/counts.ts";
import { FifoHistory, stops } from "./history.ts";

const served = (ticket: number) => ({ type: "served", ticket }) as const;
const cancelled = (ticket: number) => ({ type: "cancelled", ticket }) as const;

/** A is loaded and serves ticket 1. */
function serving(...args: ConstructorParameters<typeof FifoHistory>): FifoHistory {
  const history = new FifoHistory(...args);
  history.request("a");
  history.finishLoad(1, "a");
  return history;
}

/** A history with a limit for each of a, b and c. */
function limited(limit: number, settings: ConstructorParameters<typeof FifoHistory>[0] = {}): FifoHistory {
  return new FifoHistory(settings, new Map([["a", { limit }], ["b", { limit }], ["c", { limit }]]));
}

const requestAll = (history: FifoHistory, models: string) => models.split(" ").flatMap((m) => history.request(m));

Deno.test("FI4: a ready model with nothing to evict is granted without a swap", () => {
  const history = new FifoHistory();
  history.phase("a", "ready");
  assertEquals(history.request("a"), ["grant 1"]);
  assertEquals(history.request("a"), ["grant 2"]);
});

Deno.test("FI5: a grant says its model's priority, 0 unless configured, for the activity record", () => {
  const history = new FifoHistory({ priorities: new Map([["a", 7]]), policy: stops({}) });
  requestAll(history, "a b");
  history.finishLoad(1, "a");
  history.finishLoad(2, "b");
  const grants = history.log.filter((command) => command.type === "grant");
  assertEquals(grants.map(({ metadata }) => metadata), [{ fifo_priority: "7" }, { fifo_priority: "0" }]);
});

Deno.test("FI6: an unknown model is refused at once and nothing is reserved", () => {
  const history = new FifoHistory();
  assertEquals(history.request("nope"), ["refuse 1 unknown_model"]);
  assertEquals(history.waiting(), "");
});

Deno.test("FI7: for a stopped model a swap starts, and the grant comes only when it is done", () => {
  const history = new FifoHistory();
  assertEquals(history.request("a"), ["load 1 a"]);
  history.phase("a", "ready");
  assertEquals(history.tell({ type: "loaded", loadId: 1 }), ["grant 1"]);
});

Deno.test("FI8: three requests while a model loads are one swap and three grants", () => {
  const history = new FifoHistory();
  assertEquals(requestAll(history, "a a a"), ["load 1 a"]);
  assertEquals(history.finishLoad(1, "a"), ["grant 1", "grant 2", "grant 3"]);
});

Deno.test("FI9: a swap that fails with two waiters is two errors and no grant", () => {
  const history = new FifoHistory();
  requestAll(history, "a a");
  assertEquals(history.failLoad(1), ["refuse 1 start_failed", "refuse 2 start_failed"]);
  assertEquals(countOf(history.state.counts, "a"), 0);
});

Deno.test("FI10: b that evicts a waits for the swap of a and for its request, then starts with a to evict", () => {
  const history = new FifoHistory();
  assertEquals(requestAll(history, "a b"), ["load 1 a"]);
  assertEquals(history.finishLoad(1, "a"), ["grant 1"]);
  assertEquals(history.tell(served(1)), ["load 2 b -a"]);
});

Deno.test("FI11: swaps that have nothing to do with each other both start", () => {
  assertEquals(requestAll(new FifoHistory({ policy: stops({}) }), "a b"), ["load 1 a", "load 2 b"]);
});

Deno.test("FI12: two targets that evict the same model: the second waits until the first is done", () => {
  const history = new FifoHistory({ policy: stops({ a: "c", b: "c" }) });
  history.phase("c", "ready");
  assertEquals(requestAll(history, "a b"), ["load 1 a -c"]);
  assertEquals(history.finishLoad(1, "a"), ["grant 1", "load 2 b"]);
});

Deno.test("FI13: one swap that blocks two: both start when it ends", () => {
  const history = new FifoHistory({ policy: stops({ a: "b c" }) });
  history.phase("b", "ready");
  history.phase("c", "ready");
  assertEquals(requestAll(history, "a b c"), ["load 1 a -b -c"]);
  assertEquals(history.finishLoad(1, "a"), ["grant 1", "load 2 b", "load 3 c"]);
});

Deno.test("FI14 §4.5.3 trace 1: A B C A B C, mutually exclusive, is one swap each with two served", () => {
  const history = new FifoHistory();
  assertEquals(requestAll(history, "a b c a b c"), ["load 1 a"]);
  assertEquals(history.finishLoad(1, "a"), ["grant 1", "grant 4"]);
  assertEquals([...history.tell(served(1)), ...history.tell(served(4))], ["load 2 b -a"]);
  assertEquals(history.finishLoad(2, "b"), ["grant 2", "grant 5"]);
  assertEquals([...history.tell(served(5)), ...history.tell(served(2))], ["load 3 c -b"]);
  assertEquals(history.finishLoad(3, "c"), ["grant 3", "grant 6"]);
});

Deno.test("FI15: two requests on a, then b: b starts only after both have ended", () => {
  const history = serving();
  assertEquals(requestAll(history, "a b"), ["grant 2"]);
  assertEquals(history.tell(served(2)), []);
  assertEquals(history.tell(served(1)), ["load 2 b -a"]);
});

Deno.test("FI17: at the end of the gateway 2 + 2 waiters and 1 in the queue are five errors", () => {
  const history = new FifoHistory({ policy: stops({ c: "a" }) });
  requestAll(history, "a a b b c");
  const error = new GatewayError("shutting_down", "bye");
  const said = history.tell({ type: "closing", error });
  assertEquals(said.filter((text) => text.endsWith("shutting_down")).length, 5);
  assertEquals(said.filter((text) => text.startsWith("abandon")), ["abandon 1", "abandon 2"]);
  assertEquals(history.request("a"), ["refuse 6 shutting_down"]);
});

Deno.test("FI18 W30: an unload fails who waits for that load, stops once, and the load's late end is nobody else's", () => {
  const history = new FifoHistory();
  history.request("a");
  assertEquals(history.tell({ type: "unloadAsked", unloadId: 1, models: ["a"] }), [
    "abandon 1",
    "refuse 1 model_unloaded",
    "stop 1 a",
  ]);
  assertEquals(history.request("a"), []);
  assertEquals(history.tell({ type: "unloaded", unloadId: 1 }), ["load 2 a"]);
  assertEquals(history.failLoad(1), []);
  assertEquals(history.tell({ type: "loaded", loadId: 1 }), []);
  assertEquals(history.finishLoad(2, "a"), ["grant 2"]);
});

Deno.test("FI19: an unload of a model that is waited for fails its request; another swap is untouched", () => {
  const history = new FifoHistory();
  requestAll(history, "a b");
  assertEquals(history.tell({ type: "unloadAsked", unloadId: 1, models: ["b"] }), [
    "refuse 2 model_unloaded",
    "stop 1 b",
  ]);
  assertEquals(history.finishLoad(1, "a"), ["grant 1"]);
  assertEquals(history.tell(served(1)), []);
});

Deno.test("W29: an unload that goes on holds back only its own models", () => {
  const history = serving({ policy: stops({}) });
  history.tell({ type: "unloadAsked", unloadId: 1, models: ["a"] });
  history.phase("a", "stopping");
  assertEquals(history.request("b"), ["load 2 b"]);
  assertEquals(history.request("a"), []);
  assertEquals(history.phase("a", "stopped"), []);
  assertEquals(history.tell({ type: "unloaded", unloadId: 1 }), ["load 3 a"]);
});

Deno.test("FI20: priorities 10, 5, 5, 1 that arrive B D C A queue as A B C D", () => {
  const models = new Map(["a", "b", "c", "d", "x"].map((name) => [name, {}]));
  const priorities = new Map([["a", 10], ["b", 5], ["c", 5], ["d", 1]]);
  const history = new FifoHistory({ priorities }, models);
  requestAll(history, "x b d c a");
  assertEquals(history.waiting(), "a b c d");
});

Deno.test("FI21: a cancelled request in the queue never loads later", () => {
  const history = serving();
  history.request("b");
  assertEquals(history.tell(cancelled(2)), []);
  assertEquals(history.tell(served(1)), []);
});

Deno.test("FI22: of a swap's waiters the one that left is not served; a swap that all left goes on", () => {
  const history = new FifoHistory();
  requestAll(history, "a a");
  history.tell(cancelled(1));
  assertEquals(history.finishLoad(1, "a"), ["grant 2"]);
  const second = new FifoHistory();
  requestAll(second, "a b");
  assertEquals(second.tell(cancelled(1)), []);
  assertEquals(second.finishLoad(1, "a"), ["load 2 b -a"]);
});

Deno.test("FI23: a cancel after the grant has no effect", () => {
  const history = serving();
  history.request("b");
  assertEquals(history.tell(cancelled(1)), []);
  assertEquals(history.tell(served(1)), ["load 2 b -a"]);
});

Deno.test("FI24: limit 1: a second request gets 429 with Retry-After, one after the finish is accepted", () => {
  const history = limited(1);
  history.request("a");
  assertEquals(history.request("a"), ["refuse 2 concurrency_limit"]);
  assertEquals(history.error(2)?.status, 429);
  assertEquals((history.error(2)?.retryAfterS ?? 0) >= 1, true);
  history.finishLoad(1, "a");
  history.tell(served(1));
  assertEquals(history.request("a"), ["grant 3"]);
});

Deno.test("FI25: without a limit in the config 10 are accepted and the 11th is refused", () => {
  for (const models of [undefined, new Map([["a", { limit: 0 }]])]) {
    const history = new FifoHistory({}, models);
    assertEquals(requestAll(history, "a a a a a a a a a a"), ["load 1 a"]);
    assertEquals(history.request("a"), ["refuse 11 concurrency_limit"]);
  }
});

Deno.test("FI26: limit 2, ready: the third is refused", () => {
  const history = limited(2);
  history.phase("a", "ready");
  assertEquals(requestAll(history, "a a a"), ["grant 1", "grant 2", "refuse 3 concurrency_limit"]);
});

Deno.test("FI27: limit 2, loading: the third is refused, not joined", () => {
  const history = limited(2);
  assertEquals(requestAll(history, "a a a"), ["load 1 a", "refuse 3 concurrency_limit"]);
  assertEquals(history.finishLoad(1, "a"), ["grant 1", "grant 2"]);
});

Deno.test("FI28: limit 2, behind another model: the third is refused, two are served later", () => {
  const history = limited(2);
  assertEquals(requestAll(history, "b a a a"), ["load 1 b", "refuse 4 concurrency_limit"]);
  history.finishLoad(1, "b");
  assertEquals(history.tell(served(1)), ["load 2 a -b"]);
  assertEquals(history.finishLoad(2, "a"), ["grant 2", "grant 3"]);
});

Deno.test("FI29: limit 1, in the queue and cancelled: its place is free again", () => {
  const history = limited(1);
  requestAll(history, "b a");
  history.tell(cancelled(2));
  assertEquals(history.request("a"), []);
  assertEquals(history.waiting(), "a");
});

Deno.test("§4.5.3 trace 2: while a loads and serves, b that evicts it waits, and starts when it ends", () => {
  const history = new FifoHistory({ policy: stops({ b: "a" }) });
  assertEquals(requestAll(history, "a b"), ["load 1 a"]);
  assertEquals(history.finishLoad(1, "a"), ["grant 1"]);
  assertEquals(history.tell(served(1)), ["load 2 b -a"]);
});

Deno.test("§4.5.3 trace 3: a and b evict x, not each other: b waits for a's swap, then starts beside it", () => {
  const models = new Map(["a", "b", "x"].map((name) => [name, {}]));
  const history = new FifoHistory({ policy: stops({ a: "x", b: "x" }) }, models);
  history.phase("x", "ready");
  assertEquals(requestAll(history, "a b"), ["load 1 a -x"]);
  assertEquals(history.phase("x", "stopping"), []);
  assertEquals(history.phase("x", "stopped"), []);
  history.phase("a", "ready");
  assertEquals(history.tell({ type: "loaded", loadId: 1 }), ["grant 1", "load 2 b"]);
});

Deno.test("§4.5.3 trace 4: a's swap evicts b and c, which evict nothing: both start together when a serves", () => {
  const history = new FifoHistory({ policy: stops({ a: "b c" }) });
  history.phase("b", "ready");
  history.phase("c", "ready");
  assertEquals(requestAll(history, "a b c"), ["load 1 a -b -c"]);
  assertEquals(history.finishLoad(1, "a"), ["grant 1", "load 2 b", "load 3 c"]);
  assertEquals([...history.finishLoad(3, "c"), ...history.finishLoad(2, "b")], ["grant 3", "grant 2"]);
});

Deno.test("§4.5.3 trace 5: limit 2 on a while b loads: a3 gets 429 at once, and a cancelled a1 frees its place", () => {
  const history = limited(2);
  assertEquals(requestAll(history, "b a a a"), ["load 1 b", "refuse 4 concurrency_limit"]);
  history.tell(cancelled(2));
  assertEquals(history.request("a"), []);
});

Deno.test("§4.3: a ready target that has to evict an idle model is swapped; a busy one is waited for", () => {
  const policy = stops({ a: "b" });
  const idle = new FifoHistory({ policy });
  idle.phase("a", "ready");
  idle.phase("b", "ready");
  assertEquals(idle.request("a"), ["load 1 a -b"]);
  const busy = new FifoHistory({ policy });
  busy.phase("a", "ready");
  busy.phase("b", "ready");
  assertEquals(requestAll(busy, "b a"), ["grant 1"]);
  assertEquals(busy.tell(served(1)), ["load 1 a -b"]);
});

Deno.test("§4.4: a target that a running swap stops waits for that swap, also when it is ready", () => {
  const history = new FifoHistory({ policy: stops({ a: "b" }) });
  history.phase("b", "ready");
  assertEquals(requestAll(history, "a b"), ["load 1 a -b"]);
  assertEquals(history.waiting(), "b");
});

Deno.test("no backend begins to start beside one that it would have stopped: what a running swap excludes waits for it", () => {
  const history = new FifoHistory({ policy: stops({ a: "b" }) });
  assertEquals(requestAll(history, "a b"), ["load 1 a"]);
  assertEquals(history.waiting(), "b");
  assertEquals(history.finishLoad(1, "a"), ["grant 1", "load 2 b"]);
});

Deno.test("§4.10: a place counts those in front in the order of priority; who joins a swap has none", () => {
  const history = new FifoHistory({ priorities: new Map([["c", 1]]) });
  requestAll(history, "a a b c b");
  const lanes = history.state.lanes;
  assertEquals(history.waiting(), "c b b");
  assertEquals(lanes.size, 3);
});

Deno.test("G5: under fifo whoever waited for maxWait gets 503, the oldest first, whatever its priority", () => {
  const history = serving({ maxWaitMs: 100, priorities: new Map([["c", 5]]) });
  history.request("b");
  history.now = 50;
  history.request("c");
  assertEquals(history.state.wakeAt, 100);
  history.now = 100;
  assertEquals(history.tell({ type: "woke" }), ["refuse 2 queue_timeout"]);
  assertEquals(history.state.wakeAt, 150);
});

Deno.test("G8: under fifo an operator removes a waiting request, answers a loading one and cuts a serving one", () => {
  const ask = (ticket: number) => ({ type: "cancelAsked", ticket }) as const;
  const history = new FifoHistory();
  requestAll(history, "a b");
  assertEquals(history.tell(ask(2)), ["refuse 2 cancelled"]);
  assertEquals(history.tell(ask(1)), ["refuse 1 cancelled"]);
  assertEquals(history.tell(ask(1)), []);
  history.finishLoad(1, "a");
  assertEquals(history.request("a"), ["grant 3"]);
  assertEquals(history.tell(ask(3)), ["interrupt 3 cancelled"]);
});

Deno.test("under fifo a lease whose backend was lost is served again before all who wait", () => {
  const history = serving();
  history.request("b");
  history.phase("a", "stopped");
  assertEquals(history.tell({ type: "lost", ticket: 1 }), ["load 2 a"]);
  assertEquals(history.finishLoad(2, "a"), ["grant 1"]);
  assertEquals(history.tell(served(1)), ["load 3 b -a"]);
});

Deno.test("under fifo a lost lease that has to wait for another model holds back what would delay it", () => {
  const history = serving({ policy: stops({ a: "b" }) });
  assertEquals(history.request("b"), ["load 2 b"]);
  history.finishLoad(2, "b");
  history.phase("a", "stopped");
  assertEquals(history.tell({ type: "lost", ticket: 1 }), []);
  assertEquals(history.request("b"), []);
  assertEquals(history.tell(served(2)), ["load 3 a -b"]);
  assertEquals(history.finishLoad(3, "a"), ["grant 1", "load 4 b"]);
});

Deno.test("W27 W28: once the oldest has waited for maxAge, nothing new starts on what is in its way", () => {
  const history = serving({ maxAgeMs: 100, priorities: new Map([["c", 9]]) });
  history.request("b");
  history.now = 99;
  assertEquals(history.request("a"), ["grant 3"]);
  history.now = 100;
  assertEquals(history.request("a"), []);
  assertEquals(history.request("c"), []);
  assertEquals(history.tell(served(1)), []);
  assertEquals(history.tell(served(3)), ["load 2 b -a"]);
});

Deno.test("W27: without maxAge a model that is asked again and again is never left, as in llama-swap", () => {
  const history = serving();
  history.request("b");
  for (let ticket = 1; ticket < 50; ticket++) {
    history.now += 1_000_000;
    assertEquals(history.request("a"), [`grant ${ticket === 1 ? 3 : ticket + 2}`]);
    assertEquals(history.tell(served(ticket === 1 ? 1 : ticket + 1)), []);
  }
});

Deno.test("maxAge holds back only what is in the way: other models load and are served", () => {
  const models = new Map(["a", "b", "x", "y"].map((name) => [name, {}]));
  const history = new FifoHistory({ maxAgeMs: 0, policy: stops({ b: "a", y: "a" }) }, models);
  requestAll(history, "a");
  history.finishLoad(1, "a");
  assertEquals(history.request("b"), []);
  assertEquals(history.request("x"), ["load 2 x"], "x has nothing to do with b");
  assertEquals(history.request("a"), [], "a has to go for b");
  assertEquals(history.request("y"), [], "y would stop what b stops");
});

Deno.test("maxAge: a cancelled oldest request gives back what it held, to those behind it", () => {
  const history = serving({ maxAgeMs: 0, policy: stops({ b: "a" }) });
  history.request("b");
  history.request("a");
  assertEquals(history.waiting(), "b a");
  assertEquals(history.tell(cancelled(2)), ["grant 3"]);
});
