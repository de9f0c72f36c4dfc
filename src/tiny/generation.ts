/**
 * From a request to text, token by token: sampling, the pull of the prompt's subject, stop sequences.
 *
 * @module
 */

import type { TextRequest } from "./api.ts";
import { type Candidate, type LanguageModel, sample, seededRandom } from "./language_model.ts";
import { END, tokenize, words } from "./tokenizer.ts";

/** Why a text ended: the model or a stop sequence ended it, or the limit of tokens. */
export type FinishReason = "stop" | "length";

/** One step of a generation. The last one has a `finish` and may have text too. */
export interface Step {
  /** How many tokens the text has cost so far, this step's included. */
  readonly tokens: number;
  /** Text that is now certain; empty while it may be the start of a stop sequence. */
  readonly text: string;
  /** Set in the last step. */
  readonly finish?: FinishReason;
  /** The stop sequence that ended the text. */
  readonly stopSequence?: string;
}

/** How much likelier the words of the prompt are than they would be: what makes the answer stay near the question. */
const PULL = 4;

/** Generates the answer to `request`; each step is one token of work. */
export function* generate(model: LanguageModel, request: TextRequest): Generator<Step, void> {
  const random = seededRandom(request.seed ?? Math.floor(Math.random() * 2 ** 32));
  const subject = new Set(words(request.prompt).filter((word) => word.length > 3));
  const context: string[] = request.continues ? tokenize(` ${request.prompt.trim()}`) : [];
  let pending = "";
  let first = !request.continues;
  for (let tokens = 1; tokens <= request.maxTokens; tokens++) {
    const candidates = model.candidates(context).filter(({ token }) => token !== END || !request.ignoreEnd);
    const token = sample(pulled(candidates, subject), request, random);
    if (token === END) return yield { text: pending, tokens: tokens - 1, finish: "stop" };
    context.push(token);
    pending += first ? token.trimStart() : token;
    first = false;
    const found = earliest(pending, request.stop);
    if (found !== undefined) {
      return yield { text: pending.slice(0, found.at), tokens, finish: "stop", stopSequence: found.stop };
    }
    if (tokens === request.maxTokens) return yield { text: pending, tokens, finish: "length" };
    const sure = pending.length - undecided(pending, request.stop);
    yield { text: pending.slice(0, sure), tokens };
    pending = pending.slice(sure);
  }
  yield { text: "", tokens: 0, finish: "length" }; // nothing was asked for
}

/** How many tokens `text` has. */
export function countTokens(text: string): number {
  return tokenize(text).length;
}

function pulled(candidates: readonly Candidate[], subject: ReadonlySet<string>): Candidate[] {
  return candidates.map(({ token, probability }) => ({
    token,
    probability: probability * (subject.has(token.trim().toLowerCase()) ? PULL : 1),
  })).sort((a, b) => b.probability - a.probability);
}

function earliest(text: string, stops: readonly string[]): { at: number; stop: string } | undefined {
  return stops.map((stop) => ({ at: text.indexOf(stop), stop })).filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at)[0];
}

/** Length of the longest end of `text` that may still become a stop sequence. */
function undecided(text: string, stops: readonly string[]): number {
  let longest = 0;
  for (const stop of stops) {
    for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
      if (text.endsWith(stop.slice(0, length))) longest = length;
    }
  }
  return longest;
}
