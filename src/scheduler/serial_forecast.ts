/**
 * How long each will wait under `serial`: turn after turn in arrival order, a load wherever the model changes, and up to
 * `parallel` neighbours of one model side by side.
 *
 * @module
 */

import { type Estimates, loadMsOf, remainingMs, serviceMsOf } from "./estimates.ts";
import { type Forecast, MOST_WALKED } from "./forecast.ts";
import { itemsAfter } from "./queue.ts";
import type { Active, SerialState } from "./serial_state.ts";
import type { Waiting } from "./types.ts";

/** The part of a state that an estimate needs. */
export type Foreseen = Pick<SerialState, "conditions" | "queue" | "running" | "active" | "estimates">;

/** Looks ahead from this state at this time, in the clock's milliseconds. */
export function forecastOf(state: Foreseen, now: number): Forecast {
  return new SerialForecast(state, now);
}

/** All times are milliseconds from now. */
class SerialForecast implements Forecast {
  readonly #estimates: Estimates;
  readonly #parallel: number;
  readonly #active: Active | null;
  readonly #now: number;
  readonly #line: Iterator<Waiting>;
  /** When each of the first waiting requests starts, as far as was asked. */
  readonly #starts: number[] = [];
  /** When the last of those that hold a slot now has ended. */
  readonly #activeEnd: number;
  /** The model of the last turn, or the one in memory; null when the next one has to be loaded. */
  #model: string | null;
  /** When that model can serve. */
  #readyAt = 0;
  /** When the turns of that model end, by slot. */
  #ends: number[] = [];
  /** The slot that is free next, once all are taken. */
  #slot = 0;
  #lastStart = 0;
  #lastEnd = 0;

  constructor({ conditions, queue, running, active, estimates }: Foreseen, now: number) {
    this.#estimates = estimates;
    this.#parallel = conditions.settings.parallel;
    this.#active = active;
    this.#now = now;
    this.#line = itemsAfter(queue);
    const [resident] = running;
    this.#model = running.size === 1 && resident?.[1] === "ready" ? resident[0] : null;
    if (active !== null) this.#takeActive(active);
    this.#activeEnd = this.#lastEnd;
  }

  waitMs(position: number, model: string): number {
    const wanted = Math.min(position, MOST_WALKED);
    while (this.#starts.length < wanted) {
      const next = this.#line.next();
      if (next.done === true) return this.#startOf(model);
      this.#take(next.value.model);
    }
    const start = this.#starts[wanted - 1] ?? 0;
    if (position <= wanted) return start;
    return start + (position - wanted) * ((this.#lastEnd - this.#activeEnd) / wanted);
  }

  loadMs(model: string): number {
    const usual = loadMsOf(this.#estimates, model);
    const active = this.#active;
    if (active === null || active.model !== model || active.loadId === null) return usual;
    return remainingMs(usual, this.#now - active.loadingSince);
  }

  #takeActive(active: Active): void {
    const serviceMs = serviceMsOf(this.#estimates, active.model);
    this.#model = active.model;
    this.#readyAt = active.loading > 0 ? this.loadMs(active.model) : 0;
    for (const { phase, startedAt, gone } of itemsAfter(active.turns)) {
      const workMs = phase === "serving"
        ? remainingMs(serviceMs, this.#now - startedAt)
        : this.#readyAt + (gone ? 0 : serviceMs);
      this.#ends.push(workMs);
    }
    this.#ends.sort((a, b) => a - b);
    this.#lastEnd = this.#ends.at(-1) ?? 0;
  }

  /** When a request for this model would start, were it the next. */
  #startOf(model: string): number {
    if (model !== this.#model) return this.#lastEnd + loadMsOf(this.#estimates, model);
    const free = this.#ends.length < this.#parallel ? this.#readyAt : this.#ends[this.#slot] ?? 0;
    return Math.max(this.#lastStart, free);
  }

  #take(model: string): void {
    const start = this.#startOf(model);
    const end = start + serviceMsOf(this.#estimates, model);
    if (model !== this.#model) {
      this.#model = model;
      this.#readyAt = start;
      this.#ends = [];
      this.#slot = 0;
    }
    if (this.#ends.length < this.#parallel) this.#ends.push(end);
    else {
      this.#ends[this.#slot] = end;
      this.#slot = (this.#slot + 1) % this.#ends.length;
    }
    this.#starts.push(start);
    this.#lastStart = start;
    this.#lastEnd = Math.max(this.#lastEnd, end);
  }
}
