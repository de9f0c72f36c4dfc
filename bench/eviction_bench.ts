/**
 * What a decision by groups or a matrix costs: first and remembered answers, large products, and the worst that a matrix
 * can do to the solver, where the search is cut short.
 *
 * Run: `deno bench -P=bench bench/eviction_bench.ts`. A first answer makes a new solver's question each time; only the
 * last pair asks a policy, which remembers.
 *
 * @module
 */

import { checkGroups } from "../src/eviction/groups.ts";
import { createGroupsPolicy } from "../src/eviction/groups_policy.ts";
import { compileMatrix, type Matrix } from "../src/eviction/matrix.ts";
import { createMatrixPolicy } from "../src/eviction/matrix_policy.ts";
import { solveMatrix } from "../src/eviction/matrix_solver.ts";

const TARGET = "target";

const names = (count: number, prefix: string): string[] => Array.from({ length: count }, (_, i) => prefix + i);
const either = (models: readonly string[]): string => `(${models.join(" | ")})`;

function matrixOf(expressions: readonly string[], models: readonly string[]): Matrix {
  const sets = expressions.map((text, i) => [`set-${i}`, text] as const);
  const { matrix } = compileMatrix({ vars: [], evictCosts: [], sets, models: new Set([TARGET, ...models]) });
  if (matrix === null) throw new Error("a matrix of this bench does not compile");
  return matrix;
}

function benchSolver(name: string, matrix: Matrix, running: readonly string[]): void {
  const { exact } = solveMatrix(matrix, TARGET, running);
  Deno.bench(`${name}${exact ? "" : " (cut short)"}`, () => {
    solveMatrix(matrix, TARGET, running);
  });
}

const six = Array.from({ length: 6 }, (_, group) => names(10, `g${group}-`));
const million = matrixOf([[TARGET, ...six.map(either)].join(" & ")], six.flat());
benchSolver("a million combinations, one of each running", million, six.map(([first]) => first ?? ""));
benchSolver("a million combinations, all 60 running", million, six.flat());

const wide = names(70, "m");
benchSolver("71 models in one product, 70 running", matrixOf([[TARGET, ...wide].join(" & ")], wide), wide);

const eleven = names(11, "m");
const overlapping = matrixOf([[TARGET, ...Array(4).fill(either(eleven))].join(" & ")], eleven);
benchSolver("14,641 overlapping combinations, all 11 running", overlapping, eleven);

const many = names(500, "m");
const sets = many.map((model, i) => `${model} & (${many[(i + 1) % 500]} | ${TARGET}) & ${either(many.slice(0, 9))}`);
benchSolver("500 sets with the target, 4 running", matrixOf(sets, many), ["m10", "m200", "m300", "m7"]);

const forty = names(40, "m");
const entangled = matrixOf([[TARGET, ...Array(20).fill(either(forty))].join(" & ")], forty);
benchSolver("20 overlapping choices among 40, all running", entangled, forty);

const policy = createMatrixPolicy(entangled);
Deno.bench("the same, remembered", () => {
  policy.evictedBy(TARGET, forty);
});

const { groups } = checkGroups([{ id: "g", members: wide, swap: false, exclusive: false, persistent: false }], {
  models: new Set([TARGET, ...wide]),
});
const byGroups = createGroupsPolicy(groups);
Deno.bench("groups, 70 running", () => {
  byGroups.evictedBy(TARGET, wide);
});
