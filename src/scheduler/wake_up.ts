/**
 * The one timer of a core.
 *
 * @module
 */

import type { Clock } from "../clock.ts";

/** Wakes once, at the time that was set last. */
export class WakeUp {
  readonly #clock: Clock;
  readonly #wake: () => void;
  #cancel: (() => void) | null = null;

  /** Not set yet. */
  constructor(clock: Clock, wake: () => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  /** Wakes at this time, in the clock's milliseconds, and at no other; null: not at all. */
  set(at: number | null): void {
    this.#cancel?.();
    this.#cancel = at === null ? null : this.#clock.after(Math.max(0, at - this.#clock.now()), this.#wake);
  }
}
