/**
 * What a long queue costs: nanoseconds per operation at three lengths, and heap per waiting caller.
 *
 * Run: `deno run -P=bench --v8-flags=--expose-gc bench/scheduler_bench.ts`; under `deno bench` only the timings are made.
 *
 * @module
 */

import { systemClock } from "../src/clock.ts";
import { GatewayError } from "../src/errors.ts";
import { silentLog } from "../src/log.ts";
import type { BackendPort } from "../src/scheduler/backend_port.ts";
import { SerialScheduler } from "../src/scheduler/scheduler.ts";

const MODELS = ["a", "b", "c", "d"];
const LENGTHS = [1_000, 10_000, 100_000];

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

function newScheduler(): SerialScheduler<null> {
  return new SerialScheduler({
    backends: instantBackends(),
    clock: systemClock,
    log: silentLog,
    models: new Map(MODELS.map((model) => [model, {}])),
    settings: { parallel: 1, maxQueue: 1_000_000, maxWaitMs: null },
  });
}

interface Timings {
  readonly enqueueNs: number;
  readonly cancelNs: number;
  readonly positionNs: number;
  readonly drainNs: number;
}

/** Fills a queue, cancels half of it in random order, asks for positions, drains the rest. */
async function measure(length: number): Promise<Timings> {
  const scheduler = newScheduler();
  const blocker = await scheduler.acquire("a");
  const controllers = Array.from({ length }, () => new AbortController());
  const lives: Promise<unknown>[] = [];
  let random = 12345;
  const next = () => (random = (random * 1103515245 + 12345) % 2147483648);

  let start = performance.now();
  controllers.forEach(({ signal }, i) => {
    const lease = scheduler.acquire(MODELS[i % MODELS.length] ?? "a", { signal, id: `r${i}` });
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
  for (let i = 0; i < 1000; i++) scheduler.position(`r${order[length - 1 - (i % (length / 2))]}`);
  const positionNs = ((performance.now() - start) * 1e6) / 1000;

  start = performance.now();
  blocker.release();
  await Promise.all(lives);
  const drainNs = ((performance.now() - start) * 1e6) / (length - leavers.length);
  return { enqueueNs, cancelNs, positionNs, drainNs };
}

/** Bytes of heap per waiting caller with an abort listener, the caller's own signal and id not counted. */
async function heapPerWaiter(gc: () => void): Promise<number> {
  const length = 100_000;
  const scheduler = newScheduler();
  const blocker = await scheduler.acquire("a");
  const controllers = Array.from({ length }, () => new AbortController());
  const signals = controllers.map(({ signal }) => signal);
  const ids = signals.map((_, i) => `request-${i}`);
  const leases: (Promise<unknown> | null)[] = new Array(length).fill(null);
  gc();
  const before = Deno.memoryUsage().heapUsed;
  signals.forEach((signal, i) => {
    leases[i] = scheduler.acquire(MODELS[i % MODELS.length] ?? "a", { signal, id: ids[i] ?? "" });
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

if (import.meta.main) {
  await measure(1000);
  for (const length of LENGTHS) {
    const { enqueueNs, cancelNs, positionNs, drainNs } = await measure(length);
    const figures = Object.entries({ enqueueNs, cancelNs, positionNs, drainNs });
    say(`${length} waiting: ${figures.map(([name, ns]) => `${name} ${Math.round(ns)}`).join("  ")}`);
  }
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) say("heap per waiter: run with --v8-flags=--expose-gc");
  else say(`heap per waiter: ${Math.round(await heapPerWaiter(gc))} bytes`);
} else {
  for (const length of LENGTHS) {
    Deno.bench(`enqueue, cancel half, drain: ${length} waiting`, { n: 3, warmup: 1 }, async () => {
      await measure(length);
    });
  }
}
