/** Backends over a supervisor without processes, with probes and time in the test's hand. */

import { Backends } from "../../src/backend/backends.ts";
import type { BackendSpec } from "../../src/backend/types.ts";
import { silentLog } from "../../src/log.ts";
import { type HandClock, handClock } from "../tiny/hand_clock.ts";
import { FakeSupervisor } from "./fake_supervisor.ts";
import { specOf } from "./processes.ts";

export const GRACE_MS = 100;
export const TTL_MS = 1_000;
export const START_TIMEOUT_MS = 500;

/** Backends over fakes, and what moves them. */
export interface World {
  readonly backends: Backends;
  readonly supervisor: FakeSupervisor;
  readonly clock: HandClock;
  /** Statuses that probes answer, by model; none: the probe hangs until it is given up. */
  readonly answers: Map<string, number>;
  /** Every phase that was told, in order. */
  readonly phases: string[];
}

/** Backends of these models, none started. */
export function world(models: readonly string[] = ["a", "b", "c"]): World {
  const supervisor = new FakeSupervisor();
  const clock = handClock();
  const answers = new Map(models.map((model) => [model, 200]));
  const phases: string[] = [];
  const probe = (url: string, signal: AbortSignal): Promise<number> => {
    const status = answers.get(new URL(url).pathname.slice(1));
    if (status !== undefined) return Promise.resolve(status);
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("gave up"))));
  };
  const backends = new Backends({
    specs: models.map((model) => specFor(model)),
    clock,
    log: silentLog,
    supervisor,
    probes: { http: probe, connect: probe },
  });
  backends.subscribe((model, phase) => phases.push(`${model} ${phase}`));
  return { backends, supervisor, clock, answers, phases };
}

/** How a model of the world is run. */
export function specFor(model: string, changes: Partial<BackendSpec> = {}): BackendSpec {
  return specOf("", {
    model,
    proxy: `http://127.0.0.1:1/`,
    checkEndpoint: `/${model}`,
    startTimeoutMs: START_TIMEOUT_MS,
    ttlMs: TTL_MS,
    stopGraceMs: GRACE_MS,
    ...changes,
  });
}

/** Lets every promise that can settle do so. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Loads a model; its failure is judged later. */
export function load(
  { backends }: World,
  model: string,
  evict: readonly string[] = [],
  signal: AbortSignal = new AbortController().signal,
): Promise<void> {
  const loading = backends.load(model, { evict, signal });
  loading.catch(() => {}); // judged later
  return loading;
}

/** Brings models to ready. */
export async function ready(w: World, ...models: string[]): Promise<void> {
  for (const model of models) {
    const loading = load(w, model);
    await settled();
    w.supervisor.last(model).run();
    await loading;
  }
}
