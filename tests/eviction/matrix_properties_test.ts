import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { compileMatrix, type Matrix } from "../../src/eviction/matrix.ts";
import { createMatrixPolicy } from "../../src/eviction/matrix_policy.ts";
import { decide, family, type Naive, type NaiveQuestion, type NaiveSets, undominated, write } from "./naive_matrix.ts";

const MODELS = ["a", "b", "c", "d", "e", "f"];
const OUTSIDE = "in-no-set";
const MAX_FAMILY = 3000;

const naive: fc.Arbitrary<Naive> = fc.letrec<{ leaf: Naive; node: Naive }>((tie) => ({
  leaf: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...MODELS).map((name): Naive => ({ kind: "model", name })) },
    { weight: 1, arbitrary: fc.constantFrom("0", "1", "2").map((name): Naive => ({ kind: "reference", name })) },
  ),
  node: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    { weight: 2, arbitrary: tie("leaf") },
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constantFrom("any" as const, "all" as const),
        parts: fc.array(tie("node"), { minLength: 2, maxLength: 4 }),
      }),
    },
  ),
})).node;

/** Some sets, each of which refers only to earlier ones; what refers to a later one becomes a model. */
const sets: fc.Arbitrary<NaiveSets> = fc.array(naive, { minLength: 1, maxLength: 4 })
  .map((all) => all.map((expression, i) => [String(i), tame(expression, i)] as const))
  .filter((all) => all.reduce((most, [, expression]) => Math.max(most, familySize(expression, all)), 0) <= MAX_FAMILY);

const costs = fc.dictionary(fc.constantFrom(...MODELS), fc.integer({ min: 1, max: 3 }), { noNullPrototype: false })
  .map((record) => new Map(Object.entries(record)));

const question: fc.Arbitrary<NaiveQuestion> = fc.record({
  sets,
  target: fc.constantFrom(...MODELS),
  running: fc.subarray([...MODELS, OUTSIDE]),
  costs,
});

Deno.test("the solver decides as every candidate written out does, ties included", () => {
  fc.assert(
    fc.property(question, (asked) => {
      const { evicted, chosen, cost, exact } = createMatrixPolicy(compile(asked)).explain(asked.target, asked.running);
      assert(exact);
      const expected = decide(asked, (expression, models) => undominated(expression, asked.sets, models));
      const isResident = asked.running.includes(asked.target);
      assertEquals({ evicted, cost, chosen: isResident ? null : chosen }, expected);
    }),
    { numRuns: 8000, seed: 20516 },
  );
});

Deno.test("dropping candidates that lie within others changes neither the cost nor the set", () => {
  fc.assert(
    fc.property(question, (asked) => {
      const { chosen, cost } = createMatrixPolicy(compile(asked)).explain(asked.target, asked.running);
      const expected = decide(asked, (expression) => family(expression, asked.sets));
      assertEquals(cost, expected.cost);
      if (!asked.running.includes(asked.target)) assertEquals(chosen, expected.chosen);
    }),
    { numRuns: 2000, seed: 20517 },
  );
});

Deno.test("models can coexist exactly when one candidate, written out, holds them all", () => {
  fc.assert(
    fc.property(sets, fc.subarray([...MODELS, OUTSIDE]), (all, models) => {
      const policy = createMatrixPolicy(compile({ sets: all, costs: new Map() }));
      const expected = models.length === 0 ||
        all.some(([, expression]) => family(expression, all).some((set) => models.every((model) => set.has(model))));
      assertEquals(policy.canCoexist(models), expected);
      assertEquals(policy.whyNotTogether(models) === null, expected);
    }),
    { numRuns: 2000, seed: 20518 },
  );
});

Deno.test("nothing evicts the target, only running models are evicted, and what is left may run together", () => {
  fc.assert(
    fc.property(question, (asked) => {
      const { target, running } = asked;
      const policy = createMatrixPolicy(compile(asked));
      const evicted = policy.evictedBy(target, running);
      assert(!evicted.includes(target));
      assertEquals(evicted, running.filter((model) => evicted.includes(model)));
      if (running.includes(target)) return assertEquals(evicted, []);
      const left = [target, ...running.filter((model) => !evicted.includes(model))];
      assert(left.length === 1 || policy.canCoexist(left), left.join());
      assertEquals(policy.evictedBy(target, running), evicted);
    }),
    { numRuns: 2000, seed: 20519 },
  );
});

function compile(asked: Pick<NaiveQuestion, "sets" | "costs">): Matrix {
  const { matrix, findings } = compileMatrix({
    vars: [["v", "a"]],
    evictCosts: [...asked.costs],
    sets: asked.sets.map(([name, expression]) => [name, write(expression).replaceAll(/\ba\b/g, "v")]),
    models: new Set([...MODELS, OUTSIDE]),
  });
  assertEquals(findings, []);
  assert(matrix !== null);
  return matrix;
}

function tame(expression: Naive, index: number): Naive {
  if (expression.kind === "model") return expression;
  if (expression.kind === "reference") {
    return Number(expression.name) < index ? expression : { kind: "model", name: MODELS[index] ?? "a" };
  }
  return { kind: expression.kind, parts: expression.parts.map((part) => tame(part, index)) };
}

function familySize(expression: Naive, all: NaiveSets): number {
  if (expression.kind === "model") return 1;
  if (expression.kind === "reference") return familySize(all[Number(expression.name)]?.[1] ?? expression, all);
  const sizes = expression.parts.map((part) => familySize(part, all));
  return sizes.reduce((a, b) => expression.kind === "any" ? a + b : a * b);
}
