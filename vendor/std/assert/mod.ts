/**
 * Stand-in for the part of `jsr:@std/assert` that the tests use: same names, signatures, rules and error class.
 * Only the wording of a difference comes from `node:assert`.
 *
 * @module
 */

import { deepStrictEqual } from "node:assert";
import { stripVTControlCharacters } from "node:util";
import { equal } from "./equal.ts";
import { matches } from "./object_match.ts";

/** Thrown by every failed assertion. */
export class AssertionError extends Error {
  /** Makes the error. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AssertionError";
  }
}

/** A value that is false in a condition. */
export type Falsy = false | 0 | 0n | "" | null | undefined;

/** Any class, abstract ones included. */
// deno-lint-ignore no-explicit-any -- the original's signature
export type AnyClass<T> = abstract new (...args: any[]) => T;

/** Asserts that `expr` is truthy. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/** Asserts that `expr` is falsy. */
export function assertFalse(expr: unknown, msg = ""): asserts expr is Falsy {
  if (expr) throw new AssertionError(msg);
}

/** Asserts that two values are deeply equal. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) return;
  throw new AssertionError(`Values are not equal${suffix(msg)}\n${difference(actual, expected)}`);
}

/** Asserts that two values are not deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!equal(actual, expected)) return;
  throw new AssertionError(`Expected actual: ${show(actual)} not to be: ${show(expected)}${suffix(msg)}`);
}

/** Asserts that two values are the same by `Object.is`. */
export function assertStrictEquals<T>(actual: unknown, expected: T, msg?: string): asserts actual is T {
  if (Object.is(actual, expected)) return;
  throw new AssertionError(`Values are not strictly equal${suffix(msg)}\n${difference(actual, expected)}`);
}

/** Asserts that everything in `expected` is in `actual`. */
export function assertObjectMatch(
  // deno-lint-ignore no-explicit-any -- the original's signature
  actual: Record<PropertyKey, any>,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void {
  if (matches(actual, expected)) return;
  throw new AssertionError(`Values are not equal${suffix(msg)}\n${difference(actual, expected)}`);
}

/** Asserts that `actual` is neither `null` nor `undefined`. */
export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T> {
  if (actual !== undefined && actual !== null) return;
  throw new AssertionError(`Expected actual: "${actual}" to not be null or undefined${suffix(msg)}`);
}

/** Asserts that `actual` is an instance of `expectedType`. */
// deno-lint-ignore no-explicit-any -- the original's signature
export function assertInstanceOf<T extends AnyClass<any>>(
  actual: unknown,
  expectedType: T,
  msg = "",
): asserts actual is InstanceType<T> {
  if (actual instanceof expectedType) return;
  const found = typeof actual === "object" && actual !== null
    ? actual.constructor?.name ?? "Object"
    : actual === null
    ? "null"
    : typeof actual;
  throw new AssertionError(
    `Expected object to be an instance of "${expectedType.name}" but was "${found}"${suffix(msg)}`,
  );
}

/** Asserts that `expected` matches somewhere in `actual`. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  if (expected.test(actual)) return;
  throw new AssertionError(`Expected actual: "${actual}" to match: "${expected}"${suffix(msg)}`);
}

/** Asserts that `actual` contains `expected`. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  if (actual.includes(expected)) return;
  throw new AssertionError(`Expected actual: "${actual}" to contain: "${expected}"${suffix(msg)}`);
}

/** Asserts `actual > expected`. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual > expected)) throw new AssertionError(msg ?? `Expect ${show(actual)} > ${show(expected)}`);
}

/** Asserts `actual >= expected`. */
export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual >= expected)) throw new AssertionError(msg ?? `Expect ${show(actual)} >= ${show(expected)}`);
}

/** Asserts `actual < expected`. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual < expected)) throw new AssertionError(msg ?? `Expect ${show(actual)} < ${show(expected)}`);
}

/** Asserts `actual <= expected`. */
export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual <= expected)) throw new AssertionError(msg ?? `Expect ${show(actual)} <= ${show(expected)}`);
}

/** Fails always. */
export function fail(msg?: string): never {
  throw new AssertionError(`Failed assertion${suffix(msg)}`);
}

/** Asserts that `fn` throws, and returns what it threw. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/** Asserts that `fn` throws an `ErrorClass` whose message includes `msgIncludes`, and returns it. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: AnyClass<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  classOrMsg?: AnyClass<E> | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  const label = typeof classOrMsg === "string" ? classOrMsg : msg;
  try {
    fn();
  } catch (error) {
    if (typeof classOrMsg === "function") {
      checkError(error, { ErrorClass: classOrMsg, msgIncludes, verb: "thrown", msg });
    }
    return error;
  }
  throw new AssertionError(`Expected function to throw${suffix(label)}`);
}

/** Asserts that `fn` returns a promise that rejects, and resolves to the reason. */
export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
/** Asserts that `fn` returns a promise rejecting with an `ErrorClass` whose message includes `msgIncludes`. */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: AnyClass<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  classOrMsg?: AnyClass<E> | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  const label = typeof classOrMsg === "string" ? classOrMsg : msg;
  let promise: PromiseLike<unknown> | undefined;
  try {
    promise = fn();
  } catch {
    // Reported below, as a function that returns no promise is.
  }
  if (typeof promise !== "object" || promise === null || typeof promise.then !== "function") {
    throw new AssertionError(`Function throws when expected to reject${suffix(label)}`);
  }
  try {
    await promise;
  } catch (error) {
    if (typeof classOrMsg === "function") {
      checkError(error, { ErrorClass: classOrMsg, msgIncludes, verb: "rejected", msg });
    }
    return error;
  }
  throw new AssertionError(`Expected function to reject${suffix(label)}`);
}

interface ErrorExpectation {
  readonly ErrorClass: AnyClass<Error>;
  readonly msgIncludes: string | undefined;
  readonly verb: "thrown" | "rejected";
  readonly msg: string | undefined;
}

function checkError(thrown: unknown, { ErrorClass, msgIncludes, verb, msg }: ErrorExpectation): void {
  if (!(thrown instanceof Error)) throw new AssertionError(`A non-Error object was ${verb}${suffix(msg)}`);
  const error: Error = thrown;
  if (!(thrown instanceof ErrorClass)) {
    throw new AssertionError(
      `Expected error to be instance of "${ErrorClass.name}", but was "${error.constructor?.name}"${suffix(msg)}`,
      { cause: thrown },
    );
  }
  if (!msgIncludes) return;
  if (stripVTControlCharacters(error.message).includes(stripVTControlCharacters(msgIncludes))) return;
  throw new AssertionError(
    `Expected error message to include ${JSON.stringify(msgIncludes)}, but got ${JSON.stringify(error.message)}${
      suffix(msg)
    }`,
  );
}

function suffix(msg: string | undefined): string {
  return msg ? `: ${msg}` : ".";
}

function show(value: unknown): string {
  return Deno.inspect(value, {
    depth: Infinity,
    sorted: true,
    trailingComma: true,
    compact: false,
    iterableLimit: 1e4,
  });
}

function difference(actual: unknown, expected: unknown): string {
  try {
    deepStrictEqual(actual, expected);
  } catch (error) {
    if (error instanceof Error) return error.message;
  }
  return `actual: ${show(actual)}\nexpected: ${show(expected)}`;
}
