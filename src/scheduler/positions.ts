/**
 * Tells waiting callers their place in the line (S7), as far as they asked for it.
 *
 * @module
 */

import type { Log } from "../log.ts";
import type { Ticket } from "./types.ts";

interface Listener {
  readonly ticket: Ticket;
  readonly onPosition: (position: number) => void;
  /** The position told last. */
  told: number;
}

/** Who asked to be told. A change of the queue costs as much as there are of them, and nothing when there are none. */
export class Positions {
  readonly #log: Log;
  readonly #positionOf: (ticket: Ticket) => number | null;
  readonly #listeners = new Map<Ticket, Listener>();
  #announcing = false;

  /** Nobody asked yet; `positionOf` gives null for a ticket that does not wait. */
  constructor(log: Log, positionOf: (ticket: Ticket) => number | null) {
    this.#log = log;
    this.#positionOf = positionOf;
  }

  /** Tells this one from the next change on. */
  listen(ticket: Ticket, onPosition: (position: number) => void): void {
    this.#listeners.set(ticket, { ticket, onPosition, told: 0 });
  }

  /** This one does not wait any more. */
  forget(ticket: Ticket): void {
    if (this.#listeners.size > 0) this.#listeners.delete(ticket);
  }

  /** The queue changed: positions are told once per microtask, and only to those for whom they changed (G4). */
  announce(): void {
    if (this.#announcing || this.#listeners.size === 0) return;
    this.#announcing = true;
    queueMicrotask(() => {
      this.#announcing = false;
      for (const listener of [...this.#listeners.values()]) this.#tell(listener);
    });
  }

  #tell(listener: Listener): void {
    const position = this.#positionOf(listener.ticket);
    if (position === null || position === listener.told) return;
    listener.told = position;
    try {
      listener.onPosition(position);
    } catch (thrown) {
      this.#log.error(`position listener: ${thrown}`);
    }
  }
}
