/**
 * The meaning of a matrix, written out with lists of sets: slow, obvious, and without anything of the solver.
 *
 * @module
 */

/** An expression as the generator makes it. */
export type Naive =
  | { readonly kind: "model"; readonly name: string }
  | { readonly kind: "reference"; readonly name: string }
  | { readonly kind: "any" | "all"; readonly parts: readonly Naive[] };

/** Named expressions; a reference is to an earlier one. */
export type NaiveSets = readonly (readonly [string, Naive])[];

/** The question and its costs. */
export interface NaiveQuestion {
  readonly sets: NaiveSets;
  readonly target: string;
  readonly running: readonly string[];
  readonly costs: ReadonlyMap<string, number>;
}

/** What the naive way decides. */
export interface NaiveAnswer {
  readonly chosen: string | null;
  readonly evicted: readonly string[];
  readonly cost: number;
}

/** Writes an expression as a config has it. */
export function write(expression: Naive): string {
  if (expression.kind === "model") return expression.name;
  if (expression.kind === "reference") return `+${expression.name}`;
  return `(${expression.parts.map(write).join(expression.kind === "any" ? " | " : " & ")})`;
}

/** Every model set that the expression stands for, in traversal order, with repetitions. */
export function family(expression: Naive, sets: NaiveSets): readonly ReadonlySet<string>[] {
  if (expression.kind === "model") return [new Set([expression.name])];
  if (expression.kind === "reference") return family(lookUp(expression.name, sets), sets);
  const families = expression.parts.map((part) => family(part, sets));
  if (expression.kind === "any") return families.flat();
  return families.reduce((lefts, rights) => lefts.flatMap((left) => rights.map((right) => left.union(right))));
}

/** The same, cut down to some models, each step without the sets that lie within others. */
export function undominated(
  expression: Naive,
  sets: NaiveSets,
  models: ReadonlySet<string>,
): readonly ReadonlySet<string>[] {
  if (expression.kind === "model") return [new Set([expression.name]).intersection(models)];
  if (expression.kind === "reference") return undominated(lookUp(expression.name, sets), sets, models);
  const lists = expression.parts.map((part) => undominated(part, sets, models));
  if (expression.kind === "any") return maximal(lists.flat());
  return lists.reduce((lefts, rights) => maximal(lefts.flatMap((left) => rights.map((right) => left.union(right)))));
}

/** Decides by looking at every candidate of every set; `lists` says which ones there are. */
export function decide(
  question: NaiveQuestion,
  lists: (expression: Naive, models: ReadonlySet<string>) => readonly ReadonlySet<string>[],
): NaiveAnswer {
  const { sets, target, running, costs } = question;
  if (running.includes(target)) return { chosen: null, evicted: [], cost: 0 };
  let best: NaiveAnswer | null = null;
  for (const [chosen, expression] of sets) {
    for (const candidate of lists(expression, new Set([target, ...running]))) {
      if (!candidate.has(target)) continue;
      const evicted = running.filter((model) => !candidate.has(model));
      const cost = evicted.reduce((sum, model) => sum + (costs.get(model) ?? 1), 0);
      if (best === null || cost < best.cost) best = { chosen, evicted, cost };
    }
  }
  return best ?? { chosen: null, evicted: running, cost: 0 };
}

function maximal(candidates: readonly ReadonlySet<string>[]): readonly ReadonlySet<string>[] {
  let kept: ReadonlySet<string>[] = [];
  for (const candidate of candidates) {
    if (kept.some((other) => candidate.isSubsetOf(other))) continue;
    kept = [...kept.filter((other) => !other.isSubsetOf(candidate)), candidate];
  }
  return kept;
}

function lookUp(name: string, sets: NaiveSets): Naive {
  const found = sets.find(([other]) => other === name);
  if (found === undefined) throw new Error(`no set ${name}`);
  return found[1];
}
