/**
 * What a changed config leaves to do: backends that still run with the config before are *stale* until they have stopped.
 *
 * Nothing new is granted on a stale backend; it is stopped as soon as nothing is served by it. Both cores share this.
 *
 * @module
 */

import { GatewayError } from "../errors.ts";
import { type ConditionsDraft, NO_RELOAD, type Reload, type Stale } from "./conditions.ts";
import type { Event } from "./types.ts";
import { wish } from "./wishes.ts";

const DRAINING: Stale = { retireId: null, isStuck: false };

/** A reload begins: running backends of changed models are stale, and what could not be stopped before is tried again. */
export function beginReload(draft: ConditionsDraft, event: Extract<Event, { type: "reconfigured" }>): void {
  const { reloadId, changed, settings } = event;
  const { running } = draft;
  const { closed, reload } = draft.conditions;
  if (closed !== null) return wish(draft, { type: "reloaded", reloadId, error: closed });
  const stale = new Map<string, Stale>();
  for (const [model, known] of reload.stale) stale.set(model, known.isStuck ? DRAINING : known);
  for (const model of changed) if (running.has(model) && !stale.has(model)) stale.set(model, DRAINING);
  const open = new Map(reload.open);
  if (stale.size > 0) open.set(reloadId, new Set(stale.keys()));
  else wish(draft, { type: "reloaded", reloadId, error: null });
  const next = settings.use === draft.conditions.settings.use ? null : settings;
  setReload(draft, { ...reload, stale, open, next });
}

/** Stops the stale backends that serve nobody. */
export function retireIdle(draft: ConditionsDraft, isBusy: (model: string) => boolean): void {
  for (const [model, { retireId, isStuck }] of draft.conditions.reload.stale) {
    if (retireId !== null || isStuck || isBusy(model)) continue;
    const { reload } = draft.conditions;
    const nextId = reload.nextRetireId;
    const stale = new Map(reload.stale).set(model, { retireId: nextId, isStuck });
    setReload(draft, { ...reload, stale, nextRetireId: nextId + 1 });
    wish(draft, { type: "retire", retireId: nextId, model });
  }
}

/** This backend has stopped: if it was stale, the next one of its model is not. */
export function becomeFresh(draft: ConditionsDraft, model: string): void {
  if (!isStale(draft, model)) return;
  const stale = new Map(draft.conditions.reload.stale);
  stale.delete(model);
  endOpen(draft, { ...draft.conditions.reload, stale }, (left) => {
    const rest = new Set(left);
    rest.delete(model);
    return rest.size > 0 ? rest : null;
  });
}

/** The stop of a stale backend has ended; only the one that is known by this very id counts. */
export function noteRetired(draft: ConditionsDraft, retireId: number, error: GatewayError | null): void {
  const model = [...draft.conditions.reload.stale].find(([, known]) => known.retireId === retireId)?.[0];
  if (model === undefined) return;
  const stale = new Map(draft.conditions.reload.stale).set(model, { retireId: null, isStuck: true });
  const reason = error ?? new GatewayError("stop_failed", `The model ${JSON.stringify(model)} could not be stopped`);
  endOpen(draft, { ...draft.conditions.reload, stale }, (left) => left.has(model) ? reason : left);
}

/** The gateway ends: no reload does. */
export function closeReloads(draft: ConditionsDraft, error: GatewayError): void {
  endOpen(draft, { ...draft.conditions.reload, next: null }, () => error);
}

/** Whether a model's backend is stale, whatever became of its stop. */
export function isStale({ conditions: { reload } }: Pick<ConditionsDraft, "conditions">, model: string): boolean {
  return reload !== NO_RELOAD && reload.stale.has(model);
}

/** Whether a model has a stale backend whose end has to be waited for. */
export function isDraining({ conditions: { reload } }: Pick<ConditionsDraft, "conditions">, model: string): boolean {
  return reload !== NO_RELOAD && reload.stale.get(model)?.isStuck === false;
}

/** Whether any stale backend has to be waited for. */
export function drains({ conditions: { reload } }: Pick<ConditionsDraft, "conditions">): boolean {
  return reload !== NO_RELOAD && reload.stale.size > 0 && [...reload.stale.values()].some(({ isStuck }) => !isStuck);
}

/** Asks every open reload what it still waits for: models, nothing any more (null), or in vain (an error). */
function endOpen(
  draft: ConditionsDraft,
  reload: Reload,
  ask: (left: ReadonlySet<string>) => ReadonlySet<string> | GatewayError | null,
): void {
  const open = new Map<number, ReadonlySet<string>>();
  for (const [reloadId, left] of reload.open) {
    const answer = ask(left);
    if (answer === null || answer instanceof GatewayError) {
      wish(draft, { type: "reloaded", reloadId, error: answer });
    } else {
      open.set(reloadId, answer);
    }
  }
  setReload(draft, { ...reload, open });
}

function setReload(draft: ConditionsDraft, reload: Reload): void {
  draft.conditions = { ...draft.conditions, reload };
}
