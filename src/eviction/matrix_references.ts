/**
 * Puts matrix sets into the order in which the solver looks at them, and finds those that refer to themselves.
 *
 * The order is the one of the file, except that a set stands behind the sets that it refers to. llama-swap has the same
 * rule; it decides ties only. It is kept, although the documentation promises the plain order of the file, because a set
 * that extends another allows all that the other allows: in a tie the smaller one is the better explanation, wherever its
 * author happened to write it.
 *
 * @module
 */

/** A set and the sets that it names, in the order of first mention. */
export interface Links {
  /** The set. */
  readonly name: string;
  /** The sets that it refers to; all exist. */
  readonly references: readonly string[];
}

/** The order, and each circle as the list of its sets with the first one again at the end. */
export interface SetOrder {
  /** Every name once; without meaning when there are circles. */
  readonly order: readonly string[];
  /** Circles of references. */
  readonly cycles: readonly (readonly string[])[];
}

/** More circles than this are not listed: whoever mends these will see the rest. */
const MAX_CYCLES = 20;

/** Orders the sets; uses no stack of the machine, so that a chain may be long. */
export function orderSets(sets: readonly Links[]): SetOrder {
  const links = new Map(sets.map(({ name, references }) => [name, references]));
  const state = new Map<string, "open" | "done">();
  const order: string[] = [];
  const cycles: string[][] = [];
  for (const { name } of sets) {
    if (state.has(name)) continue;
    const trail = [{ name, next: 0 }];
    state.set(name, "open");
    for (let step = trail.at(-1); step !== undefined; step = trail.at(-1)) {
      const reference = links.get(step.name)?.[step.next++];
      if (reference === undefined) {
        state.set(step.name, "done");
        order.push(step.name);
        trail.pop();
      } else if (!state.has(reference)) {
        state.set(reference, "open");
        trail.push({ name: reference, next: 0 });
      } else if (state.get(reference) === "open" && cycles.length < MAX_CYCLES) {
        const start = trail.findIndex((earlier) => earlier.name === reference);
        cycles.push([...trail.slice(start).map((earlier) => earlier.name), reference]);
      }
    }
  }
  return { order, cycles };
}
