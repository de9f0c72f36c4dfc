/**
 * Decides by a matrix: the set that holds the target and costs least in evicted models.
 *
 * @module
 */

import { hasBit, isSubset } from "./bits.ts";
import type { Matrix, MatrixSet } from "./matrix.ts";
import { type Candidate, type Question, Search, TooManyCandidates, type Witness } from "./matrix_search.ts";
import type { Effort, EvictionDecision } from "./policy.ts";

/** What one running model costs when the matrix names no cost. */
const DEFAULT_COST = 1;

/** Decides. A target that is in no set runs alone, and a running model that is in no set always goes. */
export function solveMatrix(matrix: Matrix, target: string, running: readonly string[]): EvictionDecision {
  if (running.includes(target)) return decideResident(matrix, target, running);
  const others = [...new Set(running)];
  const costs = others.map((model) => matrix.costs.get(model) ?? DEFAULT_COST);
  const total = costs.reduce((sum, cost) => sum + cost, 0);
  // The target is worth more than all the others together, so that the heaviest candidate holds it if any does.
  const bonus = total + 1;
  const models = [target, ...others];
  const finder = new Finder({ models, weights: [bonus, ...costs], nodeCount: matrix.nodeCount });
  let best: { readonly set: MatrixSet; readonly candidate: Candidate; readonly cost: number } | null = null;
  for (const set of matrix.sets) {
    if (!hasBit(finder.support(set), 0)) continue;
    const candidate = finder.heaviest(set);
    const cost = total + bonus - candidate.weight;
    if (best === null || cost < best.cost) best = { set, candidate, cost };
    if (cost === 0) break;
  }
  const common = { kind: "matrix", target, exact: finder.exact } as const;
  if (best === null) {
    return { ...common, evicted: running, chosen: null, expression: null, together: [target], cost: 0 };
  }
  const { set, candidate, cost } = best;
  const kept = new Set(models.filter((_, bit) => hasBit(candidate.bits, bit)));
  return {
    ...common,
    evicted: running.filter((model) => !kept.has(model)),
    chosen: set.name,
    expression: set.expression,
    together: modelsOf(candidate.witness),
    cost,
  };
}

/** The first set with a candidate that holds all the models; the search ends when `effort` does. */
export function findCommonSet(
  matrix: Matrix,
  models: readonly string[],
  effort?: Effort,
): { readonly set: MatrixSet | null; readonly exact: boolean } {
  const distinct = [...new Set(models)];
  const weights = distinct.map(() => 1);
  const finder = new Finder({ models: distinct, weights, nodeCount: matrix.nodeCount, effort });
  for (const set of matrix.sets) {
    if (effort !== undefined && effort.left < 0) break;
    const support = finder.support(set);
    if (!distinct.every((_, bit) => hasBit(support, bit))) continue;
    const { bits } = finder.heaviest(set);
    if (isSubset(support, bits)) return { set, exact: true };
  }
  return { set: null, exact: finder.exact };
}

/** All sets of models that a matrix set allows, cut down to `models`, those within others left out, in their order. */
export function listCandidates(matrix: Matrix, setName: string, models: readonly string[]): readonly string[][] {
  const set = matrix.sets.find(({ name }) => name === setName);
  if (set === undefined) return [];
  const weights = models.map(() => 1);
  const search = new Search({ models, weights, nodeCount: matrix.nodeCount, narrow: false });
  return search.candidates(set.root).map(({ bits }) => models.filter((_, bit) => hasBit(bits, bit)));
}

function decideResident(matrix: Matrix, target: string, running: readonly string[]): EvictionDecision {
  const { set, exact } = findCommonSet(matrix, running);
  return {
    kind: "matrix",
    target,
    evicted: [],
    chosen: set?.name ?? null,
    expression: set?.expression ?? null,
    together: [...new Set(running)].sort(),
    cost: 0,
    exact,
  };
}

/** An exact search that goes on as a narrow one when it becomes too expensive. */
class Finder {
  readonly #question: Omit<Question, "narrow">;
  #search: Search;
  exact = true;

  constructor(question: Omit<Question, "narrow">) {
    this.#question = question;
    this.#search = new Search({ ...question, narrow: false });
  }

  support({ root }: MatrixSet): Candidate["bits"] {
    return this.#search.support(root);
  }

  heaviest({ root }: MatrixSet): Candidate {
    try {
      return this.#search.heaviest(root);
    } catch (error) {
      if (!(error instanceof TooManyCandidates)) throw error;
      this.exact = false;
      this.#search = new Search({ ...this.#question, narrow: true });
      return this.#search.heaviest(root);
    }
  }
}

function modelsOf(witness: Witness): readonly string[] {
  const models = new Set<string>();
  const open: Witness[] = [witness];
  const seen = new Set<Witness>();
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next === "string") models.add(next);
    else if (!seen.has(next)) {
      seen.add(next);
      open.push(...next);
    }
  }
  return [...models].sort();
}
