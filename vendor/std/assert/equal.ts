// Copyright 2018-2026 the Deno authors. MIT license.
/**
 * Deep equality with the exact rules of `@std/assert` (`node:util`'s are looser for errors and stricter for `-0`).
 *
 * @module
 */

type TypedArray = Pick<Uint8Array | BigUint64Array, "length" | number>;
const TypedArray = Object.getPrototypeOf(Uint8Array);

const stringComparable: ReadonlySet<unknown> = new Set(
  [Intl.Locale, RegExp, URL, URLSearchParams].map((type) => type.prototype),
);

/** Whether two values are deeply equal; throws `TypeError` for a `WeakMap` or `WeakSet`. */
export function equal(left: unknown, right: unknown): boolean {
  const seen = new Map<unknown, unknown>();

  function compare(a: unknown, b: unknown): boolean {
    if (a === b || Object.is(a, b)) return true;
    if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
    if (a instanceof Date && b instanceof Date) return Object.is(a.getTime(), b.getTime());
    if (!prototypesEqual(a, b)) return false;
    if (a instanceof TypedArray) return sameElements(a as TypedArray, b as TypedArray);
    if (a instanceof ArrayBuffer || a instanceof SharedArrayBuffer) {
      return sameElements(new Uint8Array(a), new Uint8Array(b as ArrayBuffer | SharedArrayBuffer));
    }
    if (a instanceof WeakMap) throw new TypeError("Cannot compare WeakMap instances");
    if (a instanceof WeakSet) throw new TypeError("Cannot compare WeakSet instances");
    if (a instanceof WeakRef) return compare(a.deref(), (b as WeakRef<WeakKey>).deref());
    if (seen.get(a) === b) return true;
    if (Object.keys(a).length !== Object.keys(b).length) return false;
    seen.set(a, b);
    if (isKeyed(a) && isKeyed(b)) return sameEntries(a, b);
    if (stringComparable.has(Object.getPrototypeOf(a))) return String(a) === String(b);
    for (const key of isBasic(a) ? ownKeys({ ...a, ...b }) : keysDeep(a).union(keysDeep(b))) {
      if (!compare(a[key as keyof typeof a], b[key as keyof typeof b])) return false;
      if (key in a !== key in b) return false;
    }
    return true;
  }

  function sameEntries(a: Keyed, b: Keyed): boolean {
    if (a.size !== b.size) return false;
    let unmatched = a.size;
    for (const [aKey, aValue] of a.entries()) {
      for (const [bKey, bValue] of b.entries()) {
        if (!compare(aKey, bKey)) continue;
        if ((aKey === aValue && bKey === bValue) || compare(aValue, bValue)) {
          unmatched--;
          break;
        }
      }
    }
    return unmatched === 0;
  }

  return compare(left, right);
}

type Keyed = Set<unknown> | Map<unknown, unknown>;

function isKeyed(value: unknown): value is Keyed {
  return value instanceof Set || value instanceof Map;
}

function prototypesEqual(a: object, b: object): boolean {
  const pa = Object.getPrototypeOf(a);
  const pb = Object.getPrototypeOf(b);
  return pa === pb || (pa === Object.prototype && pb === null) || (pa === null && pb === Object.prototype);
}

function isBasic(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || prototype === Array.prototype;
}

function ownKeys(value: object): (string | symbol)[] {
  return [...Object.getOwnPropertyNames(value), ...Object.getOwnPropertySymbols(value)];
}

function keysDeep(value: object): Set<string | symbol> {
  const keys = new Set<string | symbol>();
  let at: object | null = value;
  while (at !== Object.prototype && at !== Array.prototype && at !== null) {
    for (const key of ownKeys(at)) keys.add(key);
    at = Object.getPrototypeOf(at);
  }
  return keys;
}

function sameElements(a: TypedArray, b: TypedArray): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < b.length; i++) {
    if (a[i] !== b[i] && !Object.is(a[i], b[i])) return false;
  }
  return true;
}
