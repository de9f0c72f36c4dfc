/**
 * A state of the serial core under construction, and the small steps that every decision is made of.
 *
 * @module
 */

import type { GatewayError } from "../errors.ts";
import { counted } from "./counts.ts";
import { retryAfterS, withService } from "./estimates.ts";
import { append, emptyQueue, itemsAfter, remove, replace } from "./queue.ts";
import { NO_RELOAD } from "./conditions.ts";
import { drains, isStale } from "./reload.ts";
import { forecastOf } from "./serial_forecast.ts";
import type { Active, SerialState, Turn } from "./serial_state.ts";
import { refuse } from "./steps.ts";
import type { Waiting } from "./types.ts";
import { wish, type WishDraft } from "./wishes.ts";

/** A state under construction: its fields are replaced, the values in them never changed. */
export type Draft = { -readonly [Key in keyof SerialState]: SerialState[Key] } & WishDraft & {
  readonly now: number;
};

const NOBODY: readonly Turn[] = [];

/** A draft of what follows `state`; field by field, as that is several times faster than a spread. */
export function draftOf(state: SerialState, now: number): Draft {
  return {
    conditions: state.conditions,
    queue: state.queue,
    running: state.running,
    counts: state.counts,
    active: state.active,
    wakeAt: state.wakeAt,
    nextLoadId: state.nextLoadId,
    estimates: state.estimates,
    commands: null,
    now,
  };
}

/** The finished state. */
export function stateOf(draft: Draft): SerialState {
  return {
    conditions: draft.conditions,
    queue: draft.queue,
    running: draft.running,
    counts: draft.counts,
    active: draft.active,
    wakeAt: draft.wakeAt,
    nextLoadId: draft.nextLoadId,
    estimates: draft.estimates,
  };
}

/** Whether one more request may be active. */
export function hasSlot(draft: Draft): boolean {
  return draft.active === null || draft.active.turns.size < draft.conditions.settings.parallel;
}

/** G11: whether a request for this model may be served beside those that are. */
export function canJoin(draft: Draft, model: string): boolean {
  const active = draft.active;
  return active !== null && active.model === model && active.loadId === null && isAloneAndReady(draft, model);
}

/** S5: nothing has to be stopped or started for this model. */
export function isAloneAndReady(draft: Draft, model: string): boolean {
  return draft.running.size === 1 && draft.running.get(model) === "ready" && !isStale(draft, model);
}

/** Whether nobody may start now, whoever it is: an unload, a stale backend or a change of cores is waited for. */
export function isHeld(draft: Draft): boolean {
  const { unloading, reload } = draft.conditions;
  if (unloading.size > 0) return true;
  return reload !== NO_RELOAD && (reload.next !== null || drains(draft));
}

/** Gives a slot to a request; its model is that of the active ones if there are any. */
export function addTurn(draft: Draft, model: string, turn: Turn): void {
  const { active } = draft;
  const turns = append(active === null ? emptyQueue<Turn>() : active.turns, turn);
  draft.active = {
    model,
    turns,
    loading: (active?.loading ?? 0) + isLoading(turn),
    loadId: active?.loadId ?? null,
    loadingSince: active?.loadingSince ?? draft.now,
  };
}

/** Ends the load well: whoever waited for it is served; the gone ones stay for {@link endTurn}. */
export function grantLoading(draft: Draft, active: Active): void {
  draft.active = { ...active, loadId: null };
  for (const turn of loadingTurns(active)) {
    if (turn.gone) continue;
    wish(draft, { type: "grant", ticket: turn.ticket, model: active.model });
    setTurn(draft, turn, { ...turn, phase: "serving", startedAt: draft.now });
  }
}

/** The active requests that are not served, in order; costs nothing when all are. */
export function loadingTurns(active: Active): readonly Turn[] {
  if (active.loading === 0) return NOBODY;
  const turns: Turn[] = [];
  for (const turn of itemsAfter(active.turns)) if (turn.phase === "loading") turns.push(turn);
  return turns;
}

/** Makes sure that the running load, if any, starts nothing more. */
export function abandon(draft: Draft, active: Active): void {
  if (active.loadId !== null) wish(draft, { type: "abandon", loadId: active.loadId });
}

/** Ends the load: whoever waits for it gets the error, whoever is being served stays. */
export function refuseLoading(draft: Draft, active: Active, error: GatewayError): void {
  draft.active = { ...active, loadId: null };
  for (const turn of loadingTurns(active)) {
    endTurn(draft, turn);
    if (!turn.gone) refuse(draft, turn.ticket, error);
  }
}

/** Replaces what is known of one active request. */
export function setTurn(draft: Draft, before: Turn, after: Turn): void {
  const active = draft.active;
  if (active === null) return;
  const loading = active.loading - isLoading(before) + isLoading(after);
  draft.active = { ...active, turns: replace(active.turns, after), loading };
}

/** Frees the slot of one active request. */
export function endTurn(draft: Draft, turn: Turn): void {
  const active = draft.active;
  if (active === null) return;
  const { model, loadId, loadingSince } = active;
  const turns = remove(active.turns, turn.ticket);
  const loading = active.loading - isLoading(turn);
  draft.active = turns.size === 0 ? null : { model, turns, loading, loadId, loadingSince };
  if (turn.phase === "serving") draft.estimates = withService(draft.estimates, model, draft.now - turn.startedAt);
  draft.counts = counted(draft.counts, model, -1);
}

/** Takes a request out of the queue for good. */
export function leaveQueue(draft: Draft, waiting: Waiting): void {
  draft.queue = remove(draft.queue, waiting.ticket);
  draft.counts = counted(draft.counts, waiting.model, -1);
}

/** Whole seconds until a request for this model that came now would have its turn. */
export function retryAfter(draft: Draft, model: string): number {
  return retryAfterS(forecastOf(draft, draft.now).waitMs(draft.queue.size + 1, model));
}

function isLoading(turn: Turn): 0 | 1 {
  return turn.phase === "loading" ? 1 : 0;
}
