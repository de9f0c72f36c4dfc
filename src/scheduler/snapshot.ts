/**
 * What an operator may see of the scheduler.
 *
 * @module
 */

import { itemsAfter } from "./queue.ts";
import type { State, Ticket } from "./types.ts";

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
}

/** The queue API's answer. */
export interface SchedulerSnapshot {
  /** The model that is ready; null when none is. */
  readonly resident: string | null;
  /** Who holds a slot; a caller that has left holds it until its load has ended (S14). */
  readonly active: readonly ActiveEntry[];
  /** A page of who waits, in order. */
  readonly waiting: readonly WaitingEntry[];
  /** How many wait in all. */
  readonly total: number;
}

/** What a page is made with. */
export interface SnapshotContext extends SnapshotOptions {
  /** The clock's milliseconds. */
  readonly now: number;
  /** How many waiting requests come before the page. */
  readonly afterPosition: number;
  /** Gives a request's public id. */
  readonly idOf: (ticket: Ticket) => string;
}

/** Describes the state; costs as much as the page is long. */
export function snapshotOf(state: State, context: SnapshotContext): SchedulerSnapshot {
  const { now, idOf, afterPosition, limit = 100 } = context;
  const active: ActiveEntry[] = [];
  for (const { ticket, phase, at } of state.active === null ? [] : itemsAfter(state.active.turns)) {
    active.push({ id: idOf(ticket), model: state.active?.model ?? "", phase, ageMs: now - at });
  }
  const waiting: WaitingEntry[] = [];
  if (limit > 0) {
    for (const { ticket, model, at } of itemsAfter(state.queue, afterPosition)) {
      waiting.push({ id: idOf(ticket), model, position: afterPosition + waiting.length + 1, ageMs: now - at });
      if (waiting.length >= limit) break;
    }
  }
  const resident = [...state.running].find(([, phase]) => phase === "ready")?.[0] ?? null;
  return { resident, active, waiting, total: state.queue.size };
}
