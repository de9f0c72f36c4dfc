/**
 * How long a turn takes, learnt from the turns that were: the source of `Retry-After`.
 *
 * @module
 */

/** What was measured so far. */
export interface Estimates {
  /** Moving average of the time from leaving the queue to freeing the slot, in milliseconds; null before the first. */
  readonly turnMs: number | null;
}

/** Nothing measured yet. */
export const NO_ESTIMATES: Estimates = { turnMs: null };

/** Weight of the newest turn: about the last ten matter. */
const WEIGHT = 0.2;

/** Taken for a turn before one was measured: a load and a short answer. */
const ASSUMED_TURN_MS = 10_000;

const MOST_RETRY_AFTER_S = 3600;

/** Takes one more turn into account. */
export function withTurn(estimates: Estimates, turnMs: number): Estimates {
  const measured = Math.max(0, turnMs);
  if (estimates.turnMs === null) return { turnMs: measured };
  return { turnMs: estimates.turnMs + WEIGHT * (measured - estimates.turnMs) };
}

/** Whole seconds, 1 to 3600, until `turns` turns have passed with `parallel` of them at a time. */
export function retryAfterS(estimates: Estimates, turns: number, parallel: number): number {
  const turnMs = estimates.turnMs ?? ASSUMED_TURN_MS;
  const seconds = Math.ceil((turnMs * turns) / Math.max(1, parallel) / 1000);
  return Math.min(MOST_RETRY_AFTER_S, Math.max(1, seconds));
}
