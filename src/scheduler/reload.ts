/**
 * What a changed config leaves to do: backends that still run with the config before are *stale* until they have stopped.
 *
 * Nothing new is granted on a stale backend; it is stopped as soon as nothing is served by it. Both cores share this.
 *
 * @module
 */

import { GatewayError } from "../errors.ts";
import type { Command, Event, RunningPhase, SchedulerSettings } from "./types.ts";

/** One stale backend. */
export interface Stale {
  /** The stop that was asked for, by identity; null while it still serves. */
  readonly retireId: number | null;
  /** It could not be stopped: nothing waits for it any more, but its next load has to stop it first. */
  readonly isStuck: boolean;
}

/** What is left to do. */
export interface Reload {
  /** The stale backends by model. */
  readonly stale: ReadonlyMap<string, Stale>;
  /** The reloads that have not ended, and the stale backends that each waits for. */
  readonly open: ReadonlyMap<number, ReadonlySet<string>>;
  /** The identity that the next stop of a stale backend gets. */
  readonly nextRetireId: number;
  /** The settings of the other core, which takes over when nothing is active any more; null when none does. */
  readonly next: SchedulerSettings | null;
}

/** The parts of a core's draft that are needed here. */
export interface ReloadDraft {
  /** Every backend that is not stopped. */
  readonly running: ReadonlyMap<string, RunningPhase>;
  /** Why nothing is accepted any more. */
  readonly closed: GatewayError | null;
  /** What is in force. */
  readonly settings: SchedulerSettings;
  /** What is left to do. */
  reload: Reload;
  /** The wishes so far. */
  readonly commands: Command[];
}

/** Nothing is left to do, and never was: known by its identity, as it is asked for at every step. */
export const NO_RELOAD: Reload = { stale: new Map(), open: new Map(), nextRetireId: 1, next: null };

const DRAINING: Stale = { retireId: null, isStuck: false };

/** A reload begins: running backends of changed models are stale, and what could not be stopped before is tried again. */
export function beginReload(draft: ReloadDraft, event: Extract<Event, { type: "reconfigured" }>): void {
  const { reloadId, changed, settings } = event;
  const { closed } = draft;
  if (closed !== null) return void draft.commands.push({ type: "reloaded", reloadId, error: closed });
  const stale = new Map<string, Stale>();
  for (const [model, known] of draft.reload.stale) stale.set(model, known.isStuck ? DRAINING : known);
  for (const model of changed) if (draft.running.has(model) && !stale.has(model)) stale.set(model, DRAINING);
  const open = new Map(draft.reload.open);
  if (stale.size > 0) open.set(reloadId, new Set(stale.keys()));
  else draft.commands.push({ type: "reloaded", reloadId, error: null });
  const next = settings.use === draft.settings.use ? null : settings;
  draft.reload = { ...draft.reload, stale, open, next };
}

/** Stops the stale backends that serve nobody. */
export function retireIdle(draft: ReloadDraft, isBusy: (model: string) => boolean): void {
  for (const [model, { retireId, isStuck }] of draft.reload.stale) {
    if (retireId !== null || isStuck || isBusy(model)) continue;
    const nextId = draft.reload.nextRetireId;
    const stale = new Map(draft.reload.stale).set(model, { retireId: nextId, isStuck });
    draft.reload = { ...draft.reload, stale, nextRetireId: nextId + 1 };
    draft.commands.push({ type: "retire", retireId: nextId, model });
  }
}

/** This backend has stopped: if it was stale, the next one of its model is not. */
export function becomeFresh(draft: ReloadDraft, model: string): void {
  if (!draft.reload.stale.has(model)) return;
  const stale = new Map(draft.reload.stale);
  stale.delete(model);
  endOpen(draft, { ...draft.reload, stale }, (left) => {
    const rest = new Set(left);
    rest.delete(model);
    return rest.size > 0 ? rest : null;
  });
}

/** The stop of a stale backend has ended; only the one that is known by this very id counts. */
export function noteRetired(draft: ReloadDraft, retireId: number, error: GatewayError | null): void {
  const model = [...draft.reload.stale].find(([, known]) => known.retireId === retireId)?.[0];
  if (model === undefined) return;
  const stale = new Map(draft.reload.stale).set(model, { retireId: null, isStuck: true });
  const reason = error ?? new GatewayError("stop_failed", `The model ${JSON.stringify(model)} could not be stopped`);
  endOpen(draft, { ...draft.reload, stale }, (left) => left.has(model) ? reason : left);
}

/** The gateway ends: no reload does. */
export function closeReloads(draft: ReloadDraft, error: GatewayError): void {
  endOpen(draft, { ...draft.reload, next: null }, () => error);
}

/** Whether a model's backend is stale, whatever became of its stop. */
export function isStale({ reload }: Pick<ReloadDraft, "reload">, model: string): boolean {
  return reload !== NO_RELOAD && reload.stale.has(model);
}

/** Whether a model has a stale backend whose end has to be waited for. */
export function isDraining({ reload }: Pick<ReloadDraft, "reload">, model: string): boolean {
  return reload !== NO_RELOAD && reload.stale.get(model)?.isStuck === false;
}

/** Whether any stale backend has to be waited for. */
export function drains({ reload }: Pick<ReloadDraft, "reload">): boolean {
  return reload !== NO_RELOAD && reload.stale.size > 0 && [...reload.stale.values()].some(({ isStuck }) => !isStuck);
}

/** Asks every open reload what it still waits for: models, nothing any more (null), or in vain (an error). */
function endOpen(
  draft: ReloadDraft,
  reload: Reload,
  ask: (left: ReadonlySet<string>) => ReadonlySet<string> | GatewayError | null,
): void {
  const open = new Map<number, ReadonlySet<string>>();
  for (const [reloadId, left] of reload.open) {
    const answer = ask(left);
    if (answer === null || answer instanceof GatewayError) {
      draft.commands.push({ type: "reloaded", reloadId, error: answer });
    } else {
      open.set(reloadId, answer);
    }
  }
  draft.reload = { ...reload, open };
}
