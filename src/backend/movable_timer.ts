/**
 * One timer that is moved instead of made anew.
 *
 * @module
 */

import type { Clock } from "../clock.ts";

/**
 * Runs one thing at a time that may change. Where it may come early it is never moved later: so the idle time of a backend
 * that is asked again and again costs one timer per idle time, not one per request.
 */
export class MovableTimer {
  readonly #clock: Clock;
  readonly #run: () => void;
  #set: { readonly at: number; readonly cancel: () => void } | null = null;

  /** Nothing is set. */
  constructor(clock: Clock, run: () => void) {
    this.#clock = clock;
    this.#run = run;
  }

  /** Runs at `at`, in the clock's milliseconds, or never when null; earlier, too, where that changes nothing. */
  move(at: number | null, { mayBeEarly }: { readonly mayBeEarly: boolean }): void {
    const set = this.#set;
    if (set === null ? at === null : set.at === at || (mayBeEarly && (at === null || set.at < at))) return;
    set?.cancel();
    this.#set = at === null ? null : { at, cancel: this.#clock.after(Math.max(0, at - this.#clock.now()), this.#due) };
  }

  readonly #due = () => {
    this.#set = null;
    this.#run();
  };
}
