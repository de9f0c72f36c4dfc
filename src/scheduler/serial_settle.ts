/**
 * The one decision of the serial core: who goes next, and whether that needs a load.
 *
 * @module
 */

import { NO_RELOAD } from "./conditions.ts";
import { first, remove } from "./queue.ts";
import { drains, isStale, retireIdle } from "./reload.ts";
import {
  addTurn,
  canJoin,
  type Draft,
  endTurn,
  grantLoading,
  hasSlot,
  isAloneAndReady,
  isHeld,
  leaveQueue,
  loadingTurns,
  refuseLoading,
} from "./serial_draft.ts";
import type { Active } from "./serial_state.ts";
import { refuse, unknownModel } from "./steps.ts";
import type { Waiting } from "./types.ts";
import { wish } from "./wishes.ts";

/**
 * Decides who goes next. Calling it when nothing can start changes nothing, so it follows every event.
 */
export function settle(draft: Draft): void {
  dropGone(draft);
  if (draft.conditions.closed !== null) return;
  if (draft.conditions.reload !== NO_RELOAD) retireIdle(draft, (model) => isServing(draft, model));
  if (draft.active !== null) startAgain(draft, draft.active);
  if (draft.queue.size === 0 || isHeld(draft)) return;
  while (hasSlot(draft)) {
    const head = first(draft.queue);
    if (head === undefined) return;
    if (!draft.conditions.models.has(head.model)) {
      leaveQueue(draft, head);
      refuse(draft, head.ticket, unknownModel(head.model));
    } else if (draft.active === null || canJoin(draft, head.model)) {
      start(draft, head);
    } else {
      return;
    }
  }
}

/** Gone requests without a load have nothing left to wait for; without requests nobody is active. */
function dropGone(draft: Draft): void {
  const active = draft.active;
  if (active === null || active.loadId !== null) return;
  for (const turn of loadingTurns(active)) {
    if (turn.gone) endTurn(draft, turn);
  }
}

/** Requests whose backend was lost are served again, or its load is started again. */
function startAgain(draft: Draft, active: Active): void {
  if (active.loadId !== null || active.loading === 0) return;
  if (!draft.conditions.models.has(active.model)) return refuseLoading(draft, active, unknownModel(active.model));
  if (draft.conditions.unloading.size > 0 || drains(draft)) return;
  if (isAloneAndReady(draft, active.model)) grantLoading(draft, active);
  else load(draft, active);
}

/** Gives the head a slot: it is served at once (S5) or its load begins. */
function start(draft: Draft, { ticket, model, at }: Waiting): void {
  draft.queue = remove(draft.queue, ticket);
  const isServed = isAloneAndReady(draft, model);
  addTurn(draft, model, { ticket, at, startedAt: draft.now, phase: isServed ? "serving" : "loading", gone: false });
  if (isServed) wish(draft, { type: "grant", ticket, model });
  else if (draft.active !== null) load(draft, draft.active);
}

function load(draft: Draft, active: Active): void {
  const loadId = draft.nextLoadId++;
  draft.active = { ...active, loadId, loadingSince: draft.now };
  const evict = [...draft.running.keys()].filter((model) => model !== active.model || isStale(draft, model)).sort();
  wish(draft, { type: "load", loadId, model: active.model, evict });
}

function isServing({ active }: Draft, model: string): boolean {
  return active !== null && active.model === model && active.turns.size > active.loading;
}
