/**
 * What each fact means to the serial core: it is noted, and what it cannot mean for anybody any more is undone.
 *
 * @module
 */

import { GatewayError } from "../errors.ts";
import { counted, countOf, countsFor } from "./counts.ts";
import { forgetOthers, loadMsOf, retryAfterS, serviceMsOf, withLoad } from "./estimates.ts";
import { append, find, first, itemsAfter } from "./queue.ts";
import { beginReload, closeReloads } from "./reload.ts";
import {
  abandon,
  canJoin,
  type Draft,
  endTurn,
  grantLoading,
  hasSlot,
  isHeld,
  leaveQueue,
  refuseLoading,
  retryAfter,
  setTurn,
} from "./serial_draft.ts";
import type { Turn } from "./serial_state.ts";
import { beginUnload, modelUnloaded, refuse, tooManyRequests, unknownModel, waitedTooLong } from "./steps.ts";
import type { Event, Ticket, Waiting } from "./types.ts";
import { wish } from "./wishes.ts";

/** Admission: a request that is not refused stands in the queue, for the decision to follow. */
export function noteRequest(draft: Draft, request: Waiting): void {
  const { ticket, model } = request;
  if (draft.conditions.closed !== null) return refuse(draft, ticket, draft.conditions.closed);
  const configured = draft.conditions.models.get(model);
  if (configured === undefined) return refuse(draft, ticket, unknownModel(model));
  if (configured.limit !== undefined && countOf(draft.counts, model) >= configured.limit) {
    const loadMs = draft.active?.model === model ? 0 : loadMsOf(draft.estimates, model);
    const waitMs = loadMs + serviceMsOf(draft.estimates, model) / draft.conditions.settings.parallel;
    return refuse(draft, ticket, tooManyRequests(model, retryAfterS(waitMs)));
  }
  if (isFull(draft, model)) {
    return refuse(
      draft,
      ticket,
      new GatewayError("queue_full", "The queue is full", { retryAfterS: retryAfter(draft, model) }),
    );
  }
  draft.queue = append(draft.queue, request);
  draft.counts = counted(draft.counts, model, 1);
}

/** A request that starts at once is never in the queue's way. */
function isFull(draft: Draft, model: string): boolean {
  if (draft.queue.size < draft.conditions.settings.maxQueue) return false;
  const startsAtOnce = draft.queue.size === 0 && !isHeld(draft) && hasSlot(draft) &&
    (draft.active === null || canJoin(draft, model));
  return !startsAtOnce;
}

/** A caller left (`error` null: it was told by its own signal) or an operator wants it gone. */
export function noteCancel(draft: Draft, ticket: Ticket, error: GatewayError | null): void {
  const waiting = find(draft.queue, ticket);
  if (waiting !== undefined) {
    leaveQueue(draft, waiting);
    if (error !== null) refuse(draft, ticket, error);
    return;
  }
  const turn = turnOf(draft, ticket);
  if (turn === undefined || turn.gone) return;
  if (turn.phase === "loading") {
    setTurn(draft, turn, { ...turn, gone: true });
    if (error !== null) refuse(draft, ticket, error);
  } else if (error !== null) {
    wish(draft, { type: "interrupt", ticket, error });
  }
}

/** S12: only the load that is known by this very id counts. */
export function noteLoaded(draft: Draft, loadId: number): void {
  const { active } = draft;
  if (active?.loadId !== loadId) return;
  draft.estimates = withLoad(draft.estimates, active.model, draft.now - active.loadingSince);
  grantLoading(draft, active);
}

/** A load ended without its target; the same holds. */
export function noteLoadFailed(draft: Draft, loadId: number, error: GatewayError): void {
  if (draft.active?.loadId === loadId) refuseLoading(draft, draft.active, error);
}

/** A lease was given back, also one that is being renewed. */
export function noteServed(draft: Draft, ticket: Ticket): void {
  const turn = turnOf(draft, ticket);
  if (turn === undefined) return;
  if (turn.phase === "loading") setTurn(draft, turn, { ...turn, gone: true });
  else endTurn(draft, turn);
}

/** A backend has not seen a request: it keeps its slot, and its model is made ready again. */
export function noteLost(draft: Draft, ticket: Ticket): void {
  const turn = turnOf(draft, ticket);
  if (turn === undefined || turn.phase !== "serving") return;
  if (draft.conditions.closed !== null) {
    endTurn(draft, turn);
    return refuse(draft, ticket, draft.conditions.closed);
  }
  setTurn(draft, turn, { ...turn, phase: "loading", startedAt: draft.now });
}

function turnOf(draft: Draft, ticket: Ticket): Turn | undefined {
  return draft.active === null ? undefined : find(draft.active.turns, ticket);
}

/**
 * The one event that counts requests: limits may have come for models whose requests were not counted. A load with the
 * config before is given up; its requests keep their slots and load again when its backend has stopped.
 */
export function noteConfig(draft: Draft, event: Extract<Event, { type: "reconfigured" }>): void {
  const { models, settings, changed } = event;
  const kept = settings.use === "serial" ? settings : draft.conditions.settings;
  draft.conditions = { ...draft.conditions, models, settings: kept };
  beginReload(draft, event);
  const present = [...itemsAfter(draft.queue)].map(({ model }) => model);
  const { active } = draft;
  if (active !== null) {
    present.push(...Array<string>(active.turns.size).fill(active.model));
    if (changed.has(active.model)) {
      abandon(draft, active);
      draft.active = { ...active, loadId: null };
    }
  }
  draft.counts = countsFor(models, present);
  draft.estimates = forgetOthers(draft.estimates, models);
}

/** What needs these models (null: all) fails, except what is served. */
export function noteUnload(draft: Draft, unloadId: number, models: readonly string[] | null): void {
  const error = modelUnloaded();
  const active = draft.active;
  if (active !== null && (models === null || models.includes(active.model))) {
    abandon(draft, active);
    refuseLoading(draft, active, error);
  }
  const chosen = models === null ? null : new Set(models);
  for (const waiting of itemsAfter(draft.queue)) {
    if (chosen !== null && !chosen.has(waiting.model)) continue;
    leaveQueue(draft, waiting);
    refuse(draft, waiting.ticket, error);
  }
  beginUnload(draft, unloadId, models);
}

/** Everything that is not served fails, and all that comes later. */
export function noteClosing(draft: Draft, error: GatewayError): void {
  if (draft.conditions.closed !== null) return;
  draft.conditions = { ...draft.conditions, closed: error };
  closeReloads(draft, error);
  if (draft.active !== null) {
    abandon(draft, draft.active);
    refuseLoading(draft, draft.active, error);
  }
  for (const waiting of itemsAfter(draft.queue)) {
    leaveQueue(draft, waiting);
    refuse(draft, waiting.ticket, error);
  }
}

/** All wait equally long at most, so the head is always the first to expire. */
export function noteWoke(draft: Draft): void {
  draft.wakeAt = null;
  const { maxWaitMs } = draft.conditions.settings;
  if (maxWaitMs === null) return;
  let seconds: number | null = null;
  for (let head = first(draft.queue); head !== undefined; head = first(draft.queue)) {
    if (head.at + maxWaitMs > draft.now) return;
    leaveQueue(draft, head);
    seconds ??= retryAfter(draft, head.model);
    refuse(draft, head.ticket, waitedTooLong(seconds));
  }
}
