/**
 * How long loads and answers take, learnt for each model from those that were: the source of `Retry-After` and of what
 * waiting callers are told.
 *
 * A value that is never changed in place; one more measurement costs O(log32 n) of the models that were measured.
 *
 * @module
 */

import { append, emptyQueue, find, type Queue, replace } from "./queue.ts";

/** What was measured so far. */
export interface Estimates {
  /** Where a model's times are kept. */
  readonly places: ReadonlyMap<string, number>;
  /** The times for every place. */
  readonly kept: Queue<Measured>;
  /** The times of all models together. */
  readonly all: Totals;
}

/** Moving averages of one model, in milliseconds; null before the first. */
export interface Measured {
  /** Its place. */
  readonly ticket: number;
  /** From the wish for a load until it is ready: what stood in its way has been stopped meanwhile. */
  readonly loadMs: number | null;
  /** From the grant of a lease until it is given back. */
  readonly serviceMs: number | null;
}

/** Sums of the averages of all models that have one. */
interface Totals {
  readonly loadsMs: number;
  readonly loads: number;
  readonly servicesMs: number;
  readonly services: number;
}

/** Nothing measured yet. */
export const NO_ESTIMATES: Estimates = {
  places: new Map(),
  kept: emptyQueue(),
  all: { loadsMs: 0, loads: 0, servicesMs: 0, services: 0 },
};

/** Weight of the newest measurement: about the last ten matter. */
const WEIGHT = 0.2;

/** Taken for a load while no load was measured; with {@link ASSUMED_SERVICE_MS} 10 s for a turn. */
const ASSUMED_LOAD_MS = 8000;

/** Taken for an answer while none was measured. */
const ASSUMED_SERVICE_MS = 2000;

/** Whoever gives a lease back sooner has not asked its backend: a preload, or a client that has left. */
const LEAST_SERVICE_MS = 1;

/** A week: whatever is said to have taken longer is a clock that jumped. */
const MOST_MEASURED_MS = 7 * 24 * 3_600_000;

const MOST_RETRY_AFTER_S = 3600;

/** Takes one more load of a model into account. */
export function withLoad(estimates: Estimates, model: string, tookMs: number): Estimates {
  const before = measuredOf(estimates, model);
  const { ticket, serviceMs } = before;
  const loadMs = averaged(before.loadMs, tookMs);
  const { loadsMs, loads, servicesMs, services } = estimates.all;
  return withMeasured(estimates, model, {
    measured: { ticket, loadMs, serviceMs },
    all: {
      loadsMs: loadsMs + loadMs - (before.loadMs ?? 0),
      loads: loads + (before.loadMs === null ? 1 : 0),
      servicesMs,
      services,
    },
  });
}

/** Takes one more answer of a model into account. */
export function withService(estimates: Estimates, model: string, tookMs: number): Estimates {
  if (!(tookMs >= LEAST_SERVICE_MS)) return estimates;
  const before = measuredOf(estimates, model);
  const { ticket, loadMs } = before;
  const serviceMs = averaged(before.serviceMs, tookMs);
  const { loadsMs, loads, servicesMs, services } = estimates.all;
  return withMeasured(estimates, model, {
    measured: { ticket, loadMs, serviceMs },
    all: {
      loadsMs,
      loads,
      servicesMs: servicesMs + serviceMs - (before.serviceMs ?? 0),
      services: services + (before.serviceMs === null ? 1 : 0),
    },
  });
}

/** How long a load of this model takes, in milliseconds: as measured, or as other models', or assumed. */
export function loadMsOf(estimates: Estimates, model: string): number {
  const { loadsMs, loads } = estimates.all;
  return knownOf(estimates, model)?.loadMs ?? meanOf(loadsMs, loads) ?? ASSUMED_LOAD_MS;
}

/** How long an answer of this model takes, in milliseconds: as measured, or as other models', or assumed. */
export function serviceMsOf(estimates: Estimates, model: string): number {
  const { servicesMs, services } = estimates.all;
  return knownOf(estimates, model)?.serviceMs ?? meanOf(servicesMs, services) ?? ASSUMED_SERVICE_MS;
}

/** What is left of something that takes `usualMs` and has begun so long ago; what is overdue takes a quarter of that again. */
export function remainingMs(usualMs: number, elapsedMs: number): number {
  const elapsed = Math.max(0, elapsedMs);
  return Math.max(usualMs - elapsed, elapsed / 4);
}

/** Without the models that are not among these, so that reloads let nothing grow; the same when all are. */
export function forgetOthers(estimates: Estimates, models: ReadonlyMap<string, unknown>): Estimates {
  if ([...estimates.places.keys()].every((model) => models.has(model))) return estimates;
  let kept = NO_ESTIMATES;
  for (const model of estimates.places.keys()) {
    const known = models.has(model) ? knownOf(estimates, model) : undefined;
    if (known === undefined) continue;
    if (known.loadMs !== null) kept = withLoad(kept, model, known.loadMs);
    if (known.serviceMs !== null) kept = withService(kept, model, known.serviceMs);
  }
  return kept;
}

/** A wait as `Retry-After` tells it: whole seconds, 1 to 3600. */
export function retryAfterS(waitMs: number): number {
  return Math.min(MOST_RETRY_AFTER_S, Math.max(1, Math.ceil(waitMs / 1000)));
}

function averaged(before: number | null, tookMs: number): number {
  const measured = tookMs > 0 ? Math.min(tookMs, MOST_MEASURED_MS) : 0;
  return before === null ? measured : before + WEIGHT * (measured - before);
}

/** Sums of changes drift by some last digits: never below nothing. */
function meanOf(sum: number, count: number): number | null {
  return count === 0 ? null : Math.max(0, sum / count);
}

function knownOf({ places, kept }: Estimates, model: string): Measured | undefined {
  const place = places.get(model);
  return place === undefined ? undefined : find(kept, place);
}

function measuredOf(estimates: Estimates, model: string): Measured {
  return knownOf(estimates, model) ?? { ticket: estimates.places.size, loadMs: null, serviceMs: null };
}

function withMeasured(
  { places, kept }: Estimates,
  model: string,
  { measured, all }: { readonly measured: Measured; readonly all: Totals },
): Estimates {
  if (places.has(model)) return { places, kept: replace(kept, measured), all };
  return { places: new Map(places).set(model, measured.ticket), kept: append(kept, measured), all };
}
