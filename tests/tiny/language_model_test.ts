import { assert, assertEquals, assertLess, assertNotEquals } from "@std/assert";
import corpus from "../../src/tiny/corpus.txt" with { type: "text" };
import { perplexity, sample, seededRandom, trainLanguageModel } from "../../src/tiny/language_model.ts";
import { END, tokenize } from "../../src/tiny/tokenizer.ts";

const CONTEXTS = [[], [" The"], [" The", " harbour"], [" zebra", " quartz"], [" waits", "."], [END]];

Deno.test("tokens joined are the text again", () => {
  for (const text of ["", " ", "One berth, two ships.", "don't\n\n  stop — 42 º", "日本 x", "a  b", corpus]) {
    assertEquals(tokenize(text).join(""), text);
  }
});

Deno.test("a word token carries its leading space", () => {
  assertEquals(tokenize("The ship waits."), ["The", " ship", " waits", "."]);
});

Deno.test("the probabilities of all candidates sum to 1 after any context, and come likeliest first", () => {
  const model = trainLanguageModel(corpus);
  for (const context of CONTEXTS) {
    const candidates = model.candidates(context);
    const sum = candidates.reduce((total, candidate) => total + candidate.probability, 0);
    assertLess(Math.abs(sum - 1), 1e-9);
    assert(candidates.every(({ probability }) => probability > 0));
    for (let at = 1; at < candidates.length; at++) {
      assert((candidates[at - 1]?.probability ?? 0) >= (candidates[at]?.probability ?? 1));
    }
  }
});

Deno.test("the probabilities of the vocabulary and of one unknown token sum to 1", () => {
  const model = trainLanguageModel(corpus);
  for (const context of CONTEXTS) {
    const tokens = [...model.vocabulary, " never-seen"];
    const sum = tokens.reduce((total, token) => total + model.probability(context, token), 0);
    assertLess(Math.abs(sum - 1), 1e-9);
  }
});

Deno.test("text it never saw surprises the model less than a unigram model", () => {
  const parts = corpus.split("\n\n");
  const training = parts.filter((_, at) => at % 5 !== 0).join("\n\n");
  const heldOut = parts.filter((_, at) => at % 5 === 0).join("\n\n");
  const trigram = perplexity(trainLanguageModel(training), heldOut);
  const unigram = perplexity(trainLanguageModel(training, 1), heldOut);
  assertLess(trigram, unigram * 0.75);
});

Deno.test("text it was trained on surprises the model little", () => {
  assertLess(perplexity(trainLanguageModel(corpus), corpus), 20);
});

Deno.test("a model of no text knows no token and still answers", () => {
  const model = trainLanguageModel("");
  assertEquals(model.candidates([]), []);
  assertEquals(sample([], { temperature: 1, topP: 1 }, () => 0), END);
});

Deno.test("temperature 0 takes the likeliest token whatever chance says", () => {
  const candidates = [{ token: "a", probability: 0.6 }, { token: "b", probability: 0.4 }];
  assertEquals(sample(candidates, { temperature: 0, topP: 1 }, () => 0.99), "a");
});

Deno.test("sampling follows the probabilities, and top_p cuts off the unlikely tail", () => {
  const candidates = [
    { token: "a", probability: 0.5 },
    { token: "b", probability: 0.3 },
    { token: "c", probability: 0.2 },
  ];
  const at = (chance: number, topP = 1) => sample(candidates, { temperature: 1, topP }, () => chance);
  assertEquals([at(0), at(0.49), at(0.51), at(0.79), at(0.81), at(0.999)], ["a", "a", "b", "b", "c", "c"]);
  assertEquals(at(0.999, 0.8), "b");
  assertEquals(at(0.999, 0.4), "a");
  assertEquals(at(0.999, 0), "a");
});

Deno.test("the same seed gives the same numbers in [0, 1), another seed others", () => {
  const row = (seed: number) => {
    const random = seededRandom(seed);
    return Array.from({ length: 1000 }, random);
  };
  assertEquals(row(7), row(7));
  assertNotEquals(row(7), row(8));
  assert(row(7).every((value) => value >= 0 && value < 1));
  const mean = row(7).reduce((sum, value) => sum + value, 0) / 1000;
  assertLess(Math.abs(mean - 0.5), 0.05);
});
