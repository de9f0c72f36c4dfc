/**
 * Finds the name at the beginning of a path, when names may hold slashes themselves.
 *
 * @module
 */

/** What a path begins with. */
export interface PathMatch<Found> {
  /** What the name leads to. */
  readonly found: Found;
  /** The name, percent-decoded. */
  readonly name: string;
  /** What follows it, as it came; begins with a slash. */
  readonly rest: string;
}

/** Where {@link findLongestName} looks names up. */
export interface NameLookup<Found> {
  /** Finds a name; called with longer and longer ones. */
  readonly find: (name: string) => Found | undefined;
  /** Longer names are not looked up: this bounds what a path of many slashes costs. */
  readonly maxLength: number;
}

/**
 * Finds the longest name that is made of whole segments of `path` from its beginning; slashes before the first segment are
 * skipped. Segments end at the slashes that are written as such: a `%2F` belongs to its segment, before and after decoding.
 */
export function findLongestName<Found>(
  path: string,
  { find, maxLength }: NameLookup<Found>,
): PathMatch<Found> | null {
  let longest: PathMatch<Found> | null = null;
  let from = 0;
  while (path[from] === "/") from++;
  let name = "";
  for (let isFirst = true; from < path.length || !isFirst; isFirst = false) {
    const slash = path.indexOf("/", from);
    const segment = decode(path.slice(from, slash < 0 ? path.length : slash));
    if (segment === null) break;
    name = isFirst ? segment : `${name}/${segment}`;
    if (name.length > maxLength) break;
    const found = find(name);
    if (found !== undefined) longest = { found, name, rest: slash < 0 ? "/" : path.slice(slash) };
    if (slash < 0) break;
    from = slash + 1;
  }
  return longest;
}

/** The length of the longest key; worked out once for each map. */
export function longestKey(names: ReadonlyMap<string, unknown>): number {
  let longest = lengths.get(names);
  if (longest === undefined) {
    longest = 0;
    for (const name of names.keys()) longest = Math.max(longest, name.length);
    lengths.set(names, longest);
  }
  return longest;
}

const lengths = new WeakMap<ReadonlyMap<string, unknown>, number>();

/** Null for what is no percent-encoded UTF-8: no name is spelled like that. */
function decode(segment: string): string | null {
  if (!segment.includes("%")) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return null;
  }
}
