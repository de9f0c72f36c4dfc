/**
 * Hides known secrets in texts: many secrets cost no more than few.
 *
 * @module
 */

/** Shorter values are not hidden: they would be found everywhere, and are no secrets. */
const MIN_SECRET = 4;
const BUCKETS = 0x10000;

/** What is hidden, and how. */
export interface Hiding {
  /** What stands where a value stood, by value. */
  readonly shown: ReadonlyMap<string, string>;
  /** A value is known by this many characters, so that one that was cut short is found, too; all of it unless given. */
  readonly knownBy?: number;
}

interface Secret {
  readonly value: string;
  readonly shown: string;
}

/** Makes a function that hides secrets wherever they stand. Where two overlap, both go. */
export function createHider({ shown, knownBy = Infinity }: Hiding): (text: string) => string {
  const byStart = new Map<string, Secret[]>();
  const mayStart = new Uint8Array(BUCKETS);
  for (const [value, replacement] of shown) {
    if (value.length < MIN_SECRET) continue;
    const start = value.slice(0, MIN_SECRET);
    const list = byStart.get(start);
    if (list === undefined) byStart.set(start, [{ value, shown: replacement }]);
    else list.push({ value, shown: replacement });
    mayStart[bucketAt(value, 0)] = 1;
  }
  if (byStart.size === 0) return (text) => text;
  const longestAt = (text: string, at: number): { readonly length: number; readonly shown: string } | null => {
    if (mayStart[bucketAt(text, at)] !== 1) return null;
    let best: { length: number; shown: string } | null = null;
    for (const { value, shown } of byStart.get(text.slice(at, at + MIN_SECRET)) ?? []) {
      const length = commonLength(value, text, at);
      if (length < Math.min(value.length, knownBy) || length <= (best?.length ?? 0)) continue;
      best = { length, shown };
    }
    return best;
  };
  return (text) => {
    let hidden = "";
    let from = 0;
    let end = -1;
    for (let at = 0; at + MIN_SECRET <= text.length; at++) {
      const found = longestAt(text, at);
      if (found === null) continue;
      // What begins inside another one goes on with it.
      if (at >= end) hidden += text.slice(from, at) + found.shown;
      from = end = Math.max(end, at + found.length);
    }
    return from === 0 ? text : hidden + text.slice(from);
  };
}

function bucketAt(text: string, at: number): number {
  return (text.charCodeAt(at) * 0x101 + text.charCodeAt(at + 1)) & (BUCKETS - 1);
}

function commonLength(value: string, text: string, at: number): number {
  const most = Math.min(value.length, text.length - at);
  let length = 0;
  while (length < most && value.charCodeAt(length) === text.charCodeAt(at + length)) length++;
  return length;
}
