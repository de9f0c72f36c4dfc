/**
 * What can be done for a model now, under `fifo`: the one decision, for a new request and for each that waits.
 *
 * @module
 */

import { oldest } from "./fifo_lanes.ts";
import type { Draft } from "./fifo_draft.ts";
import { first } from "./queue.ts";
import { isDraining, isStale } from "./reload.ts";
import type { Ticket } from "./types.ts";

/** What can be done; null when the request has to wait. */
export type Choice =
  /** It waits for the load that runs for its model. */
  | { readonly type: "join" }
  /** It is served at once. */
  | { readonly type: "grant" }
  /** Its model is loaded, after these backends (ascending ids) have been stopped. */
  | { readonly type: "swap"; readonly evict: readonly string[] }
  | null;

/** A request that others may not get in the way of any more. */
export interface Claim {
  /** Its name. */
  readonly ticket: Ticket;
  /** Its model. */
  readonly model: string;
  /** What has to be stopped for it: nothing new starts on these. */
  readonly evict: readonly string[];
}

/** A load that might begin. */
interface Load {
  readonly model: string;
  readonly evict: readonly string[];
}

/**
 * Who has a claim: a request that was under way before, else the one that has waited longest, once for `maxAge`.
 *
 * What is served or loaded already goes on, and nothing that it needs gone gets new work: so it starts when that has ended.
 */
export function claimOf(draft: Draft): Claim | null {
  const holder = first(draft.returning) ?? overdue(draft);
  if (holder === undefined) return null;
  const { ticket, model } = holder;
  return { ticket, model, evict: evictedBy(draft, model, presentIn(draft)) };
}

/** The waiting request that has waited for `maxAge`, if the oldest has. */
export function overdue(
  { conditions: { settings }, lanes, now }: Draft,
): { readonly ticket: Ticket; readonly model: string } | undefined {
  if (settings.maxAgeMs === null) return undefined;
  const waiting = oldest(lanes);
  return waiting !== undefined && waiting.at + settings.maxAgeMs <= now ? waiting : undefined;
}

/** The decision tree: join a load, be served, begin a load, or wait. */
export function choose(draft: Draft, model: string, claim: Claim | null): Choice {
  if (isDraining(draft, model) || isUnloading(draft, model)) return null;
  if (isBarred(claim, model)) return null;
  if (draft.swaps.has(model)) return { type: "join" };
  const evict = evictedBy(draft, model, presentIn(draft));
  if (collides(draft, model, evict)) return null;
  const stale = isStale(draft, model);
  if (evict.length === 0 && !stale && draft.running.get(model) === "ready") return { type: "grant" };
  if (evict.some((other) => draft.inFlight.has(other))) return null;
  if (!fitsBesideLoads(draft, { model, evict })) return null;
  if (claim !== null && claim.model !== model && getsInTheWay(draft, { model, evict }, claim)) return null;
  // A backend of the config before that could not be stopped is tried again, and never used.
  return { type: "swap", evict: stale ? [...evict, model].sort() : evict };
}

/** Whether a claim needs this model's backend gone. */
export function isBarred(claim: Claim | null, model: string): boolean {
  return claim !== null && claim.model !== model && claim.evict.includes(model);
}

/**
 * What counts as running: every backend that is not stopped or will be started; what a load stops, until that load has
 * ended; and what serves, also when its backend was lost, as its requests may need it again.
 */
function presentIn({ running, swaps, inFlight }: Draft): Set<string> {
  const names = new Set(running.keys());
  for (const [target, { evict }] of swaps) {
    names.add(target);
    for (const other of evict) names.add(other);
  }
  for (const other of inFlight.keys()) names.add(other);
  return names;
}

/** What runs when this load and those before it have ended. */
function afterwards(draft: Draft, { model, evict }: Load): Set<string> {
  const names = presentIn(draft);
  for (const swap of draft.swaps.values()) for (const other of swap.evict) names.delete(other);
  for (const other of evict) names.delete(other);
  return names.add(model);
}

/** What has to be stopped for a model, ascending; the policy hears of the model itself only when it need not start. */
function evictedBy(draft: Draft, model: string, present: ReadonlySet<string>): readonly string[] {
  const isReady = draft.running.get(model) === "ready" && !isStale(draft, model);
  const running = [...present].filter((other) => other !== model);
  if (isReady) running.push(model);
  return draft.conditions.settings.policy.evictedBy(model, running.sort()).filter((other) => other !== model).sort();
}

/** The three ways in which a load gets in the way of one that runs: it stops it, is stopped by it, or both stop the same. */
function collides({ swaps }: Draft, model: string, evict: readonly string[]): boolean {
  for (const [target, swap] of swaps) {
    if (target === model) continue;
    if (evict.includes(target)) return true;
    if (swap.evict.includes(model)) return true;
    if (evict.some((other) => swap.evict.includes(other))) return true;
  }
  return false;
}

/** No load that runs would have to stop this one's target: its own backend may not have begun to start yet. */
function fitsBesideLoads(draft: Draft, load: Load): boolean {
  if (draft.swaps.size === 0) return true;
  const then = afterwards(draft, load);
  return [...draft.swaps.keys()].every((target) => !evictedBy(draft, target, then).includes(load.model));
}

/** Whether a load would make the claim's way longer than it is. */
function getsInTheWay(draft: Draft, load: Load, claim: Claim): boolean {
  if (load.evict.includes(claim.model) || load.evict.some((other) => claim.evict.includes(other))) return true;
  const then = afterwards(draft, load);
  if (evictedBy(draft, claim.model, then).some((other) => !claim.evict.includes(other))) return true;
  return evictedBy(draft, load.model, then.add(claim.model)).includes(claim.model);
}

function isUnloading({ conditions: { unloading } }: Draft, model: string): boolean {
  if (unloading.size === 0) return false;
  return [...unloading.values()].some((models) => models === null || models.includes(model));
}
