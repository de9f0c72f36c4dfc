/**
 * What each fact means to the fifo core: it is noted, and what it cannot mean for anybody any more is undone.
 *
 * @module
 */

import type { GatewayError } from "../errors.ts";
import { counted, countOf, countsFor } from "./counts.ts";
import { forgetOthers, loadMsOf, retryAfterS, serviceMsOf, withLoad } from "./estimates.ts";
import { choose, claimOf, overdue } from "./fifo_choice.ts";
import {
  abandonSwap,
  activeIn,
  type Draft,
  endServing,
  endSwap,
  endTurn,
  leaveLoading,
  leaveQueue,
  refuseAll,
  wait,
} from "./fifo_draft.ts";
import { forecastOf } from "./fifo_forecast.ts";
import { findWaiting, inOrder, oldest, recount, waitsFor } from "./fifo_lanes.ts";
import { limitOf, limitsOf } from "./fifo_limits.ts";
import { carryOut } from "./fifo_settle.ts";
import type { FifoTurn } from "./fifo_state.ts";
import { find, itemsAfter, put } from "./queue.ts";
import { beginReload, closeReloads } from "./reload.ts";
import { beginUnload, modelUnloaded, refuse, tooManyRequests, unknownModel, waitedTooLong } from "./steps.ts";
import type { Event, Ticket, Waiting } from "./types.ts";
import { wish } from "./wishes.ts";

/** Admission, then the decision; no walk, as whoever waits is blocked and one more request frees nobody. */
export function noteRequest(draft: Draft, request: Waiting): void {
  const { ticket, model } = request;
  if (draft.conditions.closed !== null) return refuse(draft, ticket, draft.conditions.closed);
  const configured = draft.conditions.models.get(model);
  if (configured === undefined) return refuse(draft, ticket, unknownModel(model));
  if (countOf(draft.counts, model) >= limitOf(configured)) {
    const served = draft.inFlight.get(model);
    const loadMs = served === undefined ? loadMsOf(draft.estimates, model) : 0;
    const waitMs = loadMs + serviceMsOf(draft.estimates, model) / (served ?? 1);
    return refuse(draft, ticket, tooManyRequests(model, retryAfterS(waitMs)));
  }
  draft.counts = counted(draft.counts, model, 1);
  const mustWait = draft.conditions.reload.next !== null || waitsFor(draft.lanes, model);
  const choice = mustWait ? null : choose(draft, model, claimOf(draft));
  if (choice === null) wait(draft, request);
  else carryOut(draft, { ...request, startedAt: draft.now }, choice);
}

/** A caller left (`error` null: it was told by its own signal) or an operator wants it gone. */
export function noteCancel(draft: Draft, ticket: Ticket, error: GatewayError | null): void {
  const waiting = findWaiting(draft.lanes, ticket);
  if (waiting !== undefined) {
    if (overdue(draft)?.ticket === ticket) draft.mustWalk = true;
    leaveQueue(draft, waiting);
  } else if (leaveLoading(draft, ticket) === undefined) {
    if (error !== null && find(draft.serving, ticket) !== undefined) {
      wish(draft, { type: "interrupt", ticket, error });
    }
    return;
  }
  if (error !== null) refuse(draft, ticket, error);
}

/** A load brought its target to ready; returns who waited for it. */
export function noteLoaded(draft: Draft, loadId: number): readonly FifoTurn[] {
  for (const [model, swap] of draft.swaps) {
    if (swap.loadId === loadId) draft.estimates = withLoad(draft.estimates, model, draft.now - swap.startedAt);
  }
  return endLoad(draft, loadId);
}

/** Only the load that is known by this very id counts, not another one of the same model. */
export function endLoad(draft: Draft, loadId: number): readonly FifoTurn[] {
  for (const [model, swap] of draft.swaps) if (swap.loadId === loadId) return endSwap(draft, model);
  return [];
}

/** A lease was given back, also one that is being renewed. */
export function noteServed(draft: Draft, ticket: Ticket): void {
  const turn = find(draft.serving, ticket);
  if (turn !== undefined) endTurn(draft, turn);
  else leaveLoading(draft, ticket);
}

/** A backend has not seen a request: it goes before all who wait. */
export function noteLost(draft: Draft, ticket: Ticket): void {
  const turn = find(draft.serving, ticket);
  if (turn === undefined) return;
  endServing(draft, turn);
  const error = draft.conditions.closed ?? (draft.conditions.models.has(turn.model) ? null : unknownModel(turn.model));
  if (error !== null) return refuseAll(draft, [turn], error);
  draft.returning = put(draft.returning, turn);
  draft.mustWalk = true;
}

/** What needs these models (null: all) fails, except what is served; the other models go on. */
export function noteUnload(draft: Draft, unloadId: number, models: readonly string[] | null): void {
  const chosen = models === null ? null : new Set(models);
  dismiss(draft, (model) => chosen === null || chosen.has(model), modelUnloaded);
  beginUnload(draft, unloadId, models);
  draft.mustWalk = true;
}

/**
 * Loads with the config before are given up; who waited for them loads again, before all others, when the backend has
 * stopped. Waiting requests keep their places, also when the priority of their model has changed.
 */
export function noteConfig(draft: Draft, event: Extract<Event, { type: "reconfigured" }>): void {
  const { models, settings, changed } = event;
  const kept = settings.use === "fifo" ? settings : draft.conditions.settings;
  draft.conditions = { ...draft.conditions, models, settings: kept };
  beginReload(draft, event);
  dismiss(draft, (model) => !models.has(model), unknownModel);
  for (const model of draft.swaps.keys()) {
    if (!changed.has(model)) continue;
    for (const turn of abandonSwap(draft, model)) draft.returning = put(draft.returning, turn);
  }
  const limits = limitsOf(models);
  draft.lanes = recount(draft.lanes, limits);
  draft.counts = countsFor(limits, presentIn(draft));
  draft.estimates = forgetOthers(draft.estimates, models);
  draft.mustWalk = true;
}

/** Everything that is not served fails, and all that comes later. */
export function noteClosing(draft: Draft, error: GatewayError): void {
  if (draft.conditions.closed !== null) return;
  draft.conditions = { ...draft.conditions, closed: error };
  closeReloads(draft, error);
  dismiss(draft, () => true, () => error);
}

/** Fails whatever loads, has to load again or waits for these models; what is served goes on. */
function dismiss(draft: Draft, isMeant: (model: string) => boolean, errorFor: (model: string) => GatewayError): void {
  for (const model of draft.swaps.keys()) {
    if (isMeant(model)) refuseAll(draft, abandonSwap(draft, model), errorFor(model));
  }
  for (const { ticket, model } of itemsAfter(draft.returning)) {
    if (!isMeant(model)) continue;
    leaveLoading(draft, ticket);
    refuse(draft, ticket, errorFor(model));
  }
  for (const waiting of inOrder(draft.lanes)) {
    if (!isMeant(waiting.model)) continue;
    leaveQueue(draft, waiting);
    refuse(draft, waiting.ticket, errorFor(waiting.model));
  }
}

/** All wait equally long at most, so the oldest is always the first to expire. */
export function noteWoke(draft: Draft): void {
  draft.wakeAt = null;
  draft.mustWalk = true;
  const { maxWaitMs } = draft.conditions.settings;
  if (maxWaitMs === null) return;
  let seconds: number | null = null;
  for (let head = oldest(draft.lanes); head !== undefined; head = oldest(draft.lanes)) {
    if (head.at + maxWaitMs > draft.now) return;
    leaveQueue(draft, head);
    seconds ??= retryAfterS(forecastOf(draft, draft.now).waitMs(draft.lanes.size + 1, head.model));
    refuse(draft, head.ticket, waitedTooLong(seconds));
  }
}

/** The models of all requests that are there. */
function* presentIn(draft: Draft): Generator<string> {
  for (const { model } of inOrder(draft.lanes)) yield model;
  for (const { model } of activeIn(draft)) yield model;
}
