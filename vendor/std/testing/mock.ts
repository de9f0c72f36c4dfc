/**
 * Stand-in for the part of `jsr:@std/testing/mock` that the tests use: function spies.
 *
 * @module
 */

import { AssertionError } from "@std/assert";

/** One call that a spy saw. */
export interface SpyCall<Self, Args extends unknown[], Return> {
  /** The arguments. */
  args: Args;
  /** What the function returned, if it did. */
  returned?: Return;
  /** What the function threw, if it did. */
  error?: Error;
  /** The receiver, if there was one. */
  self?: Self;
}

/** A function that records its calls. */
export interface Spy<Self, Args extends unknown[], Return> {
  (this: Self, ...args: Args): Return;
  /** The function behind the spy. */
  original: (this: Self, ...args: Args) => Return;
  /** The calls so far, oldest first. */
  calls: SpyCall<Self, Args, Return>[];
}

/** Makes a spy that does nothing. */
export function spy(): Spy<unknown, unknown[], undefined>;
/** Makes a spy around `func`. */
export function spy<Self, Args extends unknown[], Return>(
  func: (this: Self, ...args: Args) => Return,
): Spy<Self, Args, Return>;
export function spy<Self, Args extends unknown[], Return>(
  func?: (this: Self, ...args: Args) => Return,
): Spy<Self, Args, Return> {
  const original = func ?? (() => {}) as (this: Self, ...args: Args) => Return;
  const calls: SpyCall<Self, Args, Return>[] = [];
  function record(this: Self, ...args: Args): Return {
    const call: SpyCall<Self, Args, Return> = { args };
    if (this) call.self = this;
    calls.push(call);
    try {
      return call.returned = original.apply(this, args);
    } catch (error) {
      call.error = error as Error;
      throw error;
    }
  }
  return Object.assign(record, { original, calls });
}

/** Asserts that `spy` was called `expectedCalls` times. */
export function assertSpyCalls<Self, Args extends unknown[], Return>(
  spy: Spy<Self, Args, Return>,
  expectedCalls: number,
): void {
  const found = spy.calls.length;
  if (found === expectedCalls) return;
  throw new AssertionError(
    `Spy ${
      found < expectedCalls ? "not called as much as" : "called more than"
    } expected:\n${found}, not ${expectedCalls}`,
  );
}
