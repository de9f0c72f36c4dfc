import { assertEquals, assertGreater, assertLess } from "@std/assert";
import corpus from "../../src/tiny/corpus.txt" with { type: "text" };
import { similarity, trainEmbedder } from "../../src/tiny/embeddings.ts";

const embedder = trainEmbedder(corpus);
const near = (a: string, b: string) => similarity(embedder.embed(a), embedder.embed(b));

Deno.test("every vector has length 1 and the stated dimensions, also of unknown words and of no words", () => {
  for (const text of ["ship", "The harbour master reads a name.", "xyzzy plugh", "", "…"]) {
    const vector = embedder.embed(text);
    assertEquals(vector.length, embedder.dimensions);
    assertLess(Math.abs(similarity(vector, vector) - 1), 1e-9);
  }
});

Deno.test("the same text gives the same vector, in another embedder too", () => {
  assertEquals([...trainEmbedder(corpus).embed("the next ship")], [...embedder.embed("the next ship")]);
});

Deno.test("words that keep the same company are nearer than words that do not", () => {
  assertGreater(near("herring", "mackerel"), near("herring", "lighthouse"));
  assertGreater(near("grain", "coal"), near("grain", "lighthouse"));
});

Deno.test("a text is nearer to its paraphrase than to another subject", () => {
  const question = "waiting ships in the queue";
  assertGreater(near(question, "a line of ships that wait"), near(question, "strong tea and a stove"));
});

Deno.test("letter case and punctuation do not matter, unknown words are far apart", () => {
  assertGreater(near("The Harbour!", "the harbour"), 0.999);
  assertLess(Math.abs(near("xyzzy", "plugh")), 0.4);
});
