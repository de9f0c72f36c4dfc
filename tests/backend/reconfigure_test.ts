import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { GatewayError } from "../../src/errors.ts";
import { GRACE_MS, load, ready, settled, specFor, START_TIMEOUT_MS, TTL_MS, world } from "./world.ts";

function asked(signal: AbortSignal = new AbortController().signal) {
  return { evict: [], signal };
}

Deno.test("a reload adds models that can be loaded at once", async () => {
  const w = world(["a"]);
  w.answers.set("b", 200);
  w.backends.reconfigure([specFor("a"), specFor("b")]);
  await ready(w, "b");
  assertEquals(w.phases, ["b starting", "b ready"]);
});

Deno.test("a running model with the same process key keeps its process, its target and its holds", async () => {
  const w = world(["a"]);
  await ready(w, "a");
  const { target, release } = w.backends.hold("a");
  assertEquals(w.backends.reconfigure([specFor("a", { ttlMs: 10 * TTL_MS })]), []);
  assertStrictEquals(w.backends.hold("a").target, target);
  release();
  assertEquals(w.supervisor.journal, ["start a"]);
  assertEquals(w.backends.snapshot(), [{ model: "a", phase: "ready", pid: 1 }]);
});

Deno.test("settings that need no new process hold for the running one at once: ttl, grace, stop command, start timeout", async () => {
  const w = world(["a", "b"]);
  await ready(w, "a");
  w.clock.advance(TTL_MS - 1);
  const stopCommand = () => ["stop", "a"];
  w.backends.reconfigure([
    specFor("a", { ttlMs: 2 * TTL_MS, stopGraceMs: 5 * GRACE_MS, stopCommand }),
    specFor("b", { startTimeoutMs: 2 * START_TIMEOUT_MS }),
  ]);
  w.clock.advance(TTL_MS);
  assertEquals(w.supervisor.count("terminate a"), 0);
  w.clock.advance(1);
  assertEquals(w.supervisor.terminated.map((spec) => spec.stopCommand), [stopCommand]);
  w.clock.advance(5 * GRACE_MS - 1);
  assertEquals(w.supervisor.count("kill a"), 0);
  w.clock.advance(1);
  assertEquals(w.supervisor.count("kill a"), 1);
  w.supervisor.last("a").end();

  w.answers.delete("b");
  void load(w, "b");
  await settled();
  w.supervisor.last("b").run();
  await settled();
  w.clock.advance(START_TIMEOUT_MS);
  w.backends.reconfigure([specFor("a"), specFor("b", { startTimeoutMs: 3 * START_TIMEOUT_MS })]);
  w.clock.advance(2 * START_TIMEOUT_MS - 1);
  assertEquals(w.supervisor.count("terminate b"), 0);
  w.clock.advance(1);
  assertEquals(w.supervisor.count("terminate b"), 1);
  w.supervisor.last("b").end();
  await settled();
});

Deno.test("a changed model's process is stopped as it was started, and the next start is the new one", async () => {
  const w = world(["a"]);
  await ready(w, "a");
  const changed = specFor("a", {
    processKey: "other",
    stopGraceMs: 9 * GRACE_MS,
    stopCommand: () => ["new"],
    ttlMs: null,
  });
  assertEquals(w.backends.reconfigure([changed]), ["a"]);
  assertEquals(w.supervisor.journal, ["start a"], "the scheduler stops it, when it has drained");
  assertEquals(w.backends.present().get("a"), { processKey: "", port: null });
  const stopped = w.backends.stop(["a"]);
  assertEquals(w.supervisor.terminated.map((spec) => spec.stopCommand), [null]);
  w.clock.advance(GRACE_MS);
  assertEquals(w.supervisor.count("kill a"), 1, "its own grace");
  w.supervisor.last("a").end();
  await stopped;
  await ready(w, "a");
  assertStrictEquals(w.supervisor.started.at(-1), changed);
  assertEquals(w.backends.present().get("a")?.processKey, "other");
  w.clock.advance(100 * TTL_MS);
  assertEquals(w.supervisor.count("terminate a"), 1, "the new ttl is none");
});

Deno.test("a start that waits for the end of a changed process is the new one", async () => {
  const w = world(["a"]);
  await ready(w, "a");
  w.clock.advance(TTL_MS);
  const loading = w.backends.load("a", asked());
  w.backends.reconfigure([specFor("a", { processKey: "other" })]);
  w.supervisor.last("a").end();
  await settled();
  w.supervisor.last("a").run();
  await loading;
  assertEquals(w.supervisor.started.map((spec) => spec.processKey), ["", "other"]);
});

Deno.test("a spec with the same key and another port does not fit the process that runs", async () => {
  const w = world(["a"]);
  w.backends.reconfigure([specFor("a", { port: 5800 })]);
  await ready(w, "a");
  w.backends.reconfigure([specFor("a", { port: 5801 })]);
  assertEquals(w.backends.present().get("a")?.port, 5800);
});

Deno.test("a removed model is known until its process is gone, can be stopped, and then leaves nothing behind", async () => {
  const w = world(["a", "b"]);
  await ready(w, "a");
  assertEquals(w.backends.reconfigure([]), ["a"]);
  assertEquals(w.backends.snapshot().map(({ model }) => model), ["a"], "b had no process");
  assertEquals(w.supervisor.forgotten, ["b"]);
  const stopped = w.backends.stop(["a", "b"]);
  w.supervisor.last("a").end();
  await stopped;
  assertEquals(w.backends.snapshot(), []);
  assertEquals(w.supervisor.forgotten, ["b", "a"]);
  assertEquals(w.phases.slice(-2), ["a stopping", "a stopped"], "its end was told");
});

Deno.test("a load whose model is removed while others make room for it starts nothing", async () => {
  const w = world(["a", "b"]);
  await ready(w, "a");
  const loading = load(w, "b", ["a"]);
  await settled();
  w.backends.reconfigure([specFor("a")]);
  w.supervisor.last("a").end();
  assertEquals((await assertRejects(() => loading, GatewayError)).code, "unknown_model");
  assertEquals(w.supervisor.count("start b"), 0);
  assertEquals((await assertRejects(() => load(w, "b"), GatewayError)).code, "unknown_model");
});

Deno.test("a load whose model changes while others make room for it starts the new one", async () => {
  const w = world(["a", "b"]);
  await ready(w, "a");
  const loading = load(w, "b", ["a"]);
  await settled();
  assertEquals(w.backends.reconfigure([specFor("a"), specFor("b", { processKey: "new" })]), []);
  w.supervisor.last("a").end();
  await settled();
  w.supervisor.last("b").run();
  await loading;
  assertEquals(w.supervisor.started.at(-1)?.processKey, "new");
});

Deno.test("a model that is removed and comes back while its process ends stays", async () => {
  const w = world(["a"]);
  await ready(w, "a");
  w.backends.reconfigure([]);
  const stopped = w.backends.stop(["a"]);
  w.backends.reconfigure([specFor("a", { processKey: "again" })]);
  w.supervisor.last("a").end();
  await stopped;
  assertEquals(w.backends.snapshot().map(({ model }) => model), ["a"]);
  await ready(w, "a");
  assertEquals(w.supervisor.started.at(-1)?.processKey, "again");
});

Deno.test("1,000 reloads with models that come, run and go leave no backend, timer or output behind", async () => {
  const w = world(["kept"]);
  await ready(w, "kept");
  const release = w.backends.hold("kept").release;
  for (let reload = 0; reload < 1_000; reload++) {
    const model = `m${reload}`;
    w.answers.set(model, 200);
    w.backends.reconfigure([specFor("kept"), specFor(model)]);
    await ready(w, model);
    w.backends.reconfigure([specFor("kept")]);
    const stopped = w.backends.stop([model]);
    w.supervisor.last(model).end();
    await stopped;
  }
  assertEquals(w.backends.snapshot().map(({ model, phase }) => `${model} ${phase}`), ["kept ready"]);
  assertEquals(w.supervisor.forgotten.length, 1_000);
  assertEquals(w.clock.waiting(), 1, "the idle time of the one that is kept");
  release();
  assertEquals(w.supervisor.count("start kept"), 1);
});
