/**
 * What a core is to the lease façade: a state, one pure step from facts to wishes, and what others may see of it.
 *
 * @module
 */

import type { Conditions } from "./conditions.ts";
import type { Counts } from "./counts.ts";
import type { Estimates } from "./estimates.ts";
import type { Forecast } from "./forecast.ts";
import type { Command, Event, RunningPhase, SchedulerSettings, Ticket, Waiting } from "./types.ts";

/** What every core knows. */
export interface CommonState<Settings extends SchedulerSettings = SchedulerSettings> {
  /** What no request and no swap changes. */
  readonly conditions: Conditions<Settings>;
  /** Every backend that is not stopped, as far as the core was told. */
  readonly running: ReadonlyMap<string, RunningPhase>;
  /** Waiting and active requests per model that has a limit. */
  readonly counts: Counts;
  /** The time for which a wake-up was asked, in the clock's milliseconds. */
  readonly wakeAt: number | null;
  /** The identity that the next load gets. */
  readonly nextLoadId: number;
  /** Measured times. */
  readonly estimates: Estimates;
}

/** A request that holds a slot, as others may see it. */
export interface ActiveRequest {
  /** Its name. */
  readonly ticket: Ticket;
  /** Its model. */
  readonly model: string;
  /** Whether its load runs or its work. */
  readonly phase: "loading" | "serving";
  /** When it arrived, in the clock's milliseconds. */
  readonly at: number;
}

/** What one core hands to another when the config chooses the other. */
export interface Inheritance {
  /** What every core knows. */
  readonly common: CommonState;
  /** Who waits, in arrival order. */
  readonly waiting: readonly Waiting[];
}

/** One way to decide who goes next; `S` is its state, a value. */
export interface Core<S extends CommonState> {
  /** Notes one fact and says what is to be done, in order; the given state stays as it was. */
  transition(state: S, event: Event): readonly [S, readonly Command[]];
  /** The place of a waiting request, the head being 1; null when it does not wait. */
  positionOf(state: S, ticket: Ticket): number | null;
  /** What a request with a slot is doing; null when it has none. */
  phaseOf(state: S, ticket: Ticket): ActiveRequest["phase"] | null;
  /** Who holds a slot. */
  activeIn(state: S): Iterable<ActiveRequest>;
  /** Who waits behind the first `skipped`, in the order in which they are looked at. */
  waitingIn(state: S, skipped: number): Iterable<Waiting>;
  /** How many wait. */
  waitingCount(state: S): number;
  /** How long those who wait will wait, looked at from this time, in the clock's milliseconds. */
  forecast(state: S, now: number): Forecast;
  /** Nobody waits or holds a slot. */
  isEmpty(state: S): boolean;
  /** What another core goes on with; null while this one still has something going on. */
  handOver(state: S): Inheritance | null;
}

/** What a core starts from. */
export type CoreStart<Settings extends SchedulerSettings = SchedulerSettings> = Pick<
  Conditions<Settings>,
  "models" | "settings"
>;
