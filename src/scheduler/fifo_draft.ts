/**
 * A state of the fifo core under construction, and the small steps that every decision is made of.
 *
 * @module
 */

import type { GatewayError } from "../errors.ts";
import type { ActiveRequest } from "./core.ts";
import { counted } from "./counts.ts";
import { withService } from "./estimates.ts";
import { park, unpark } from "./fifo_lanes.ts";
import type { FifoState, FifoTurn, Swap } from "./fifo_state.ts";
import { emptyQueue, find, itemsAfter, put, remove } from "./queue.ts";
import { refuse } from "./steps.ts";
import type { Ticket, Waiting } from "./types.ts";
import { wish, type WishDraft } from "./wishes.ts";

/** A state under construction: its fields are replaced, the values in them never changed. */
export type Draft = { -readonly [Key in keyof FifoState]: FifoState[Key] } & WishDraft & {
  readonly now: number;
  /** Something happened that may let somebody start who waits. */
  mustWalk: boolean;
};

/** A draft of what follows `state`; field by field, as that is several times faster than a spread. */
export function draftOf(state: FifoState, now: number): Draft {
  return {
    conditions: state.conditions,
    lanes: state.lanes,
    running: state.running,
    counts: state.counts,
    returning: state.returning,
    swaps: state.swaps,
    serving: state.serving,
    inFlight: state.inFlight,
    wakeAt: state.wakeAt,
    nextLoadId: state.nextLoadId,
    estimates: state.estimates,
    commands: null,
    now,
    mustWalk: false,
  };
}

/** The finished state. */
export function stateOf(draft: Draft): FifoState {
  return {
    conditions: draft.conditions,
    lanes: draft.lanes,
    running: draft.running,
    counts: draft.counts,
    returning: draft.returning,
    swaps: draft.swaps,
    serving: draft.serving,
    inFlight: draft.inFlight,
    wakeAt: draft.wakeAt,
    nextLoadId: draft.nextLoadId,
    estimates: draft.estimates,
  };
}

/** The priority of a model. */
export function priorityOf({ conditions }: Draft, model: string): number {
  return conditions.settings.priorities.get(model) ?? 0;
}

/** Puts a request behind those that wait with its priority. */
export function wait(draft: Draft, waiting: Waiting): void {
  draft.lanes = park(draft.lanes, waiting, priorityOf(draft, waiting.model));
}

/** Takes a request out of the queue; it goes on. */
export function leaveLanes(draft: Draft, waiting: Waiting): FifoTurn {
  draft.lanes = unpark(draft.lanes, waiting);
  return { ...waiting, startedAt: draft.now };
}

/** Lets a request be served. */
export function grant(draft: Draft, turn: FifoTurn): void {
  const { ticket, model } = turn;
  const startedAt = draft.now;
  draft.serving = put(draft.serving, turn.startedAt === startedAt ? turn : { ...turn, startedAt });
  draft.inFlight = new Map(draft.inFlight).set(model, (draft.inFlight.get(model) ?? 0) + 1);
  const metadata = { fifo_priority: String(priorityOf(draft, model)) };
  wish(draft, { type: "grant", ticket, model, metadata });
}

/** A request is not being served any more; whether it is over is another question. */
export function endServing(draft: Draft, { ticket, model }: FifoTurn): void {
  draft.serving = remove(draft.serving, ticket);
  const left = (draft.inFlight.get(model) ?? 0) - 1;
  const inFlight = new Map(draft.inFlight);
  if (left > 0) inFlight.set(model, left);
  else inFlight.delete(model);
  draft.inFlight = inFlight;
  if (left <= 0) draft.mustWalk = true;
}

/** A request is over: its place among those that its model may have is free. */
export function release(draft: Draft, model: string): void {
  draft.counts = counted(draft.counts, model, -1);
}

/** A served request is over. */
export function endTurn(draft: Draft, turn: FifoTurn): void {
  endServing(draft, turn);
  release(draft, turn.model);
  draft.estimates = withService(draft.estimates, turn.model, draft.now - turn.startedAt);
}

/** Takes a request out of the queue for good. */
export function leaveQueue(draft: Draft, waiting: Waiting): void {
  draft.lanes = unpark(draft.lanes, waiting);
  release(draft, waiting.model);
}

/** Begins a load, for this request first. */
export function startSwap(draft: Draft, turn: FifoTurn, evict: readonly string[]): void {
  const loadId = draft.nextLoadId++;
  setSwap(draft, turn.model, { loadId, startedAt: draft.now, evict, waiters: put(emptyQueue<FifoTurn>(), turn) });
  wish(draft, { type: "load", loadId, model: turn.model, evict });
}

/** Lets a request wait for the load that runs for its model. */
export function joinSwap(draft: Draft, turn: FifoTurn): void {
  const swap = draft.swaps.get(turn.model);
  if (swap !== undefined) setSwap(draft, turn.model, { ...swap, waiters: put(swap.waiters, turn) });
}

/** Replaces what is known of the load of a model. */
export function setSwap(draft: Draft, model: string, swap: Swap): void {
  draft.swaps = new Map(draft.swaps).set(model, swap);
}

/** The load of a model is over; returns who waited for it. */
export function endSwap(draft: Draft, model: string): readonly FifoTurn[] {
  const swap = draft.swaps.get(model);
  if (swap === undefined) return [];
  const swaps = new Map(draft.swaps);
  swaps.delete(model);
  draft.swaps = swaps;
  draft.mustWalk = true;
  return [...itemsAfter(swap.waiters)];
}

/** Gives up the load of a model, so that it starts nothing any more; returns who waited for it. */
export function abandonSwap(draft: Draft, model: string): readonly FifoTurn[] {
  const swap = draft.swaps.get(model);
  if (swap !== undefined) wish(draft, { type: "abandon", loadId: swap.loadId });
  return endSwap(draft, model);
}

/** Answers requests that are under way, but not served, with an error. */
export function refuseAll(draft: Draft, turns: Iterable<FifoTurn>, error: GatewayError): void {
  for (const { ticket, model } of turns) {
    release(draft, model);
    refuse(draft, ticket, error);
  }
}

/** Takes a request out of the loads and of those that need one again; undefined when it is in neither. */
export function leaveLoading(draft: Draft, ticket: Ticket): FifoTurn | undefined {
  const returning = remove(draft.returning, ticket);
  const found = findLoading(draft, ticket);
  if (found === undefined) return undefined;
  if (returning !== draft.returning) {
    draft.returning = returning;
    draft.mustWalk = true;
  } else {
    const swap = draft.swaps.get(found.model);
    if (swap !== undefined) setSwap(draft, found.model, { ...swap, waiters: remove(swap.waiters, ticket) });
  }
  release(draft, found.model);
  return found;
}

/** A request that waits for a load or needs one again; undefined when there is none of this name. */
export function findLoading(state: Pick<FifoState, "returning" | "swaps">, ticket: Ticket): FifoTurn | undefined {
  let found = find(state.returning, ticket);
  for (const { waiters } of state.swaps.values()) found ??= find(waiters, ticket);
  return found;
}

/** Who holds a slot: who is served, who waits for a load, and who needs one again. */
export function* activeIn(state: FifoState): Generator<ActiveRequest> {
  const { returning, serving, swaps } = state;
  for (const { ticket, model, at } of itemsAfter(serving)) yield { ticket, model, phase: "serving", at };
  for (const turns of [returning, ...[...swaps.values()].map(({ waiters }) => waiters)]) {
    for (const { ticket, model, at } of itemsAfter(turns)) yield { ticket, model, phase: "loading", at };
  }
}
