/**
 * How much of a value is new.
 *
 * @module
 */

/** Every object that can be reached. */
export function reachable(root: unknown, known: ReadonlySet<object> = new Set()): Set<object> {
  const found = new Set<object>();
  const open: unknown[] = [root];
  for (let value = open.pop(); open.length > 0 || value !== undefined; value = open.pop()) {
    if (typeof value !== "object" || value === null || found.has(value) || known.has(value)) continue;
    found.add(value);
    for (const part of partsOf(value)) if (part !== undefined) open.push(part);
  }
  return found;
}

/** What an object holds, entries of arrays and maps included. */
export function partsOf(value: object): readonly unknown[] {
  if (value instanceof Map) return [...value.keys(), ...value.values()];
  if (value instanceof Set) return [...value];
  return Object.values(value);
}
