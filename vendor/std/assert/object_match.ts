/**
 * `assertObjectMatch`: the intersection of two values, compared deeply.
 *
 * @module
 */

import { equal } from "./equal.ts";

/** Whether everything in `expected` is in `actual`; arrays are compared up to the shorter one, as the original does. */
export function matches(actual: unknown, expected: unknown): boolean {
  return equal(intersect(actual, expected), intersect(expected, expected));
}

function intersect(value: unknown, subset: unknown): unknown {
  if (typeof value !== "object" || typeof subset !== "object" || value === null || subset === null) return value;
  if (value instanceof RegExp || value instanceof Date) return value;
  if (Array.isArray(value) && Array.isArray(subset)) {
    return value.slice(0, subset.length).map((item, index) => intersect(item, subset[index]));
  }
  if (value instanceof Map && subset instanceof Map) {
    return new Map(
      [...value].filter(([key]) => subset.has(key)).map(([key, item]) => [
        key,
        intersect(item, subset.get(key)),
      ]),
    );
  }
  if (value instanceof Set && subset instanceof Set) return value.intersection(subset);
  const keys = Reflect.ownKeys(value);
  const wanted = new Set(Reflect.ownKeys(subset));
  const common = keys.filter((key) => wanted.has(key));
  const kept = keys.length > 0 && wanted.size > 0 && common.length === 0 ? keys : common;
  return Object.fromEntries(
    kept.map((key) => [
      key,
      wanted.has(key)
        ? intersect(value[key as keyof typeof value], subset[key as keyof typeof subset])
        : value[key as keyof typeof value],
    ]),
  );
}
