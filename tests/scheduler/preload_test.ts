import { assertEquals, assertStringIncludes } from "@std/assert";
import { GatewayError } from "../../src/errors.ts";
import { silentLog } from "../../src/log.ts";
import { Preload } from "../../src/scheduler/preload.ts";
import type { SchedulerSettings } from "../../src/scheduler/types.ts";

const SERIAL: SchedulerSettings = { use: "serial", parallel: 1, maxQueue: 10, maxWaitMs: null };

/** Under this policy everything fits into memory together. */
const FIFO: SchedulerSettings = {
  use: "fifo",
  policy: { evictedBy: () => [] },
  priorities: new Map(),
  maxAgeMs: null,
  maxWaitMs: null,
};

/** A line in which only one model fits into memory, unless `fits`; loads end at once unless they are held back. */
function world({ fits = false, resident = [] as string[] } = {}) {
  const journal: string[] = [];
  const w = {
    journal,
    running: resident,
    active: 0,
    waiting: 0,
    lines: [] as string[],
    /** Called in each load, before it ends. */
    during: (_model: string): Promise<void> | void => {},
    preload: undefined as unknown as Preload,
  };
  w.preload = new Preload({
    scheduler: {
      async acquire(model, { signal }) {
        journal.push(`load ${model}`);
        await w.during(model);
        signal.throwIfAborted();
        w.running = fits ? [...w.running, model] : [model];
        return { release: () => void journal.push(`release ${model}`) };
      },
      snapshot: () => ({
        active: Array.from({ length: w.active }, () => ({ id: "", model: "", phase: "serving", ageMs: 0 })),
        total: w.waiting,
      }),
    },
    log: { ...silentLog, warn: (line) => void w.lines.push(line) },
    running: () => w.running,
    settings: () => fits ? FIFO : SERIAL,
  });
  return w;
}

Deno.test("models are loaded one after the other, each given back before the next; the last one stays", async () => {
  const w = world();
  await w.preload.run(["a", "b"]);
  assertEquals(w.journal, ["load a", "release a", "load b", "release b"]);
  assertEquals(w.running, ["b"]);
});

Deno.test("a model that others use is not evicted, and one that fits beside it is loaded", async () => {
  const alone = world({ resident: ["x"] });
  await alone.preload.run(["a", "x"]);
  assertEquals(alone.journal, ["load x", "release x"], "x itself is harmless");
  const roomy = world({ resident: ["x"], fits: true });
  await roomy.preload.run(["a"]);
  assertEquals(roomy.running, ["x", "a"]);
});

Deno.test("once somebody waits, or uses what was preloaded, nothing more is loaded", async () => {
  const waited = world();
  waited.during = () => void waited.waiting++;
  await waited.preload.run(["a", "b"]);
  assertEquals(waited.journal, ["load a", "release a"]);
  const used = world();
  used.during = () => void used.active++;
  await used.preload.run(["a", "b"]);
  assertEquals(used.journal, ["load a", "release a"]);
});

Deno.test("a load that fails is told and the next one is tried", async () => {
  const w = world();
  w.during = (model) => {
    if (model === "a") throw new GatewayError("start_failed", "no", { detail: "exit code 3" });
  };
  await w.preload.run(["a", "b"]);
  assertEquals(w.running, ["b"]);
  assertStringIncludes(w.lines.join(), "Preloading a failed: start_failed: no\nexit code 3");
});

Deno.test("a later run takes over, and a stop ends it without a word", async () => {
  const w = world();
  const gate = Promise.withResolvers<void>();
  w.during = (model) => model === "a" ? gate.promise : undefined;
  const first = w.preload.run(["a", "b"]);
  const second = w.preload.run(["c"]);
  gate.resolve();
  await Promise.all([first, second]);
  assertEquals(w.journal, ["load a", "load c", "release c"]);
  assertEquals(w.lines, []);
});
