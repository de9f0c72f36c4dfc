/**
 * How long each will wait under `fifo`: requests for one model go together, and one model after the other as far as they
 * exclude each other.
 *
 * @module
 */

import { loadMsOf, remainingMs, serviceMsOf } from "./estimates.ts";
import { inOrder } from "./fifo_lanes.ts";
import type { FifoState } from "./fifo_state.ts";
import { type Forecast, MOST_WALKED } from "./forecast.ts";
import { itemsAfter } from "./queue.ts";

/** The part of a state that an estimate needs. */
export type Foreseen = Pick<
  FifoState,
  "conditions" | "lanes" | "running" | "returning" | "swaps" | "serving" | "estimates"
>;

/** A policy may have to search: beyond this many models the next ones are taken to be in the way. */
const MOST_ASKED = 16;

/** Looks ahead from this state at this time, in the clock's milliseconds. */
export function forecastOf(state: Foreseen, now: number): Forecast {
  return new FifoForecast(state, now);
}

class FifoForecast implements Forecast {
  readonly #state: Foreseen;
  readonly #now: number;
  /** The models that are waited for, in the order in which they are looked at; null before anybody asked. */
  #models: ReadonlySet<string> | null = null;

  constructor(state: Foreseen, now: number) {
    this.#state = state;
    this.#now = now;
  }

  waitMs(position: number, model: string): number {
    const { estimates, running, swaps, lanes } = this.#state;
    if (swaps.has(model)) return this.loadMs(model);
    const conflicts = this.#conflictsOf(model);
    this.#models ??= this.#modelsInLine();
    let beforeMs = 0;
    let isFound = false;
    for (const other of this.#models) {
      isFound = other === model;
      if (isFound) break;
      if (conflicts(other)) beforeMs += loadMsOf(estimates, other) + serviceMsOf(estimates, other);
    }
    const unseen = isFound || lanes.size <= MOST_WALKED ? 1 : Math.max(1, (position - 1) / MOST_WALKED);
    const ownMs = beforeMs === 0 && running.get(model) === "ready" ? 0 : loadMsOf(estimates, model);
    return this.#busyMs(conflicts) + beforeMs * unseen + ownMs;
  }

  loadMs(model: string): number {
    const { estimates, swaps } = this.#state;
    const usual = loadMsOf(estimates, model);
    const swap = swaps.get(model);
    return swap === undefined ? usual : remainingMs(usual, this.#now - swap.startedAt);
  }

  /** Until nothing is served or loaded any more that stands in the way. */
  #busyMs(conflicts: (other: string) => boolean): number {
    const { estimates, serving, swaps } = this.#state;
    let busyMs = 0;
    for (const { model, startedAt } of itemsAfter(serving)) {
      if (!conflicts(model)) continue;
      busyMs = Math.max(busyMs, remainingMs(serviceMsOf(estimates, model), this.#now - startedAt));
    }
    for (const other of swaps.keys()) {
      if (conflicts(other)) busyMs = Math.max(busyMs, this.loadMs(other) + serviceMsOf(estimates, other));
    }
    return busyMs;
  }

  #modelsInLine(): ReadonlySet<string> {
    const models = new Set<string>();
    for (const { model } of itemsAfter(this.#state.returning)) models.add(model);
    let walked = 0;
    for (const { model } of inOrder(this.#state.lanes)) {
      if (walked++ >= MOST_WALKED) break;
      models.add(model);
    }
    return models;
  }

  /** Says of another model whether it has to go before this one starts. */
  #conflictsOf(model: string): (other: string) => boolean {
    const { policy } = this.#state.conditions.settings;
    const known = new Map<string, boolean>([[model, false]]);
    return (other) => {
      const before = known.get(other);
      if (before !== undefined) return before;
      const answer = known.size > MOST_ASKED || policy.evictedBy(model, [other]).length > 0;
      known.set(other, answer);
      return answer;
    };
  }
}
