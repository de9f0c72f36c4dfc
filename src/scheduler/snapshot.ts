/**
 * What an operator may see of the scheduler.
 *
 * @module
 */

import type { ActiveRequest, CommonState } from "./core.ts";
import type { Forecast } from "./forecast.ts";
import type { RunningPhase, Ticket, Waiting } from "./types.ts";

/** Which page of the queue is wanted. */
export interface SnapshotOptions {
  /** How many waiting requests at most; default 100. */
  readonly limit?: number;
  /** The public id after which the page begins; the head when absent or no longer waiting. */
  readonly after?: string;
}

/** A request that holds a slot. */
export interface ActiveEntry {
  /** Its public id. */
  readonly id: string;
  /** Its model. */
  readonly model: string;
  /** Whether its swap runs or its work. */
  readonly phase: "loading" | "serving";
  /** Milliseconds since it arrived. */
  readonly ageMs: number;
}

/** A request in the queue. */
export interface WaitingEntry {
  /** Its public id. */
  readonly id: string;
  /** Its model. */
  readonly model: string;
  /** Its place, the head being 1. */
  readonly position: number;
  /** Milliseconds since it arrived. */
  readonly ageMs: number;
  /** Milliseconds that it will still wait, as far as what was measured tells. */
  readonly estimatedWaitMs: number;
}

/** A backend that is not stopped. */
export interface RunningEntry {
  /** Its model. */
  readonly model: string;
  /** What it is doing. */
  readonly phase: RunningPhase;
}

/** The queue API's answer. */
export interface SchedulerSnapshot {
  /** The model that is ready, the first in id order if several are; null when none is. */
  readonly resident: string | null;
  /** Every backend that is not stopped, in id order. */
  readonly running: readonly RunningEntry[];
  /** Who holds a slot; a caller that has left holds it until its load has ended (S14). */
  readonly active: readonly ActiveEntry[];
  /** A page of who waits, in order. */
  readonly waiting: readonly WaitingEntry[];
  /** How many wait in all. */
  readonly total: number;
}

/** What there is to see of a core's state. */
export interface View {
  /** Every backend that is not stopped. */
  readonly running: CommonState["running"];
  /** Who holds a slot. */
  readonly active: Iterable<ActiveRequest>;
  /** Who waits behind `afterPosition`, in order. */
  readonly waiting: Iterable<Waiting>;
  /** How many wait in all. */
  readonly total: number;
  /** How long they will wait. */
  readonly forecast: Forecast;
}

/** What a page is made with. */
export interface SnapshotContext {
  /** How many waiting requests at most; default 100. */
  readonly limit: number | undefined;
  /** The clock's milliseconds. */
  readonly now: number;
  /** How many waiting requests come before the page. */
  readonly afterPosition: number;
  /** Gives a request's public id. */
  readonly idOf: (ticket: Ticket) => string;
}

/** Describes the state; costs as much as the page is long. */
export function snapshotOf(view: View, context: SnapshotContext): SchedulerSnapshot {
  const { now, idOf, afterPosition, limit = 100 } = context;
  const active: ActiveEntry[] = [];
  for (const { ticket, model, phase, at } of view.active) {
    active.push({ id: idOf(ticket), model, phase, ageMs: now - at });
  }
  const waiting: WaitingEntry[] = [];
  if (limit > 0) {
    for (const { ticket, model, at } of view.waiting) {
      const position = afterPosition + waiting.length + 1;
      const estimatedWaitMs = Math.round(view.forecast.waitMs(position, model));
      waiting.push({ id: idOf(ticket), model, position, ageMs: now - at, estimatedWaitMs });
      if (waiting.length >= limit) break;
    }
  }
  const running = [...view.running].map(([model, phase]) => ({ model, phase }))
    .sort((a, b) => a.model < b.model ? -1 : 1);
  const resident = running.find(({ phase }) => phase === "ready")?.model ?? null;
  return { resident, running, active, waiting, total: view.total };
}
