import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { KILL_BOUND_MS } from "../../src/backend/lifecycle.ts";
import type { BackendPhase } from "../../src/backend/types.ts";
import { GatewayError } from "../../src/errors.ts";
import { GRACE_MS, load, ready, settled, START_TIMEOUT_MS, TTL_MS, world } from "./world.ts";

function codeOf(promise: Promise<unknown>): Promise<string> {
  return assertRejects(() => promise, GatewayError).then(({ code }) => code);
}

Deno.test("G1: a load stops every model to evict, together, and starts only when all are gone", async () => {
  const w = world();
  await ready(w, "a", "b");
  const loading = load(w, "c", ["a", "b"]);
  await settled();
  assertEquals(w.supervisor.journal.slice(2), ["terminate a", "terminate b"]);
  w.supervisor.last("a").end();
  w.supervisor.last("b").exit();
  await settled();
  assertEquals(w.supervisor.count("start c"), 0);
  w.supervisor.last("b").gone();
  await settled();
  w.supervisor.last("c").run();
  await loading;
  assertEquals(w.backends.snapshot().map(({ model, phase }) => `${model} ${phase}`), [
    "a stopped",
    "b stopped",
    "c ready",
  ]);
});

Deno.test("G1: when a model to evict survives SIGKILL the load fails with stop_failed and starts nothing", async () => {
  const w = world();
  await ready(w, "a");
  const loading = load(w, "b", ["a"]);
  await settled();
  w.clock.advance(GRACE_MS);
  w.clock.advance(KILL_BOUND_MS);
  assertEquals(await codeOf(loading), "stop_failed");
  assertEquals(w.supervisor.journal, ["start a", "terminate a", "kill a"]);
  // The next load kills again, and succeeds once the survivor is gone.
  const again = load(w, "b", ["a"]);
  await settled();
  assertEquals(w.supervisor.count("kill a"), 2);
  w.supervisor.last("a").end();
  await settled();
  w.supervisor.last("b").run();
  await again;
});

Deno.test("an aborted load starts nothing, neither after its stops nor after an unload that it waits for", async () => {
  const w = world();
  await ready(w, "a");
  const leaving = new AbortController();
  const loading = load(w, "b", ["a"], leaving.signal);
  await settled();
  leaving.abort();
  w.supervisor.last("a").end();
  await assertRejects(() => loading);
  assertEquals(w.supervisor.count("start b"), 0);

  await ready(w, "c");
  w.clock.advance(TTL_MS);
  const meeting = new AbortController();
  const waiting = load(w, "c", [], meeting.signal);
  await settled();
  meeting.abort();
  w.supervisor.last("c").end();
  await assertRejects(() => waiting);
  await settled();
  assertEquals(w.supervisor.count("start c"), 1);
});

Deno.test("a load of an unknown model fails with unknown_model and stops nothing", async () => {
  const w = world();
  await ready(w, "a");
  assertEquals(await codeOf(load(w, "nobody", ["a"])), "unknown_model");
  assertEquals(w.supervisor.count("terminate a"), 0);
});

Deno.test("a backend is unloaded when it was idle for its ttl, and never while it is held", async () => {
  const w = world();
  await ready(w, "a");
  const { target, release } = w.backends.hold("a");
  assertEquals(target.baseUrl, "http://127.0.0.1:1/");
  w.clock.advance(10 * TTL_MS);
  assertEquals(w.supervisor.count("terminate a"), 0);
  release();
  w.clock.advance(TTL_MS - 1);
  assertEquals(w.supervisor.count("terminate a"), 0);
  w.clock.advance(1);
  assertEquals(w.supervisor.count("terminate a"), 1);
  assert(target.isAlive());
  w.supervisor.last("a").exit();
  assert(!target.isAlive());
  assert(target.gone.aborted);
});

Deno.test("a target is told that it is left before anybody hears that its backend is stopping", async () => {
  const w = world();
  await ready(w, "a");
  const target = w.backends.readyTarget("a");
  assert(target !== null);
  const heard: string[] = [];
  target.leaving.addEventListener("abort", () => heard.push(`leaving: ${target.leaving.reason}`));
  w.backends.subscribe((model, phase) => heard.push(`${model} ${phase}`));
  heard.length = 0;
  const stopped = w.backends.stop(["a"]);
  assertEquals(heard, ["leaving: stopped", "a stopping"]);
  assert(!target.gone.aborted);
  w.supervisor.last("a").end();
  await stopped;
  assertEquals(target.leaving.reason, "stopped");
});

Deno.test("a target is told that its backend has exited by itself, also when a stop is asked for afterwards", async () => {
  const w = world();
  await ready(w, "a");
  const target = w.backends.readyTarget("a");
  w.supervisor.last("a").end();
  await w.backends.stop(["a"]);
  assertEquals(target?.leaving.reason, "exited");
});

Deno.test("a backend that is not ready has no target, and looking for one is no use of it", async () => {
  const w = world();
  assertEquals([w.backends.readyTarget("a"), w.backends.readyTarget("nobody")], [null, null]);
  await ready(w, "a");
  w.clock.advance(TTL_MS - 1);
  assert(w.backends.readyTarget("a") !== null);
  w.clock.advance(1);
  assertEquals(w.supervisor.count("terminate a"), 1);
  assertEquals(w.backends.readyTarget("a"), null);
  w.supervisor.last("a").end();
});

Deno.test("all requests of one generation get the same target, and cost no timer each", async () => {
  const w = world();
  await ready(w, "a");
  const { after } = w.clock;
  let timers = 0;
  w.clock.after = (delayMs, run) => {
    timers++;
    return after(delayMs, run);
  };
  const targets = new Set();
  for (let request = 0; request < 20_000; request++) {
    const { target, release } = w.backends.hold("a");
    targets.add(target);
    w.clock.advance(1);
    release();
  }
  assertEquals([targets.size, w.clock.waiting()], [1, 1]);
  assert(timers <= 20_000 / TTL_MS, `${timers} timers in ${20_000 / TTL_MS} idle times`);
  w.clock.advance(TTL_MS - 1);
  assertEquals(w.supervisor.count("terminate a"), 0);
  w.clock.advance(1);
  assertEquals(w.supervisor.count("terminate a"), 1);
});

Deno.test("a hold on what is not ready is refused, and one of an earlier generation holds nothing", async () => {
  const w = world();
  assertEquals(assertThrows(() => w.backends.hold("a"), GatewayError).code, "backend_unreachable");
  await ready(w, "a");
  const early = w.backends.hold("a");
  w.supervisor.last("a").end();
  await ready(w, "a");
  const late = w.backends.hold("a");
  assertEquals([early.target.generation, late.target.generation], [1, 2]);
  early.release();
  w.clock.advance(2 * TTL_MS);
  assertEquals(w.supervisor.count("terminate a"), 0);
  late.release();
});

Deno.test("a request that meets an idle unload waits for its end and is served by a fresh start", async () => {
  const w = world();
  await ready(w, "a");
  w.clock.advance(TTL_MS);
  assertEquals(w.supervisor.journal, ["start a", "terminate a"]);
  const loading = load(w, "a");
  await settled();
  assertEquals(w.supervisor.count("start a"), 1);
  w.supervisor.last("a").end();
  await settled();
  assertEquals(w.supervisor.count("start a"), 2);
  w.supervisor.last("a").run();
  await loading;
  assertEquals(w.backends.hold("a").target.generation, 2);
});

Deno.test("a subscriber is told what is not stopped, then every change, until it leaves", async () => {
  const w = world();
  await ready(w, "a");
  const told: string[] = [];
  const leave = w.backends.subscribe((model: string, phase: BackendPhase) => told.push(`${model} ${phase}`));
  assertEquals(told, ["a ready"]);
  w.supervisor.last("a").end();
  await settled();
  assertEquals(told, ["a ready", "a stopping", "a stopped"]);
  leave();
  await ready(w, "b");
  assertEquals(told.length, 3);
  assertEquals(w.phases.slice(-2), ["b starting", "b ready"]);
});

Deno.test("a backend that ends before it is ready fails its load with its exit code and last lines", async () => {
  const w = world();
  w.answers.delete("a");
  const loading = load(w, "a");
  await settled();
  w.supervisor.last("a").run();
  await settled();
  w.supervisor.last("a").exit(3);
  w.supervisor.last("a").gone();
  const error = await assertRejects(() => loading, GatewayError);
  assertEquals(error.code, "start_failed");
  assertStringIncludes(String(error.detail), "exit code 3");
  assertStringIncludes(String(error.detail), "last lines of a");
});

Deno.test("a group that ends before its start is told fails the load, and the next load starts anew", async () => {
  const w = world();
  const loading = load(w, "a");
  await settled();
  w.supervisor.last("a").end();
  w.supervisor.last("a").run();
  assertEquals(await codeOf(loading), "start_failed");
  assertEquals(w.backends.snapshot()[0], { model: "a", phase: "stopped", pid: null });
  await ready(w, "a");
});

Deno.test("a start that the supervisor refuses fails the load, and the next load starts anew", async () => {
  const w = world();
  const loading = load(w, "a");
  await settled();
  w.supervisor.last("a").fail(new GatewayError("start_failed", "The port is taken"));
  assertEquals(await codeOf(loading), "start_failed");
  await ready(w, "a");
});

Deno.test("a backend that never answers is given up at its deadline with start_timeout", async () => {
  const w = world();
  w.answers.delete("a");
  const loading = load(w, "a");
  await settled();
  w.supervisor.last("a").run();
  await settled();
  w.clock.advance(START_TIMEOUT_MS);
  assertEquals(w.supervisor.count("terminate a"), 1);
  w.supervisor.last("a").end();
  assertEquals(await codeOf(loading), "start_timeout");
});

Deno.test("a stop while starting fails the load with model_unloaded, also before the group is known", async () => {
  const w = world();
  const loading = load(w, "a");
  await settled();
  const stopping = w.backends.stop(["a"]);
  await settled();
  assertEquals(w.supervisor.journal, ["start a"]);
  w.supervisor.last("a").run();
  await settled();
  assertEquals(w.supervisor.journal, ["start a", "terminate a"]);
  w.supervisor.last("a").end();
  await stopping;
  assertEquals(await codeOf(loading), "model_unloaded");
});

Deno.test("a snapshot names the process id of a leader that lives, and none after its end", async () => {
  const w = world();
  await ready(w, "a");
  assertEquals(w.backends.snapshot()[0], { model: "a", phase: "ready", pid: 1 });
  w.supervisor.last("a").exit();
  assertEquals(w.backends.snapshot()[0], { model: "a", phase: "stopping", pid: null });
  w.supervisor.last("a").gone();
  await settled();
  assertEquals(w.backends.snapshot()[0], { model: "a", phase: "stopped", pid: null });
  assertEquals(w.backends.output("a"), "output of a");
});

Deno.test("closing stops every backend before the supervisor's helpers end", async () => {
  const w = world();
  await ready(w, "a");
  const closing = w.backends.close();
  await settled();
  assertEquals(w.supervisor.count("terminate a"), 1);
  assert(!w.supervisor.closed);
  w.supervisor.last("a").end();
  await closing;
  assert(w.supervisor.closed);
});
