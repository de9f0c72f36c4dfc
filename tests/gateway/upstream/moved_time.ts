/**
 * Timers and `performance.now()` that move together, by hand.
 *
 * @module
 */

import { FakeTime } from "@std/testing/time";

/** Faked time until the end of its scope. */
export interface MovedTime extends Disposable {
  /** Moves time and runs what is due. */
  advance(byMs: number): void;
}

/** `FakeTime` leaves `performance.now()` real; here it shows the faked time. */
export function movedTime(): MovedTime {
  const time = new FakeTime(0);
  const realNow = performance.now;
  performance.now = () => time.now;
  return {
    advance: (byMs) => time.tick(byMs),
    [Symbol.dispose]() {
      performance.now = realNow;
      time.restore();
    },
  };
}
