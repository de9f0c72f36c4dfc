/**
 * Finds the heaviest candidate of a matrix expression without writing its products out.
 *
 * **Meaning.** An expression stands for a list of model sets, each cut down to the models of the question. `any` joins its
 * parts' lists; `all` folds them from left to right, each left one united with each right one. After each such step a
 * candidate that lies within another is dropped (of equal ones the first stays), and one that holds earlier ones takes
 * their place at the end. The heaviest candidate wins; of equally heavy ones the first. llama-swap does exactly that.
 *
 * **What makes it quick.** None of this changes the result, ties included:
 * 1. Parts of an `all` that share no model of the question are solved apart, and the winners united. A product of
 *    separate alternatives, however many, costs their sum.
 * 2. Where a part shares models with its surroundings, only the shared ones need the list. A candidate is dropped when
 *    another one gains more, in models that occur nowhere else, than it lacks: whatever joins them later, it never wins.
 *
 * **What it cannot make quick.** Parts of one `all` that share many models, such as `+s & +s & +s`, are set cover, which
 * is NP-hard. So lists are counted: after {@link MAX_COMPARISONS} comparisons the search throws {@link TooManyCandidates}.
 * A narrow search keeps {@link NARROW} candidates, those with the target first: some 10,000 comparisons for each part at
 * most, always an allowed set, always with the target if there is one, but perhaps not the cheapest.
 *
 * @module
 */

import { type Bits, bitsOf, difference, intersection, isSubset, numbersIn, overlap, union, weigh } from "./bits.ts";
import type { MatrixNode } from "./matrix.ts";

/** How many comparisons of candidates an exact search may make: about 40 ms. */
const MAX_COMPARISONS = 2_000_000;

/** How many candidates a narrow search keeps of each list. */
const NARROW = 16;

/** Some set of the expression, cut down to the models of the question. */
export interface Candidate {
  /** The models of the question that it holds. */
  readonly bits: Bits;
  /** Their weight. */
  readonly weight: number;
  /** All its models, as a tree: a union costs nothing until somebody asks. */
  readonly witness: Witness;
}

/** A model, or all the models of some trees. */
export type Witness = string | readonly Witness[];

/** An exact search has become too expensive; ask a narrow one. */
export class TooManyCandidates extends Error {
  override readonly name = "TooManyCandidates";
}

/** What is looked for. */
export interface Question {
  /** The models that matter. */
  readonly models: readonly string[];
  /** What each weighs; positive. */
  readonly weights: readonly number[];
  /** Nodes of the matrix. */
  readonly nodeCount: number;
  /** Whether the lists are cut. */
  readonly narrow: boolean;
}

/** One question to the expressions of one matrix; what was found out is kept for the next expression. */
export class Search {
  readonly #bits: ReadonlyMap<string, number>;
  readonly #weights: readonly number[];
  readonly #none: Bits;
  readonly #width: number;
  readonly #supports: (Bits | undefined)[];
  readonly #heaviest: (Candidate | undefined)[];
  readonly #lists = new Map<string, readonly Candidate[]>();
  #comparisonsLeft: number;

  /** Prepares the question; nothing is looked at yet. */
  constructor({ models, weights, nodeCount, narrow }: Question) {
    this.#bits = new Map(models.map((model, bit) => [model, bit]));
    this.#weights = weights;
    this.#none = bitsOf(Math.ceil(models.length / 32));
    this.#width = narrow ? NARROW : Infinity;
    this.#comparisonsLeft = narrow ? Infinity : MAX_COMPARISONS;
    this.#supports = new Array(nodeCount);
    this.#heaviest = new Array(nodeCount);
  }

  /** The models of the question that occur anywhere in the expression. */
  support(node: MatrixNode): Bits {
    return this.#supports[node.id] ??= node.kind === "model"
      ? this.#bitOf(node.model)
      : node.parts.reduce((sum, part) => union(sum, this.support(part)), this.#none);
  }

  /** The heaviest candidate; of equally heavy ones the first. */
  heaviest(node: MatrixNode): Candidate {
    return this.#heaviest[node.id] ??= this.#findHeaviest(node);
  }

  /** All candidates that lie within no other, in order, as if every model of the question occurred elsewhere too. */
  candidates(node: MatrixNode): readonly Candidate[] {
    return this.#list(node, this.support(node));
  }

  #findHeaviest(node: MatrixNode): Candidate {
    switch (node.kind) {
      case "model":
        return this.#leaf(node.model);
      case "any":
        return firstHeaviest(node.parts.map((part) => this.heaviest(part)));
      case "all":
        return this.#unite(this.#clusters(node.parts).map((cluster) => this.#solveApart(cluster)));
      default:
        return node satisfies never;
    }
  }

  /** The list of an expression in whose surroundings the models of `outside` occur too. */
  #list(node: MatrixNode, outside: Bits): readonly Candidate[] {
    const support = this.support(node);
    const shared = intersection(support, outside);
    if (!overlap(support, outside)) return [this.heaviest(node)];
    const key = `${node.id}:${shared.join()}`;
    const known = this.#lists.get(key);
    if (known !== undefined) return known;
    const list = node.kind === "model"
      ? [this.#leaf(node.model)]
      : node.kind === "any"
      ? this.#join(node.parts, shared)
      : this.#multiply(node.parts, shared);
    const pruned = this.#dropHopeless(list, difference(support, shared));
    this.#lists.set(key, pruned);
    return pruned;
  }

  #join(parts: readonly MatrixNode[], outside: Bits): Candidate[] {
    const around = this.#surroundings(parts, outside);
    const list: Candidate[] = [];
    parts.forEach((part, i) => {
      for (const candidate of this.#list(part, around[i] ?? outside)) this.#add(list, candidate);
    });
    return list;
  }

  #multiply(parts: readonly MatrixNode[], outside: Bits): Candidate[] {
    const clusters = this.#clusters(parts);
    const touches = (cluster: readonly MatrixNode[]) => cluster.some((part) => overlap(this.support(part), outside));
    const apart = clusters.filter((cluster) => !touches(cluster)).map((cluster) => this.#solveApart(cluster));
    const entangled = new Set(clusters.filter(touches).flat());
    const list = this.#fold(parts.filter((part) => entangled.has(part)), outside);
    if (apart.length === 0) return list;
    const winners = this.#unite(apart);
    return list.map((candidate) => this.#unite([candidate, winners]));
  }

  /** Parts that share nothing with anything else: one candidate is enough. */
  #solveApart(cluster: readonly MatrixNode[]): Candidate {
    const [only] = cluster;
    return only !== undefined && cluster.length === 1
      ? this.heaviest(only)
      : firstHeaviest(this.#fold(cluster, this.#none));
  }

  /** The product of the parts, from left to right. */
  #fold(parts: readonly MatrixNode[], outside: Bits): Candidate[] {
    const around = this.#surroundings(parts, outside);
    const later = this.#unionsAfter(parts);
    let list: Candidate[] = [{ bits: this.#none, weight: 0, witness: [] }];
    let covered = this.#none;
    parts.forEach((part, i) => {
      const right = this.#list(part, around[i] ?? outside);
      const next: Candidate[] = [];
      for (const left of list) for (const other of right) this.#add(next, this.#unite([left, other]));
      covered = union(covered, this.support(part));
      list = this.#dropHopeless(next, difference(covered, union(outside, later[i] ?? this.#none)));
    });
    return list;
  }

  /** For each part the models that occur around it. */
  #surroundings(parts: readonly MatrixNode[], outside: Bits): Bits[] {
    const later = this.#unionsAfter(parts);
    let before = outside;
    return parts.map((part, i) => {
      const around = union(before, later[i] ?? this.#none);
      before = union(before, this.support(part));
      return around;
    });
  }

  /** For each part the models of the parts behind it. */
  #unionsAfter(parts: readonly MatrixNode[]): Bits[] {
    const unions: Bits[] = new Array(parts.length);
    let sum = this.#none;
    for (let i = parts.length - 1; i >= 0; i--) {
      unions[i] = sum;
      const part = parts[i];
      if (part !== undefined) sum = union(sum, this.support(part));
    }
    return unions;
  }

  /** Parts that share models of the question, directly or through others, come together; each cluster keeps the order. */
  #clusters(parts: readonly MatrixNode[]): readonly (readonly MatrixNode[])[] {
    const parents = parts.map((_, index) => index);
    const rootOf = (index: number): number => {
      let root = index;
      for (let up = parents[root]; up !== undefined && up !== root; up = parents[root]) root = up;
      parents[index] = root;
      return root;
    };
    const firstWith = new Map<number, number>();
    parts.forEach((part, index) => {
      for (const bit of numbersIn(this.support(part))) {
        const first = firstWith.get(bit);
        if (first === undefined) firstWith.set(bit, index);
        else parents[rootOf(index)] = rootOf(first);
      }
    });
    return [...Map.groupBy(parts, (_, index) => rootOf(index)).values()];
  }

  /** Adds a candidate unless it lies within another; drops those that lie within it. */
  #add(list: Candidate[], candidate: Candidate): void {
    this.#count(list.length);
    if (list.some((other) => isSubset(candidate.bits, other.bits))) return;
    let kept = 0;
    for (const other of list) if (!isSubset(other.bits, candidate.bits)) list[kept++] = other;
    list.length = kept;
    list.push(candidate);
    if (list.length > 2 * this.#width) this.#cut(list);
  }

  /** Drops candidates that can never win: another one gains more in `own`, which nothing else has, than it lacks. */
  #dropHopeless(list: Candidate[], own: Bits): Candidate[] {
    if (list.length > this.#width) this.#cut(list);
    if (list.length < 2 || weigh(own, this.#weights) === 0) return list;
    this.#count(list.length * list.length);
    return list.filter((candidate) =>
      !list.some((other) => {
        const gain = weigh(intersection(difference(other.bits, candidate.bits), own), this.#weights);
        return gain > weigh(candidate.bits, this.#weights, other.bits);
      })
    );
  }

  /** Keeps the heaviest, in order. */
  #cut(list: Candidate[]): void {
    const heaviest = new Set(list.toSorted((a, b) => b.weight - a.weight).slice(0, this.#width));
    const kept = list.filter((candidate) => heaviest.has(candidate));
    list.splice(0, list.length, ...kept);
  }

  #count(comparisons: number): void {
    this.#comparisonsLeft -= comparisons;
    if (this.#comparisonsLeft < 0) throw new TooManyCandidates("Too many candidates for an exact search");
  }

  #leaf(model: string): Candidate {
    const bits = this.#bitOf(model);
    return { bits, weight: weigh(bits, this.#weights), witness: model };
  }

  #bitOf(model: string): Bits {
    const bit = this.#bits.get(model);
    return bit === undefined ? this.#none : bitsOf(this.#none.length, bit);
  }

  #unite(candidates: readonly Candidate[]): Candidate {
    const bits = candidates.reduce((sum, candidate) => union(sum, candidate.bits), this.#none);
    return { bits, weight: weigh(bits, this.#weights), witness: candidates.map(({ witness }) => witness) };
  }
}

function firstHeaviest(candidates: readonly Candidate[]): Candidate {
  return candidates.reduce((best, candidate) => candidate.weight > best.weight ? candidate : best);
}
