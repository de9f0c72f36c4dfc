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
 * A narrow search keeps the heaviest few of each list: its work grows with the length of the expressions only. It finds
 * an allowed set, one with the target if there is any, as that weighs most, but perhaps not the cheapest.
 *
 * @module
 */

import { addAll, type Bits, bitsOf, difference, intersection, isSubset, overlap, union, weigh } from "./bits.ts";
import type { MatrixNode } from "./matrix.ts";
import type { Effort } from "./policy.ts";
import { clusterBySupport, unionsAfter, unionsAround } from "./matrix_clusters.ts";

/** How many comparisons of candidates an exact search may make: about 40 ms. */
const MAX_COMPARISONS = 4_000_000;

/** How many comparisons the making of a candidate counts for. */
const NEW_CANDIDATE = 10;

/** How many comparisons the making of a list counts for. */
const NEW_LIST = 20;

/** How many candidates a narrow search keeps of a product. */
const NARROW = 16;

/** How many it keeps of alternatives. */
const WIDE = 256;

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
  /** Counts what the search costs. */
  readonly effort?: Effort | undefined;
}

/** One question to the expressions of one matrix; what was found out is kept for the next expression. */
export class Search {
  readonly #bits: ReadonlyMap<string, number>;
  readonly #weights: readonly number[];
  readonly #none: Bits;
  readonly #narrow: boolean;
  readonly #supports: (Bits | undefined)[];
  readonly #heaviest: (Candidate | undefined)[];
  readonly #lists = new Map<string, readonly Candidate[]>();
  readonly #effort: Effort | undefined;
  #comparisonsLeft: number;

  /** Prepares the question; nothing is looked at yet. */
  constructor({ models, weights, nodeCount, narrow, effort }: Question) {
    this.#effort = effort;
    this.#bits = new Map(models.map((model, bit) => [model, bit]));
    this.#weights = weights;
    this.#none = bitsOf(Math.ceil(models.length / 32));
    this.#narrow = narrow;
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
        return this.#unite(
          clusterBySupport(node.parts, this.#supportsOf(node.parts)).map((cluster) => this.#solveApart(cluster)),
        );
      default:
        return node satisfies never;
    }
  }

  /** The list of an expression in whose surroundings the models of `outside` occur too. */
  #list(node: MatrixNode, outside: Bits): readonly Candidate[] {
    const support = this.support(node);
    if (!overlap(support, outside)) return [this.heaviest(node)];
    // A narrow search makes one list of each node: how many different surroundings there are is not bounded.
    const shared = this.#narrow ? support : intersection(support, outside);
    const key = `${node.id}:${shared.join()}`;
    const known = this.#lists.get(key);
    if (known !== undefined) return known;
    this.#count(NEW_LIST);
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
    const around = unionsAround(this.#supportsOf(parts), outside);
    const list: Candidate[] = [];
    parts.forEach((part, i) => {
      for (const candidate of this.#list(part, around[i] ?? outside)) this.#add(list, candidate);
    });
    return list;
  }

  #multiply(parts: readonly MatrixNode[], outside: Bits): Candidate[] {
    const clusters = clusterBySupport(parts, this.#supportsOf(parts));
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
    const supports = this.#supportsOf(parts);
    const around = unionsAround(supports, outside);
    const later = unionsAfter(supports, this.#none);
    let list: Candidate[] = [{ bits: this.#none, weight: 0, witness: [] }];
    let covered = this.#none;
    parts.forEach((part, i) => {
      const right = this.#list(part, around[i] ?? outside);
      const next = this.#narrow ? this.#bestProducts(list, right) : this.#allProducts(list, right);
      covered = union(covered, this.support(part));
      list = this.#dropHopeless(next, difference(covered, union(outside, later[i] ?? this.#none)));
    });
    return list;
  }

  #allProducts(lefts: readonly Candidate[], rights: readonly Candidate[]): Candidate[] {
    const products: Candidate[] = [];
    for (const left of lefts) for (const right of rights) this.#add(products, this.#unite([left, right]));
    return products;
  }

  /** The heaviest few; what lies within another is no use among them. */
  #bestProducts(lefts: readonly Candidate[], rights: readonly Candidate[]): Candidate[] {
    this.#count(NEW_CANDIDATE * lefts.length * rights.length);
    const products = lefts.flatMap((left) => rights.map((right) => this.#unite([left, right])));
    const best: Candidate[] = [];
    for (const product of products.sort((a, b) => b.weight - a.weight)) {
      if (best.length === NARROW) break;
      if (!best.some((other) => isSubset(product.bits, other.bits))) best.push(product);
    }
    return best;
  }

  /** Adds a candidate unless it lies within another; drops those that lie within it. */
  #add(list: Candidate[], candidate: Candidate): void {
    this.#count(list.length + NEW_CANDIDATE);
    for (const other of list) if (isSubset(candidate.bits, other.bits)) return;
    let kept = 0;
    for (const other of list) if (!isSubset(other.bits, candidate.bits)) list[kept++] = other;
    list.length = kept;
    list.push(candidate);
    if (this.#narrow && list.length > 2 * WIDE) this.#cut(list);
  }

  /** Drops candidates that can never win: another one gains more in `own`, which nothing else has, than it lacks. */
  #dropHopeless(list: Candidate[], own: Bits): Candidate[] {
    if (this.#narrow && list.length > WIDE) this.#cut(list);
    if (list.length < 2 || weigh(own, this.#weights) === 0) return list;
    this.#count(2 * list.length * list.length);
    const owned = list.map(({ bits }) => intersection(bits, own));
    return list.filter(({ bits }) =>
      !owned.some((gain, i) => weigh(gain, this.#weights, bits) > weigh(bits, this.#weights, list[i]?.bits))
    );
  }

  /** Keeps the heaviest, in order. */
  #cut(list: Candidate[]): void {
    const heaviest = new Set(list.toSorted((a, b) => b.weight - a.weight).slice(0, WIDE));
    const kept = list.filter((candidate) => heaviest.has(candidate));
    list.splice(0, list.length, ...kept);
  }

  #count(comparisons: number): void {
    this.#comparisonsLeft -= comparisons;
    if (this.#effort !== undefined) this.#effort.left -= comparisons;
    if (this.#comparisonsLeft < 0) throw new TooManyCandidates("Too many candidates for an exact search");
  }

  #supportsOf(parts: readonly MatrixNode[]): readonly Bits[] {
    return parts.map((part) => this.support(part));
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
    const bits = bitsOf(this.#none.length);
    for (const candidate of candidates) addAll(bits, candidate.bits);
    return { bits, weight: weigh(bits, this.#weights), witness: candidates.map(({ witness }) => witness) };
  }
}

function firstHeaviest(candidates: readonly Candidate[]): Candidate {
  return candidates.reduce((best, candidate) => candidate.weight > best.weight ? candidate : best);
}
