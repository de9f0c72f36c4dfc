/**
 * How fast connections to one backend are opened.
 *
 * The system keeps only a few connections that a server has not accepted yet: 5 where a server says nothing else, as
 * Python's and llama.cpp's do. What comes on top is dropped without a word and tried again by the system a second later,
 * and then two, and in the end reset. A burst of fresh connections is therefore spread a little.
 *
 * @module
 */

/** How many connections may be begun within {@link WINDOW_MS}; fewer than the 5 that a server keeps at least. */
const MAX_OPENS = 3;

/** Milliseconds in which a server has accepted as many: 2 a millisecond were the most that a Python server stood. */
const WINDOW_MS = 2;

/** Lets connections be begun in the order in which they were asked for. */
export class OpenGate {
  /** When the last ones were begun, the oldest first; by `performance.now`. */
  readonly #begun: number[] = [];
  readonly #waiting: (() => void)[] = [];

  /** Null when a connection may be begun at once, otherwise resolves when it may. */
  enter(): Promise<void> | null {
    if (this.#waiting.length === 0 && this.#isOpen()) return null;
    const turn = Promise.withResolvers<void>();
    this.#waiting.push(turn.resolve);
    if (this.#waiting.length === 1) this.#wait();
    return turn.promise;
  }

  #isOpen(): boolean {
    const now = performance.now();
    const oldest = this.#begun[0];
    if (this.#begun.length >= MAX_OPENS && oldest !== undefined) {
      if (now - oldest < WINDOW_MS) return false;
      this.#begun.shift();
    }
    this.#begun.push(now);
    return true;
  }

  /** A timer runs only while somebody waits. */
  #wait(): void {
    setTimeout(() => {
      while (this.#waiting.length > 0 && this.#isOpen()) this.#waiting.shift()?.();
      if (this.#waiting.length > 0) this.#wait();
    }, WINDOW_MS);
  }
}
