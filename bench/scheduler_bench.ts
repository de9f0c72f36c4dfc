/**
 * What a request costs the scheduler: nanoseconds per operation at three lengths of the queue and with 2 and 500 models,
 * for a request that is granted at once, heap per waiting caller, and the same figures of `fifo` beside `serial`'s.
 *
 * Run: `deno run -P=bench --v8-flags=--expose-gc bench/scheduler_bench.ts`; under `deno bench` only the timings are made.
 * Each figure is the best of some rounds: the machine's other work only ever adds.
 *
 * @module
 */

import { systemClock } from "../src/clock.ts";
import { GatewayError } from "../src/errors.ts";
import { silentLog } from "../src/log.ts";
import type { BackendPort } from "../src/scheduler/backend_port.ts";
import { Scheduler } from "../src/scheduler/scheduler.ts";
import type { SchedulerSettings } from "../src/scheduler/types.ts";

const LENGTHS = [10, 1_000, 100_000];
const MODEL_COUNTS = [2, 500];
const ROUNDS = 3;

/** How the scheduler under test is configured. */
interface Setting {
  /** How many models there are; the waiting requests go round them. */
  readonly models: number;
  /** Whether each model has a (high) limit of its own, so that its requests are counted. */
  readonly counted?: boolean;
  readonly parallel?: number;
  /** Which core decides; `serial` when absent. Under `fifo` every model excludes all others, and all are counted. */
  readonly use?: "serial" | "fifo";
  /** All wait for this model instead of going round. */
  readonly only?: string;
}

/** Loads and stops end at once. */
function instantBackends(): BackendPort<null> {
  let resident: string | null = null;
  let tell: (model: string, phase: "ready" | "stopped") => void = () => {};
  return {
    load(model) {
      if (resident !== null && resident !== model) tell(resident, "stopped");
      resident = model;
      tell(model, "ready");
      return Promise.resolve();
    },
    stop: () => Promise.resolve(),
    hold: () => ({ target: null, release() {} }),
    subscribe(listener) {
      tell = listener;
      return () => {};
    },
  };
}

function settingsOf({ use = "serial", parallel = 1 }: Setting): SchedulerSettings {
  if (use === "serial") return { use, parallel, maxQueue: 1_000_000, maxWaitMs: null };
  const policy = {
    evictedBy: (target: string, running: readonly string[]) => running.filter((model) => model !== target),
  };
  return { use, policy, priorities: new Map(), maxAgeMs: null, maxWaitMs: null };
}

function newScheduler(setting: Setting): Scheduler<null> {
  const { models, counted = false } = setting;
  return new Scheduler({
    backends: instantBackends(),
    clock: systemClock,
    log: silentLog,
    models: new Map(Array.from({ length: models }, (_, i) => [`m${i}`, counted ? { limit: 1_000_000 } : {}])),
    settings: settingsOf(setting),
  });
}

interface Timings {
  readonly enqueueNs: number;
  readonly cancelNs: number;
  readonly positionNs: number;
  readonly drainNs: number;
}

/** Fills a queue, cancels half of it in random order, asks for positions, drains the rest. */
async function measureOnce(length: number, setting: Setting): Promise<Timings> {
  const scheduler = newScheduler(setting);
  const blocker = await scheduler.acquire("m0");
  const controllers = Array.from({ length }, () => new AbortController());
  const ids = controllers.map((_, i) => `r${i}`);
  const names = setting.only === undefined ? Array.from({ length: setting.models }, (_, i) => `m${i}`) : [setting.only];
  const lives: Promise<unknown>[] = [];
  let random = 12345;
  const next = () => (random = (random * 1103515245 + 12345) % 2147483648);

  let start = performance.now();
  controllers.forEach(({ signal }, i) => {
    const lease = scheduler.acquire(names[i % names.length] ?? "", { signal, id: ids[i] ?? "" });
    lives.push(lease.then((granted) => granted.release(), () => {}));
  });
  const enqueueNs = ((performance.now() - start) * 1e6) / length;

  const order = controllers.map((_, i) => i);
  for (let i = order.length - 1; i > 0; i--) {
    const j = next() % (i + 1);
    [order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
  }
  const leavers = order.slice(0, length / 2);
  start = performance.now();
  for (const i of leavers) controllers[i]?.abort("left");
  const cancelNs = ((performance.now() - start) * 1e6) / leavers.length;

  start = performance.now();
  for (let i = 0; i < length; i++) scheduler.position(ids[order[length - 1 - (i % (length / 2))] ?? 0] ?? "");
  const positionNs = ((performance.now() - start) * 1e6) / length;

  start = performance.now();
  blocker.release();
  await Promise.all(lives);
  const drainNs = ((performance.now() - start) * 1e6) / (length - leavers.length);
  return { enqueueNs, cancelNs, positionNs, drainNs };
}

/**
 * What the runtime alone takes of {@link measureOnce}: per caller a promise, an abort listener and an entry in a map. It
 * grows with the number of callers, as their objects do not fit the processor's caches any more.
 */
async function runtimeOnly(length: number): Promise<Pick<Timings, "enqueueNs" | "cancelNs">> {
  const controllers = Array.from({ length }, () => new AbortController());
  const callers = new Map<number, unknown>();
  const lives: Promise<unknown>[] = [];
  let start = performance.now();
  controllers.forEach(({ signal }, i) => {
    const life = new Promise((_, reject) => {
      const caller = { reject, handleEvent: () => callers.delete(i) && reject(signal.reason) };
      callers.set(i, caller);
      signal.addEventListener("abort", caller);
    });
    lives.push(life.then(() => {}, () => {}));
  });
  const enqueueNs = ((performance.now() - start) * 1e6) / length;
  const step = 7919; // a prime: every caller once, in no order that a cache could follow
  start = performance.now();
  for (let i = 0; i < length; i++) controllers[(i * step) % length]?.abort("left");
  const cancelNs = ((performance.now() - start) * 1e6) / length;
  await Promise.all(lives);
  return { enqueueNs, cancelNs };
}

async function sayRuntimeOnly(length: number): Promise<void> {
  const best = { enqueueNs: Infinity, cancelNs: Infinity };
  for (let round = 0; round < ROUNDS; round++) {
    const sum = { enqueueNs: 0, cancelNs: 0 };
    const repeats = Math.ceil(20_000 / length);
    for (let i = 0; i < repeats; i++) {
      const { enqueueNs, cancelNs } = await runtimeOnly(length);
      sum.enqueueNs += enqueueNs / repeats;
      sum.cancelNs += cancelNs / repeats;
    }
    best.enqueueNs = Math.min(best.enqueueNs, sum.enqueueNs);
    best.cancelNs = Math.min(best.cancelNs, sum.cancelNs);
  }
  say(
    `${length} waiting, of that the runtime's: enqueue ${Math.round(best.enqueueNs)}  cancel ${
      Math.round(best.cancelNs)
    }`,
  );
}

/** The best of enough rounds that each length does about as much work. */
async function measure(length: number, setting: Setting, requests = 20_000): Promise<Timings> {
  let best: Timings | null = null;
  for (let round = 0; round < ROUNDS; round++) {
    const repeats = Math.ceil(requests / length);
    const sum = { enqueueNs: 0, cancelNs: 0, positionNs: 0, drainNs: 0 };
    for (let i = 0; i < repeats; i++) {
      const one = await measureOnce(length, setting);
      for (const key of Object.keys(sum) as (keyof Timings)[]) sum[key] += one[key] / repeats;
    }
    const known: Timings = best ?? sum;
    best = {
      enqueueNs: Math.min(known.enqueueNs, sum.enqueueNs),
      cancelNs: Math.min(known.cancelNs, sum.cancelNs),
      positionNs: Math.min(known.positionNs, sum.positionNs),
      drainNs: Math.min(known.drainNs, sum.drainNs),
    };
  }
  return best ?? { enqueueNs: 0, cancelNs: 0, positionNs: 0, drainNs: 0 };
}

/** Nanoseconds from `acquire` to the end of `release` on the resident model, with all other slots taken. */
async function hotPathNs(setting: Setting, withSignal: boolean): Promise<number> {
  const scheduler = newScheduler(setting);
  (await scheduler.acquire("m0")).release();
  for (let i = 1; i < (setting.parallel ?? 1); i++) await scheduler.acquire("m0");
  const { signal } = new AbortController();
  let best = Infinity;
  for (let round = 0; round < 2 * ROUNDS; round++) {
    const count = 50_000;
    const start = performance.now();
    for (let i = 0; i < count; i++) {
      const lease = await scheduler.acquire("m0", withSignal ? { signal, id: "r" } : {});
      lease.release();
    }
    best = Math.min(best, ((performance.now() - start) * 1e6) / count);
  }
  return best;
}

/** Bytes of heap per waiting caller with an abort listener, the caller's own signal and id not counted. */
async function heapPerWaiter(gc: () => void): Promise<number> {
  const length = 100_000;
  const scheduler = newScheduler({ models: 4 });
  const blocker = await scheduler.acquire("m0");
  const controllers = Array.from({ length }, () => new AbortController());
  const signals = controllers.map(({ signal }) => signal);
  const ids = signals.map((_, i) => `request-${i}`);
  const leases: (Promise<unknown> | null)[] = new Array(length).fill(null);
  gc();
  const before = Deno.memoryUsage().heapUsed;
  signals.forEach((signal, i) => {
    leases[i] = scheduler.acquire(`m${i % 4}`, { signal, id: ids[i] ?? "" });
  });
  gc();
  const bytes = (Deno.memoryUsage().heapUsed - before) / length;
  leases.forEach((lease) => lease?.catch(() => {}));
  scheduler.close(new GatewayError("shutting_down", "The bench is over"));
  blocker.release();
  return bytes;
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

async function sayHotPath(): Promise<void> {
  for (const models of MODEL_COUNTS) {
    for (const parallel of [1, 32]) {
      const bare = await hotPathNs({ models, parallel }, false);
      const full = await hotPathNs({ models, parallel }, true);
      const names = `${models} models, parallel ${parallel}`;
      say(`granted at once, ${names}: ${Math.round(bare)} ns, with signal and id ${Math.round(full)} ns`);
    }
  }
}

/** `fifo` beside `serial`, in turns: the same requests for the same models, which exclude each other under both. */
async function sayFifo(): Promise<void> {
  const length = 1_000;
  await measure(length, { models: 4, counted: true, use: "fifo" });
  await measure(length, { models: 4, counted: true, use: "fifo", only: "m1" });
  for (const models of MODEL_COUNTS) {
    const both = async <T>(one: (setting: Setting) => Promise<T>, more: Partial<Setting> = {}) =>
      [
        await one({ models, counted: true, use: "serial", ...more }),
        await one({ models, counted: true, use: "fifo", ...more }),
      ] as const;
    const granted = await both((setting) => hotPathNs(setting, true));
    say(`fifo beside serial, ${models} models, granted at once: ${beside(granted)}`);
    for (const only of ["m1", undefined]) {
      const [serial, fifo] = await both(
        (setting) => measure(length, setting, 2 * length),
        only === undefined ? {} : { only },
      );
      const figures = (Object.keys(serial) as (keyof Timings)[])
        .map((key) => `${key} ${beside([serial[key], fifo[key]])}`);
      const what = `${length} waiting for ${only === undefined ? "all in turn" : "one"} while another is served`;
      say(`fifo beside serial, ${models} models, ${what}: ${figures.join("  ")}`);
    }
  }
}

function beside([serial, fifo]: readonly [number, number]): string {
  return `${Math.round(serial)} → ${Math.round(fifo)} (× ${(fifo / serial).toFixed(2)})`;
}

if (import.meta.main) {
  await measure(1_000, { models: 4 });
  await sayHotPath();
  for (const length of LENGTHS) await sayRuntimeOnly(length);
  for (const counted of [false, true]) {
    for (const models of MODEL_COUNTS) {
      for (const length of LENGTHS) {
        const figures = Object.entries(await measure(length, { models, counted }));
        const what = `${length} waiting, ${models} models${counted ? " with limits" : ""}`;
        say(`${what}: ${figures.map(([name, ns]) => `${name} ${Math.round(ns)}`).join("  ")}`);
      }
    }
  }
  await sayFifo();
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) say("heap per waiter: run with --v8-flags=--expose-gc");
  else say(`heap per waiter: ${Math.round(await heapPerWaiter(gc))} bytes`);
} else {
  for (const length of LENGTHS) {
    Deno.bench(`enqueue, cancel half, drain: ${length} waiting`, { n: 3, warmup: 1 }, async () => {
      await measureOnce(length, { models: 4 });
    });
  }
  Deno.bench("granted at once", { n: 3, warmup: 1 }, async () => {
    await hotPathNs({ models: 2 }, true);
  });
}
