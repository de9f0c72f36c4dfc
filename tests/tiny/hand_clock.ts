/** A clock that tests move by hand. */

import type { Clock } from "../../src/clock.ts";

/** A `Clock` whose time moves only in `advance`. */
export interface HandClock extends Clock {
  /** Moves time forward and runs what is due, in order. */
  advance(byMs: number): void;
  /** How many timers wait. */
  waiting(): number;
  /** Resolves as soon as a timer waits. */
  asked(): Promise<void>;
}

/** Makes a clock that stands at 0. */
export function handClock(): HandClock {
  let now = 0;
  const timers = new Set<{ readonly at: number; readonly run: () => void }>();
  let gates: (() => void)[] = [];
  return {
    now: () => now,
    after(delayMs, run) {
      const timer = { at: now + delayMs, run };
      timers.add(timer);
      gates.forEach((open) => open());
      gates = [];
      return () => timers.delete(timer);
    },
    advance(byMs) {
      now += byMs;
      for (const timer of [...timers].filter(({ at }) => at <= now).sort((a, b) => a.at - b.at)) {
        if (timers.delete(timer)) timer.run();
      }
    },
    waiting: () => timers.size,
    asked: () => timers.size > 0 ? Promise.resolve() : new Promise((resolve) => gates.push(resolve)),
  };
}
