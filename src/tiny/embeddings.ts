/**
 * Word embeddings from company kept: positive pointwise mutual information, projected to few dimensions by a seeded random matrix.
 *
 * @module
 */

import { paragraphs, words } from "./tokenizer.ts";
import { seededRandom } from "./language_model.ts";

/** Turns texts into vectors; immutable. */
export interface Embedder {
  /** Length of every vector. */
  readonly dimensions: number;
  /** The vector of `text`, of length 1; the same text always gives the same vector. */
  embed(text: string): Float64Array;
}

const WINDOW = 4;
/** Share of a word's own direction: keeps two different words apart even when they keep the same company. */
const OWN = 0.35;

/** Trains on `text`: words that stand near the same words get near vectors. */
export function trainEmbedder(text: string, dimensions = 256): Embedder {
  const pairs = new Map<string, Map<string, number>>();
  const totals = new Map<string, number>();
  let all = 0;
  for (const paragraph of paragraphs(text)) {
    const row = words(paragraph);
    row.forEach((word, at) => {
      for (let near = Math.max(0, at - WINDOW); near <= Math.min(row.length - 1, at + WINDOW); near++) {
        const other = row[near];
        if (near === at || other === undefined) continue;
        const weight = 1 / Math.abs(near - at);
        let company = pairs.get(word);
        if (company === undefined) pairs.set(word, company = new Map());
        company.set(other, (company.get(other) ?? 0) + weight);
        totals.set(word, (totals.get(word) ?? 0) + weight);
        all += weight;
      }
    });
  }
  const directions = new Map<string, Float64Array>();
  const directionOf = (word: string) => {
    let direction = directions.get(word);
    if (direction === undefined) directions.set(word, direction = normalized(randomDirection(word, dimensions)));
    return direction;
  };
  const vectors = new Map<string, Float64Array>();
  for (const [word, company] of pairs) {
    const sum = new Float64Array(dimensions);
    for (const [other, count] of company) {
      const expected = (totals.get(word) ?? 0) * (totals.get(other) ?? 0) / all;
      const information = Math.log(count / expected);
      if (information > 0) addScaled(sum, directionOf(other), information);
    }
    const vector = normalized(sum);
    addScaled(vector, directionOf(word), OWN);
    vectors.set(word, normalized(vector));
  }
  return {
    dimensions,
    embed(text) {
      const sum = new Float64Array(dimensions);
      for (const word of words(text)) {
        const rarity = 1 / Math.sqrt(1 + (totals.get(word) ?? 0));
        // A word never met gets its own direction, not remembered: clients must not make the memory grow.
        addScaled(sum, vectors.get(word) ?? normalized(randomDirection(word, dimensions)), rarity);
      }
      return norm(sum) > 0 ? normalized(sum) : normalized(randomDirection(text, dimensions));
    },
  };
}

/** How near two vectors of length 1 are: 1 is the same direction, 0 unrelated. */
export function similarity(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);
}

function randomDirection(word: string, dimensions: number): Float64Array {
  let seed = 2166136261; // FNV-1a
  for (let at = 0; at < word.length; at++) seed = Math.imul(seed ^ word.charCodeAt(at), 16777619);
  const random = seededRandom(seed);
  return Float64Array.from({ length: dimensions }, () => random() + random() + random() - 1.5);
}

function addScaled(to: Float64Array, from: Float64Array, scale: number): void {
  for (let at = 0; at < to.length; at++) to[at] = (to[at] ?? 0) + scale * (from[at] ?? 0);
}

function norm(vector: Float64Array): number {
  return Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
}

function normalized(vector: Float64Array): Float64Array {
  const length = norm(vector);
  return length === 0 ? vector : vector.map((value) => value / length);
}
