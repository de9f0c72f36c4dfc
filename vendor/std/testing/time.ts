/**
 * Stand-in for `jsr:@std/testing/time` over `@sinonjs/fake-timers`: `Date`, `setTimeout`, `setInterval`, their clears and
 * `AbortSignal.timeout` stand still until a test moves them. As in the original, `performance.now()` stays real.
 *
 * @module
 */

// @ts-types="./sinon_fake_timers.d.ts"
import { install, type InstalledClock } from "@sinonjs/fake-timers";

const realSetTimeout = globalThis.setTimeout;
const realClearTimeout = globalThis.clearTimeout;
const realSignalTimeout = AbortSignal.timeout;
let current: FakeTime | undefined;

/** Thrown when time is faked twice or restored twice. */
export class TimeError extends Error {
  /** Makes the error. */
  constructor(message: string) {
    super(message);
    this.name = "TimeError";
  }
}

/** How {@link FakeTime.delay} may end early. */
export interface DelayOptions {
  /** Rejects the delay with an `AbortError` when it aborts. */
  signal?: AbortSignal;
}

/** Faked time, from construction until `restore()` or the end of its `using` scope. */
export class FakeTime implements Disposable {
  readonly #clock: InstalledClock;
  readonly #start: number;

  /** Fakes time from `start` (epoch milliseconds, text or date; now if not given). Throws if it is faked already. */
  constructor(start?: number | string | Date | null) {
    if (current) throw new TimeError("Cannot construct FakeTime: time is already faked");
    const begin = start === undefined || start === null
      ? Date.now()
      : typeof start === "number"
      ? Math.floor(start)
      : new Date(start).valueOf();
    if (Number.isNaN(begin)) throw new TypeError(`Cannot construct FakeTime: invalid start time ${begin}`);
    this.#start = begin;
    this.#clock = install({
      now: begin,
      toFake: ["Date", "setTimeout", "clearTimeout", "setInterval", "clearInterval"],
      loopLimit: Infinity,
    });
    AbortSignal.timeout = fakeSignalTimeout;
    current = this;
  }

  /** Restores the real time of the current instance. */
  static restore(): void {
    if (!current) throw new TimeError("Cannot restore time: time is already restored");
    current.restore();
  }

  /** Epoch milliseconds of the faked time; setting it moves time forward and runs what is due. */
  get now(): number {
    return this.#clock.now;
  }
  set now(value: number) {
    if (value < this.#clock.now) {
      throw new RangeError(
        `Cannot set current time in the past, time must be >= ${this.#clock.now}: received ${value}`,
      );
    }
    this.#clock.tick(value - this.#clock.now);
  }

  /** Epoch milliseconds at which faked time began. */
  get start(): number {
    return this.#start;
  }

  /** Waits `ms` of real time. */
  delay(ms: number, options: DelayOptions = {}): Promise<void> {
    const { signal } = options;
    return new Promise((resolve, reject) => {
      const refuse = () => {
        realClearTimeout(timer);
        reject(new DOMException("Delay was aborted.", "AbortError"));
      };
      const timer = realSetTimeout(() => {
        signal?.removeEventListener("abort", refuse);
        resolve();
      }, ms);
      if (signal?.aborted) refuse();
      else signal?.addEventListener("abort", refuse, { once: true });
    });
  }

  /** Lets everything run that is already resolved. */
  async runMicrotasks(): Promise<void> {
    await this.delay(0);
  }

  /** Moves time by `ms` and runs what is due. */
  tick(ms = 0): void {
    this.now += ms;
  }

  /** {@link FakeTime.runMicrotasks}, then {@link FakeTime.tick}. */
  async tickAsync(ms = 0): Promise<void> {
    await this.runMicrotasks();
    this.now += ms;
  }

  /** Moves to the next timer and runs all that is due then; false if there is none. */
  next(): boolean {
    if (this.#clock.countTimers() === 0) return false;
    this.#clock.next();
    this.#clock.tick(0);
    return true;
  }

  /** {@link FakeTime.runMicrotasks}, then {@link FakeTime.next}. */
  async nextAsync(): Promise<boolean> {
    await this.runMicrotasks();
    return this.next();
  }

  /** Moves on until no timer is left. */
  runAll(): void {
    while (this.next());
  }

  /** Moves on until no timer is left, letting promises run in between. */
  async runAllAsync(): Promise<void> {
    while (this.#clock.countTimers() > 0) await this.nextAsync();
  }

  /** Restores real time. Throws if that was done already. */
  restore(): void {
    if (current !== this) throw new TimeError("Cannot restore time: time is already restored");
    current = undefined;
    this.#clock.uninstall();
    AbortSignal.timeout = realSignalTimeout;
  }

  /** Restores real time. */
  [Symbol.dispose](): void {
    this.restore();
  }
}

function fakeSignalTimeout(delayMs: number): AbortSignal {
  const aborter = new AbortController();
  setTimeout(() => aborter.abort(new DOMException("Signal timed out.", "TimeoutError")), delayMs);
  return aborter.signal;
}
