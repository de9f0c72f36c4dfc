/**
 * The pace of writing: gives the steps of a generation no faster than so many a second.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import type { Step } from "./generation.ts";

/** How fast, by which clock, and until when. */
export interface Pace {
  /** None is as fast as it can. */
  readonly tokensPerSecond: number | undefined;
  /** What time it is. */
  readonly clock: Clock;
  /** Ends the steps at once when it aborts, also in mid-wait, without an error. */
  readonly signal: AbortSignal;
}

/** Passes `steps` on, each at its due time; leaves no timer and no listener behind on any path. */
export async function* pacedSteps(steps: Iterable<Step>, pace: Pace): AsyncGenerator<Step, void> {
  const start = pace.clock.now();
  for (const step of steps) {
    const dueIn = pace.tokensPerSecond === undefined
      ? 0
      : start + step.tokens * 1000 / pace.tokensPerSecond - pace.clock.now();
    // Without a pace, a pause every so often lets other requests, and the news that this client left, come in.
    if (dueIn > 0 || step.tokens % 16 === 0) await wait(Math.max(0, dueIn), pace);
    if (pace.signal.aborted) return;
    yield step;
  }
}

function wait(delayMs: number, { clock, signal }: Pace): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) return Promise.resolve();
  const stop = () => {
    cancel();
    resolve();
  };
  const cancel = clock.after(delayMs, () => {
    signal.removeEventListener("abort", stop);
    resolve();
  });
  signal.addEventListener("abort", stop, { once: true });
  return promise;
}
