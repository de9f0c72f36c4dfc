import { assertEquals } from "@std/assert";
import { GatewayError } from "../../src/errors.ts";
import { positionOf } from "../../src/scheduler/queue.ts";
import { History } from "./history.ts";

const served = (ticket: number) => ({ type: "served", ticket }) as const;
const cancelled = (ticket: number) => ({ type: "cancelled", ticket }) as const;

/** A is loaded and serves ticket 1. */
function serving(...args: ConstructorParameters<typeof History>): History {
  const history = new History(...args);
  history.request("a");
  history.finishLoad(1, "a");
  return history;
}

Deno.test("S1: a request for a model that is not configured fails at once and is never queued", () => {
  const history = new History();
  assertEquals(history.request("__proto__"), ["refuse 1 unknown_model"]);
  assertEquals(history.state.queue.size, 0);
});

Deno.test("S2: A B C A is served as A B C A, and the last A loads again", () => {
  const history = new History();
  assertEquals(["a", "b", "c", "a"].map((model) => history.request(model)), [["load 1 a"], [], [], []]);
  assertEquals(history.finishLoad(1, "a"), ["grant 1"]);
  assertEquals(history.tell(served(1)), ["load 2 b -a"]);
  assertEquals(history.finishLoad(2, "b"), ["grant 2"]);
  assertEquals(history.tell(served(2)), ["load 3 c -b"]);
  assertEquals(history.finishLoad(3, "c"), ["grant 3"]);
  assertEquals(history.tell(served(3)), ["load 4 a -c"]);
  assertEquals(history.finishLoad(4, "a"), ["grant 4"]);
});

Deno.test("S3: a second request for the model that is being served waits its turn too", () => {
  const history = serving();
  assertEquals(history.request("a"), []);
  assertEquals(history.tell(served(1)), ["grant 2"]);
});

Deno.test("S4: every other running backend is stopped, in ascending order, before the target is loaded", () => {
  const history = new History();
  history.phase("c", "stopping");
  history.phase("zz", "ready");
  history.phase("b", "starting");
  assertEquals(history.request("a"), ["load 1 a -b -c -zz"]);
});

Deno.test("S5: a ready target that runs alone is served without a load", () => {
  const history = new History();
  history.phase("a", "ready");
  assertEquals(history.request("a"), ["grant 1"]);
});

Deno.test("S5: a target that is stopping or starting is loaded, not served", () => {
  for (const phase of ["stopping", "starting"] as const) {
    const history = new History();
    history.phase("a", phase);
    assertEquals(history.request("a"), ["load 1 a"]);
  }
});

Deno.test("S6: a ready target beside another backend is served after the other was stopped", () => {
  const history = new History();
  history.phase("a", "ready");
  history.phase("b", "ready");
  assertEquals(history.request("a"), ["load 1 a -b"]);
  assertEquals(history.finishLoad(1, "a"), ["grant 1"]);
});

Deno.test("S7: every change of the queue is announced and the head is position 1", () => {
  const history = serving();
  const announced = (act: () => void) => {
    const before = history.log.length;
    act();
    return history.log.slice(before).some((command) => command.type === "announce");
  };
  assertEquals(announced(() => history.request("b")), true);
  assertEquals(announced(() => history.request("c")), true);
  assertEquals([2, 3, 1].map((ticket) => positionOf(history.state.queue, ticket)), [1, 2, null]);
  assertEquals(announced(() => history.phase("a", "ready")), false);
  assertEquals(announced(() => history.tell(cancelled(2))), true);
  assertEquals(positionOf(history.state.queue, 3), 1);
  assertEquals(announced(() => history.tell(served(1))), true);
});

Deno.test("S8: a head whose model is no longer configured is refused and the next one starts in the same step", () => {
  const history = serving();
  history.request("b");
  history.request("c");
  assertEquals(
    history.reload(["b"], { models: new Map([["a", {}], ["c", {}]]) }),
    ["reloaded 1 well"],
  );
  assertEquals(history.tell(served(1)), ["refuse 2 unknown_model", "load 2 c -a"]);
});

Deno.test("S9: a queued request whose caller left never starts a load", () => {
  const history = serving();
  history.request("b");
  assertEquals(history.tell(cancelled(2)), []);
  assertEquals(history.tell(served(1)), []);
  assertEquals(history.state.active, null);
});

Deno.test("S10: when the caller left during its load the next head starts and the model stays loaded", () => {
  const history = new History();
  history.request("a");
  history.request("b");
  history.request("a");
  assertEquals(history.tell(cancelled(1)), []);
  assertEquals(history.finishLoad(1, "a"), ["load 2 b -a"]);
  const other = new History();
  other.request("a");
  other.request("a");
  other.tell(cancelled(1));
  assertEquals(other.finishLoad(1, "a"), ["grant 2"]);
});

Deno.test("S11: when the load fails the active caller gets the error and the next head starts", () => {
  const history = new History();
  history.request("a");
  history.request("b");
  assertEquals(history.failLoad(1), ["refuse 1 start_failed", "load 2 b"]);
});

Deno.test("S12: the late end of an earlier load of the same model is never taken for the current one", () => {
  const history = new History();
  history.request("a");
  history.tell({ type: "unloadAsked", unloadId: 1, models: ["a"] });
  history.request("a");
  assertEquals(history.tell({ type: "unloaded", unloadId: 1 }), ["load 2 a"]);
  assertEquals(history.tell({ type: "loaded", loadId: 1 }), []);
  assertEquals(history.failLoad(1), []);
  assertEquals(history.finishLoad(2, "a"), ["grant 2"]);
});

Deno.test("S13: when serving ends the slot is freed and the next head starts; a second end changes nothing", () => {
  const history = serving();
  history.request("b");
  history.request("c");
  assertEquals(history.tell(served(1)), ["load 2 b -a"]);
  assertEquals(history.tell(served(1)), []);
});

Deno.test("S14: a caller that leaves while active frees its slot only when its work has ended", () => {
  const history = new History();
  history.request("a");
  history.request("b");
  history.tell(cancelled(1));
  assertEquals(history.state.active?.model, "a");
  const second = serving();
  second.request("b");
  assertEquals(second.tell(cancelled(1)), []);
  assertEquals(second.tell(served(1)), ["load 2 b -a"]);
});

Deno.test("S15: an unload fails the active request that loads one of its models and abandons the load", () => {
  const history = new History();
  history.request("a");
  assertEquals(history.tell({ type: "unloadAsked", unloadId: 7, models: ["a", "x"] }), [
    "abandon 1",
    "refuse 1 model_unloaded",
    "stop 7 a,x",
  ]);
  const other = new History();
  other.request("a");
  assertEquals(other.tell({ type: "unloadAsked", unloadId: 7, models: ["b"] }), ["stop 7 b"]);
});

Deno.test("S16: an unload fails the waiting requests for its models and keeps the order of the others", () => {
  const history = serving();
  for (const model of ["b", "c", "b", "a"]) history.request(model);
  assertEquals(history.tell({ type: "unloadAsked", unloadId: 1, models: ["b"] }), [
    "refuse 2 model_unloaded",
    "refuse 4 model_unloaded",
    "stop 1 b",
  ]);
  assertEquals([3, 5].map((ticket) => positionOf(history.state.queue, ticket)), [1, 2]);
  assertEquals(history.log.at(-1)?.type, "announce");
});

Deno.test("S17: an unload does not fail the request that is being served", () => {
  const history = serving();
  assertEquals(history.tell({ type: "unloadAsked", unloadId: 1, models: null }), ["stop 1 all"]);
  assertEquals(history.tell(served(1)), []);
});

Deno.test("S18: no head starts while any unload is pending, and the next one starts when the last has ended", () => {
  const history = new History();
  history.tell({ type: "unloadAsked", unloadId: 1, models: ["a"] });
  history.tell({ type: "unloadAsked", unloadId: 2, models: ["b"] });
  assertEquals(history.request("c"), []);
  assertEquals(history.tell({ type: "unloaded", unloadId: 1 }), []);
  assertEquals(history.tell({ type: "unloaded", unloadId: 2 }), ["load 1 c"]);
});

Deno.test("S19: closing fails what loads and waits, and later requests; what is served goes on", () => {
  const error = new GatewayError("shutting_down", "bye");
  const history = new History();
  history.request("a");
  history.request("b");
  assertEquals(history.tell({ type: "closing", error }), [
    "abandon 1",
    "refuse 1 shutting_down",
    "refuse 2 shutting_down",
  ]);
  assertEquals(history.request("a"), ["refuse 3 shutting_down"]);
  const second = serving();
  second.request("b");
  assertEquals(second.tell({ type: "closing", error }), ["refuse 2 shutting_down"]);
  assertEquals(second.state.active?.turns.size, 1);
  assertEquals(second.tell(served(1)), []);
});

Deno.test("G5: the request beyond maxQueue gets 429 with Retry-After from the measured loads and answers", () => {
  const history = new History({ maxQueue: 2 });
  history.request("a");
  history.now = 4000;
  history.finishLoad(1, "a");
  history.now = 5000;
  history.tell(served(1));
  for (const model of ["a", "b", "b"]) history.request(model);
  assertEquals(history.request("c"), ["refuse 5 queue_full"]);
  // a's answer, b's load, two answers of b, its own load: all as a's were
  assertEquals(history.error(5)?.retryAfterS, 1 + 4 + 2 * 1 + 4);
  assertEquals(history.error(5)?.status, 429);
});

Deno.test("G5: with maxQueue 0 a request that starts at once is served", () => {
  const history = new History({ maxQueue: 0 });
  assertEquals(history.request("a"), ["load 1 a"]);
  assertEquals(history.request("a"), ["refuse 2 queue_full"]);
});

Deno.test("G5: a request that waited for maxWait gets 503 with Retry-After, in arrival order by one timer", () => {
  const history = serving({ maxWaitMs: 100 });
  history.now = 10;
  history.request("b");
  history.now = 50;
  history.request("c");
  assertEquals(history.state.wakeAt, 110);
  history.now = 110;
  assertEquals(history.tell({ type: "woke" }), ["refuse 2 queue_timeout"]);
  assertEquals(history.error(2)?.retryAfterS !== undefined, true);
  assertEquals(history.state.wakeAt, 150);
  assertEquals(history.tell(served(1)), ["load 2 c -a"]);
  assertEquals(history.state.wakeAt, null);
});

Deno.test("G5: a concurrencyLimit counts waiting and active requests, only where it is configured", () => {
  const history = new History({}, new Map([["a", { limit: 2 }], ["b", {}]]));
  history.request("a");
  history.request("a");
  assertEquals(history.request("a"), ["refuse 3 concurrency_limit"]);
  assertEquals(history.request("b"), []);
  history.tell(cancelled(2));
  assertEquals(history.request("a"), []);
});

Deno.test("G8: an operator removes a waiting request, answers a loading one and cuts a serving one", () => {
  const ask = (ticket: number) => ({ type: "cancelAsked", ticket }) as const;
  const history = new History();
  history.request("a");
  history.request("b");
  assertEquals(history.tell(ask(2)), ["refuse 2 cancelled"]);
  assertEquals(history.tell(ask(1)), ["refuse 1 cancelled"]);
  assertEquals(history.tell(ask(1)), []);
  assertEquals(history.finishLoad(1, "a"), []);
  assertEquals(history.request("a"), ["grant 3"]);
  assertEquals(history.tell(ask(3)), ["interrupt 3 cancelled"]);
  assertEquals(history.state.active?.turns.size, 1);
});

Deno.test("G11: adjacent requests for the resident model overlap up to parallel, and never past another model", () => {
  const history = serving({ parallel: 2 });
  assertEquals(history.request("a"), ["grant 2"]);
  assertEquals(history.request("a"), []);
  assertEquals(history.request("b"), []);
  assertEquals(history.request("a"), []);
  assertEquals(history.tell(served(1)), ["grant 3"]);
  assertEquals(history.tell(served(2)), []);
  assertEquals(history.tell(served(3)), ["load 2 b -a"]);
});

Deno.test("G11: nobody joins while a load runs, the backend is not ready or an unload is pending", () => {
  const history = new History({ parallel: 3 });
  history.request("a");
  assertEquals(history.request("a"), []);
  assertEquals(history.finishLoad(1, "a"), ["grant 1", "grant 2"]);
  history.phase("a", "stopping");
  assertEquals(history.request("a"), []);
  history.tell({ type: "unloadAsked", unloadId: 1, models: ["b"] });
  assertEquals(history.phase("a", "ready"), []);
  assertEquals(history.tell({ type: "unloaded", unloadId: 1 }), ["grant 3"]);
});

Deno.test("a lease whose backend was lost keeps its slot and loads again before any other request", () => {
  const history = serving();
  history.request("b");
  history.phase("a", "stopped");
  assertEquals(history.tell({ type: "lost", ticket: 1 }), ["load 2 a"]);
  assertEquals(history.finishLoad(2, "a"), ["grant 1"]);
  assertEquals(history.tell(served(1)), ["load 3 b -a"]);
});

Deno.test("a lost lease whose caller leaves while an unload is pending frees its slot without a load", () => {
  const history = serving();
  history.tell({ type: "unloadAsked", unloadId: 1, models: ["a"] });
  history.phase("a", "stopped");
  assertEquals(history.tell({ type: "lost", ticket: 1 }), []);
  assertEquals(history.tell(cancelled(1)), []);
  assertEquals(history.state.active, null);
  assertEquals(history.tell({ type: "unloaded", unloadId: 1 }), []);
});
