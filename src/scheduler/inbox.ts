/**
 * Events one at a time: what the handling of one raises waits here, and so sees the state that it belongs to.
 *
 * @module
 */

import type { Event } from "./types.ts";

/** See the module. */
export class Inbox {
  readonly #handle: (event: Event) => void;
  readonly #waiting: Event[] = [];
  #isBusy = false;

  /** Empty; `handle` gets each event in the order of arrival, and may tell others meanwhile. */
  constructor(handle: (event: Event) => void) {
    this.#handle = handle;
  }

  /** Whether an event is being handled. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Has an event handled, now or, while another one is, after it; throws what the handling throws. */
  take(event: Event): void {
    if (this.#isBusy || this.#waiting.length > 0) this.#waiting.push(event);
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      // Most events raise no other: they need no place in the line.
      if (this.#waiting.length === 0) this.#handle(event);
      if (this.#waiting.length > 0) this.#handleWaiting();
    } finally {
      this.#isBusy = false;
    }
  }

  /** An event whose handling throws is done with; those behind it come before the next one that is told. */
  #handleWaiting(): void {
    let taken = 0;
    try {
      for (let next = this.#waiting[taken++]; next !== undefined; next = this.#waiting[taken++]) this.#handle(next);
    } finally {
      if (taken > this.#waiting.length) this.#waiting.length = 0;
      else this.#waiting.splice(0, taken);
    }
  }
}
