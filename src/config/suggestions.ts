/**
 * The name that somebody who mistyped probably meant.
 *
 * @module
 */

import type { Misspelt, Names } from "../eviction/findings.ts";

/** Longer names are not compared: no key is that long, and the cost grows with the square. */
const MAX_LENGTH = 64;
/** What all suggestions of one load may cost, in {@link editDistance}'s steps: about 50 ms. */
const MAX_STEPS = 8_000_000;
/** What looking at a candidate costs, and what making it comparable costs. */
const [LOOK, FOLD] = [2, 20];

/** Takes steps from what is left; false when it is used up. */
type Spend = (steps: number) => boolean;

/** Makes a function that finds names like {@link nearestName}, until all its answers together have cost `steps`. */
export function createSuggester(steps = MAX_STEPS): (misspelt: Misspelt) => string | undefined {
  let left = steps;
  const spend: Spend = (cost) => (left -= cost) >= 0;
  return ({ name, among }) => left < 0 ? undefined : nearestName(name, eachOf(among), spend);
}

function* eachOf(among: readonly Names[]): Generator<string> {
  for (const names of among) yield* Array.isArray(names) ? names : names.keys() as Iterable<string>;
}

/**
 * Finds the candidate nearest to `name`, if one is near enough to be a slip; ignores case, `-` and `_`. Nothing is found
 * when `spend` says that the search costs too much.
 */
export function nearestName(name: string, candidates: Iterable<string>, spend: Spend = () => true): string | undefined {
  if (name.length === 0 || name.length > MAX_LENGTH) return undefined;
  const folded = fold(name);
  // Every other name of one letter is one letter away: only another case of it is a slip.
  const limit = name.length === 1 ? 0 : Math.max(1, Math.floor(name.length / 3));
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of candidates) {
    if (!spend(LOOK)) return undefined;
    if (candidate === name || Math.abs(candidate.length - name.length) > limit + 2) continue;
    if (!spend(FOLD)) return undefined;
    const other = fold(candidate);
    const cutShort = folded.length >= 4 && (other.startsWith(folded) || folded.startsWith(other));
    if (!cutShort && !spend(folded.length * other.length)) return undefined;
    const distance = cutShort ? 1 : editDistance(folded, other, bestDistance);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/**
 * Counts the insertions, deletions, replacements and swaps of neighbours that turn one text into the other; `enough` or
 * more for texts that are at least so far apart.
 */
export function editDistance(a: string, b: string, enough = Infinity): number {
  if (Math.abs(a.length - b.length) >= enough) return enough;
  const width = b.length + 1;
  let [beforePrevious, previous, current] = [new Uint32Array(width), new Uint32Array(width), new Uint32Array(width)];
  for (let j = 0; j < width; j++) previous[j] = j;
  let previousLeast = 0;
  for (let i = 1; i <= a.length; i++) {
    current[0] = i;
    let least = i;
    for (let j = 1; j < width; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min((previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (beforePrevious[j - 2] ?? 0) + 1);
      }
      current[j] = cost;
      if (cost < least) least = cost;
    }
    if (least >= enough && previousLeast >= enough) return enough;
    previousLeast = least;
    [beforePrevious, previous, current] = [previous, current, beforePrevious];
  }
  return previous[b.length] ?? 0;
}

function fold(name: string): string {
  return name.toLowerCase().replaceAll(/[-_]/g, "");
}
