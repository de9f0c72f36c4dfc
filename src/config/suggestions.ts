/**
 * The name that somebody who mistyped probably meant.
 *
 * @module
 */

/** Longer names are not compared: no key is that long, and the cost grows with the square. */
const MAX_LENGTH = 64;

/** Finds the candidate nearest to `name`, if one is near enough to be a slip; ignores case, `-` and `_`. */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  if (name.length === 0 || name.length > MAX_LENGTH) return undefined;
  const folded = fold(name);
  // Every other name of one letter is one letter away: only another case of it is a slip.
  const limit = name.length === 1 ? 0 : Math.max(1, Math.floor(name.length / 3));
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of candidates) {
    if (candidate === name || Math.abs(candidate.length - name.length) > limit + 2) continue;
    const other = fold(candidate);
    const cutShort = folded.length >= 4 && (other.startsWith(folded) || folded.startsWith(other));
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
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  let previousLeast = 0;
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min((previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (beforePrevious[j - 2] ?? 0) + 1);
      }
      current.push(cost);
      if (cost < least) least = cost;
    }
    if (least >= enough && previousLeast >= enough) return enough;
    previousLeast = least;
    [beforePrevious, previous] = [previous, current];
  }
  return previous[b.length] ?? 0;
}

function fold(name: string): string {
  return name.toLowerCase().replaceAll(/[-_]/g, "");
}
