/**
 * Time as a dependency, so that pure parts take it as a value and tests can move it by hand.
 *
 * @module
 */

/** A monotonic clock with one-shot timers. */
export interface Clock {
  /** Milliseconds since an arbitrary start, never going back. */
  now(): number;
  /** Calls `run` once after `delayMs`; the returned function cancels it and may be called at any time. */
  after(delayMs: number, run: () => void): () => void;
}

/**
 * The longest delay that a timer of the runtime keeps, 2^31 - 1 milliseconds (24.8 days): a longer one would fire at once.
 */
const MOST_DELAY_MS = 2 ** 31 - 1;

/** `delayMs` as a timer can keep it. A bound of months is as good as one of 24.8 days. */
export function timerDelay(delayMs: number): number {
  return Math.min(delayMs, MOST_DELAY_MS);
}

/** The process's own clock: `performance.now()` and `setTimeout`. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, timerDelay(delayMs));
    return () => clearTimeout(timer);
  },
};
