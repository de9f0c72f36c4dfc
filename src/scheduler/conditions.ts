/**
 * What no request and no swap changes: the config in force, and what holds everybody up.
 *
 * It is one object in a core's state, as every step copies the state's fields, and few steps touch any of this.
 *
 * @module
 */

import type { GatewayError } from "../errors.ts";
import type { RunningPhase, SchedulerModel, SchedulerSettings } from "./types.ts";
import type { WishDraft } from "./wishes.ts";

/** One stale backend: it runs with a config that is not in force any more. */
export interface Stale {
  /** The stop that was asked for, by identity; null while it still serves. */
  readonly retireId: number | null;
  /** It could not be stopped: nothing waits for it any more, but its next load has to stop it first. */
  readonly isStuck: boolean;
}

/** What a changed config has left to do. */
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

/** Nothing is left to do, and never was: known by its identity, as it is asked for at every step. */
export const NO_RELOAD: Reload = { stale: new Map(), open: new Map(), nextRetireId: 1, next: null };

/** See the module. */
export interface Conditions<Settings extends SchedulerSettings = SchedulerSettings> {
  /** The configured models. */
  readonly models: ReadonlyMap<string, SchedulerModel>;
  /** The bounds. */
  readonly settings: Settings;
  /** The unloads that have not ended, and their models (null: all). */
  readonly unloading: ReadonlyMap<number, readonly string[] | null>;
  /** What a changed config has left to do. */
  readonly reload: Reload;
  /** Why nothing is accepted any more; null while open. */
  readonly closed: GatewayError | null;
}

/** The parts of a core's draft in which conditions change: the objects are replaced, never changed. */
export interface ConditionsDraft extends WishDraft {
  /** What no request and no swap changes. */
  conditions: Conditions;
  /** Every backend that is not stopped. */
  running: ReadonlyMap<string, RunningPhase>;
}

/** The conditions before anything happened. */
export function initialConditions<Settings extends SchedulerSettings>(
  { models, settings }: Pick<Conditions<Settings>, "models" | "settings">,
): Conditions<Settings> {
  return { models, settings, unloading: new Map(), reload: NO_RELOAD, closed: null };
}

/** The conditions under which one core goes on where another one has ended. */
export function inheritedConditions<Settings extends SchedulerSettings>(
  before: Conditions,
  settings: Settings,
): Conditions<Settings> {
  return { ...before, settings, reload: { ...before.reload, next: null } };
}
