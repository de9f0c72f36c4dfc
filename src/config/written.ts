/**
 * What the author of a config wrote where the parsed tree says less: the spelling of numbers, the order of keys.
 *
 * @module
 */

import type { ConfigPath } from "./issues.ts";

/** Looks into the texts. */
export interface WrittenSource {
  /** The text at a path; `undefined` when it is not known. */
  written(path: ConfigPath): string | undefined;
  /** The keys of a mapping in the order in which they are written; some may be missing. */
  keysOf(path: ConfigPath): readonly string[];
}

/** Keys that JavaScript puts before all others, in ascending order. */
const INDEX = /^(?:0|[1-9][0-9]{0,9})$/;

/** The entries of a mapping in the order in which they are written: for mappings whose order means something. */
export function entriesAsWritten<Value>(
  mapping: Readonly<Record<string, Value>>,
  path: ConfigPath,
  source: Pick<WrittenSource, "keysOf">,
): readonly (readonly [key: string, value: Value])[] {
  const entries = Object.entries(mapping);
  if (entries.length < 2 || !entries.some(([key]) => INDEX.test(key))) return entries;
  const places = new Map(source.keysOf(path).map((key, place) => [key, place]));
  const placeOf = (key: string) => places.get(key) ?? places.size;
  return entries.sort(([a], [b]) => placeOf(a) - placeOf(b));
}
