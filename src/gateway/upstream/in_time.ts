/**
 * Waiting with an end: for a step of opening a connection, and no longer than its time or anybody's interest in it.
 *
 * @module
 */

import { timerDelay } from "../../clock.ts";
import type { GatewayError } from "../../errors.ts";

/** What ends the waiting. */
export interface Ends {
  /** Milliseconds; null waits as long as the system does. */
  readonly timeoutMs: number | null;
  /** What it rejects with when the time is over. */
  readonly late: () => GatewayError;
  /** Rejects when nobody wants the outcome any more. */
  readonly gaveUp: Promise<never>;
}

/** Resolves or rejects as the first of these does; `work` itself goes on. */
export async function inTime<T>(work: Promise<T>, { timeoutMs, late, gaveUp }: Ends): Promise<T> {
  if (timeoutMs === null) return await Promise.race([work, gaveUp]);
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(late()), timerDelay(timeoutMs));
  try {
    return await Promise.race([work, gaveUp, promise]);
  } finally {
    clearTimeout(timer);
  }
}
