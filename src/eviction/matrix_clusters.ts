/**
 * Which parts of an expression have to do with each other: those whose supports, the models that occur in them, overlap.
 *
 * @module
 */

import { type Bits, numbersIn, union } from "./bits.ts";

/** Parts that share models, directly or through others, come together; parts and clusters keep their order. */
export function clusterBySupport<T>(parts: readonly T[], supports: readonly Bits[]): readonly (readonly T[])[] {
  const parents = parts.map((_, index) => index);
  const rootOf = (index: number): number => {
    let root = index;
    for (let up = parents[root]; up !== undefined && up !== root; up = parents[root]) root = up;
    parents[index] = root;
    return root;
  };
  const firstWith = new Map<number, number>();
  supports.forEach((support, index) => {
    for (const bit of numbersIn(support)) {
      const first = firstWith.get(bit);
      if (first === undefined) firstWith.set(bit, index);
      else parents[rootOf(index)] = rootOf(first);
    }
  });
  return [...Map.groupBy(parts, (_, index) => rootOf(index)).values()];
}

/** For each part the models that occur in the other parts or outside of all. */
export function unionsAround(supports: readonly Bits[], outside: Bits): readonly Bits[] {
  const later = unionsAfter(supports, outside);
  let before = outside;
  return supports.map((support, i) => {
    const around = union(before, later[i] ?? before);
    before = union(before, support);
    return around;
  });
}

/** For each part the models that occur in the parts behind it, or in `last`. */
export function unionsAfter(supports: readonly Bits[], last: Bits): readonly Bits[] {
  const unions: Bits[] = [];
  let sum = last;
  for (const support of supports.toReversed()) {
    unions.push(sum);
    sum = union(sum, support);
  }
  return unions.reverse();
}
