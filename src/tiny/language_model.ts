/**
 * A word-level trigram language model with interpolated Kneser–Ney smoothing: small, real, and trained in milliseconds.
 *
 * @module
 */

import { END, paragraphs, tokenize } from "./tokenizer.ts";

/** How to choose the next token. */
export interface Sampling {
  /** 0 takes the likeliest token; 1 samples from the model as it is; more is wilder. */
  readonly temperature: number;
  /** Keeps only the likeliest tokens that hold this share of the probability, in (0, 1]. */
  readonly topP: number;
}

/** One token that may come next. */
export interface Candidate {
  /** The token's text, or `END`. */
  readonly token: string;
  /** Its probability, in (0, 1]. */
  readonly probability: number;
}

/** A trained model; immutable. */
export interface LanguageModel {
  /** Every token that the model knows, `END` included. */
  readonly vocabulary: readonly string[];
  /** The chance of `token` after `context`, given with its tokens in order; an unknown token gets the smallest share. */
  probability(context: readonly string[], token: string): number;
  /** Every token that may come after `context`, likeliest first; the probabilities sum to 1. */
  candidates(context: readonly string[]): Candidate[];
}

/** What follows one context: counts, or continuation counts in the lower orders. */
interface Followers {
  total: number;
  readonly counts: Map<string, number>;
}

const DISCOUNT = 0.75;
const SEPARATOR = "\u0001";

/** Trains on `text`, paragraph by paragraph. `order` is the longest context plus one: 1 is a unigram model, 3 the usual one. */
export function trainLanguageModel(text: string, order = 3): LanguageModel {
  const levels = Array.from({ length: order }, () => new Map<string, Followers>());
  for (const paragraph of paragraphs(text)) {
    const tokens = [...Array.from({ length: order - 1 }, () => END), ...tokenize(` ${paragraph}`), END];
    for (let at = order - 1; at < tokens.length; at++) countToken(levels, tokens, at);
  }
  const base = levels[0]?.get("");
  const vocabulary = [...base?.counts.keys() ?? []];
  const unknown = 1 / (vocabulary.length + 1);

  /** What followed `context`, shortest context first; ends where the training text never went. */
  function followersOf(context: readonly string[]): Followers[] {
    const last = padded(context, order - 1);
    return levels.map((level, length) => level.get(last.slice(order - 1 - length).join(SEPARATOR)))
      .filter((followers) => followers !== undefined);
  }

  function share(chain: readonly Followers[], token: string): number {
    let result = unknown;
    for (const followers of chain) {
      const count = followers.counts.get(token) ?? 0;
      result = Math.max(count - DISCOUNT, 0) / followers.total + backOff(followers) * result;
    }
    return result;
  }

  function probability(context: readonly string[], token: string): number {
    return share(followersOf(context), token);
  }

  function candidates(context: readonly string[]): Candidate[] {
    const chain = followersOf(context);
    // What was never seen cannot be generated: its share is spread over the vocabulary by the division at the end.
    const scored = vocabulary.map((token) => ({ token, probability: share(chain, token) }));
    const sum = scored.reduce((total, candidate) => total + candidate.probability, 0);
    return scored.map(({ token, probability }) => ({ token, probability: probability / sum }))
      .sort((a, b) => b.probability - a.probability);
  }

  return { vocabulary, probability, candidates };
}

/** Chooses among `candidates` (likeliest first); `random` gives numbers in [0, 1). */
export function sample(candidates: readonly Candidate[], sampling: Sampling, random: () => number): string {
  const first = candidates[0];
  if (first === undefined) return END;
  if (sampling.temperature <= 0) return first.token;
  const weights = candidates.map(({ probability }) => (probability / first.probability) ** (1 / sampling.temperature));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  let kept = 0;
  let mass = 0;
  while (kept < weights.length && (kept === 0 || mass < sampling.topP * sum)) mass += weights[kept++] ?? 0;
  let at = random() * mass;
  for (let index = 0; index < kept; index++) {
    at -= weights[index] ?? 0;
    if (at < 0) return candidates[index]?.token ?? END;
  }
  return candidates[kept - 1]?.token ?? END;
}

/** A generator of numbers in [0, 1) that gives the same row for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** How surprised the model is by `text`: e to the mean negative log probability of its tokens; lower is better. */
export function perplexity(model: LanguageModel, text: string): number {
  let surprise = 0;
  let count = 0;
  for (const paragraph of paragraphs(text)) {
    const tokens = [...tokenize(` ${paragraph}`), END];
    for (let at = 0; at < tokens.length; at++) {
      surprise -= Math.log(model.probability(tokens.slice(0, at), tokens[at] ?? END));
      count++;
    }
  }
  return Math.exp(surprise / count);
}

/** Kneser–Ney: the longest context counts occurrences; a shorter one counts in how many different longer contexts a token was met. */
function countToken(levels: readonly Map<string, Followers>[], tokens: readonly string[], at: number): void {
  const token = tokens[at] ?? END;
  for (let length = levels.length - 1; length >= 0; length--) {
    const key = tokens.slice(at - length, at).join(SEPARATOR);
    const level = levels[length];
    if (level === undefined) return;
    let followers = level.get(key);
    if (followers === undefined) level.set(key, followers = { total: 0, counts: new Map() });
    const before = followers.counts.get(token) ?? 0;
    followers.counts.set(token, before + 1);
    followers.total++;
    if (before > 0) return; // met before in this context: no new context for the shorter ones
  }
}

/** The share that discounting frees for shorter contexts: exactly what was taken off, so that everything sums to 1. */
function backOff(followers: Followers): number {
  return DISCOUNT * followers.counts.size / followers.total;
}

function padded(context: readonly string[], length: number): readonly string[] {
  if (length === 0) return [];
  const last = context.slice(-length);
  return [...Array.from({ length: length - last.length }, () => END), ...last];
}
