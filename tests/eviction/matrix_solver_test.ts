import { assert, assertEquals } from "@std/assert";
import { compileMatrix, type Matrix } from "../../src/eviction/matrix.ts";
import { createMatrixPolicy } from "../../src/eviction/matrix_policy.ts";
import { listCandidates, solveMatrix } from "../../src/eviction/matrix_solver.ts";

type Pairs<T> = readonly (readonly [string, T])[];

/** Compiles sets over the models that they name, and some that no set names. */
function matrixOf(sets: Pairs<string>, evictCosts: Pairs<number> = []): Matrix {
  const named = sets.flatMap(([, text]) => text.match(/(?<![+\w.-])[\w.-]+/g) ?? []);
  const { matrix, findings } = compileMatrix({
    vars: [],
    evictCosts,
    sets,
    models: new Set([...named, "x", "outside", "missing"]),
  });
  assertEquals(findings, []);
  assert(matrix !== null);
  return matrix;
}

function familyOf(text: string, models: string): string {
  return listCandidates(matrixOf([["test", text]]), "test", [...models]).map((set) => set.join("")).join(" ");
}

const models = (count: number, prefix = "model-"): string[] => Array.from({ length: count }, (_, i) => prefix + i);
const either = (names: readonly string[]): string => `(${names.join(" | ")})`;

Deno.test("MX3: an expression stands for its families, in left-to-right order", () => {
  assertEquals(familyOf("a", "a"), "a");
  assertEquals(familyOf("a & b", "ab"), "ab");
  assertEquals(familyOf("a | b | c", "abc"), "a b c");
  assertEquals(familyOf("(a | b) & (c | d)", "abcd"), "ac ad bc bd");
  assertEquals(familyOf("a | b & c", "abc"), "a bc");
  assertEquals(familyOf("a & a", "a"), "a");
});

Deno.test("MX4: a reference stands for the other set's families, through several sets", () => {
  const matrix = matrixOf([["llms", "g | q | m"], ["with_tts", "+llms & v"], ["mega", "+with_tts & e"]]);
  assertEquals(listCandidates(matrix, "mega", [..."egqmv"]), [["e", "g", "v"], ["e", "q", "v"], ["e", "m", "v"]]);
  assertEquals(listCandidates(matrix, "nothing", ["e"]), []);
});

Deno.test("MX5: models that a reference repeats count once", () => {
  const matrix = matrixOf([["base", "a & b"], ["extended", "target & +base & b"]]);
  const decision = solveMatrix(matrix, "target", ["a", "b"]);
  assertEquals(decision.evicted, []);
  assertEquals(decision.together, ["a", "b", "target"]);
});

Deno.test("MX7: six groups of ten alternatives are a million combinations and no work", () => {
  const groups = Array.from({ length: 6 }, (_, group) => models(10, `model-${group}-`));
  const matrix = matrixOf([["large", ["target", ...groups.map(either)].join(" & ")]]);
  const running = [...groups.map((group) => group[9] ?? ""), "outside"];
  const decision = solveMatrix(matrix, "target", running);
  assertEquals([decision.evicted, decision.chosen, decision.exact], [["outside"], "large", true]);
  assertEquals(decision.together, [...running.slice(0, 6), "target"]);
});

Deno.test("the same groups with every model running are solved exactly as well", () => {
  const groups = Array.from({ length: 6 }, (_, group) => models(10, `model-${group}-`));
  const matrix = matrixOf([["large", ["target", ...groups.map(either)].join(" & ")]], [["model-3-7", 5]]);
  const { evicted, cost, exact } = solveMatrix(matrix, "target", groups.flat());
  const kept = groups.map((group, i) => group[i === 3 ? 7 : 0]);
  assertEquals([evicted, cost, exact], [groups.flat().filter((model) => !kept.includes(model)), 54, true]);
});

Deno.test("MX8: 71 models in one product, 70 of them and a stranger running: only the stranger goes", () => {
  const wide = models(70);
  const matrix = matrixOf([["wide", ["target", ...wide].join(" & ")]]);
  const decision = solveMatrix(matrix, "target", [...wide, "outside"]);
  assertEquals(decision.evicted, ["outside"]);
  assertEquals(decision.together.length, 71);
});

Deno.test("MX9: the larger of two candidates wins", () => {
  const decision = solveMatrix(matrixOf([["preferred", "target & (a | (a & b))"]]), "target", ["a", "b"]);
  assertEquals([decision.evicted, decision.cost, decision.chosen], [[], 0, "preferred"]);
  assertEquals(decision.together, ["a", "b", "target"]);
});

Deno.test("MX10: a target that is in no set evicts everything and runs alone", () => {
  const decision = solveMatrix(matrixOf([["known", "a & b"]]), "missing", ["a", "b"]);
  assertEquals([decision.evicted, decision.together, decision.chosen], [["a", "b"], ["missing"], null]);
});

Deno.test("the worked examples of the specification", () => {
  const worked = matrixOf(
    [["standard", "(g|q|m) & v"], ["with_rerank", "(g|q) & v & e"], ["creative", "(g|q) & sd"], ["full", "L"]],
    [["v", 50], ["L", 30]],
  );
  const rows: readonly [string, string, string, string | null, number][] = [
    ["g", "", "", "standard", 0],
    ["q", "g v", "g", "standard", 1],
    ["e", "g v", "", "with_rerank", 0],
    ["sd", "g v", "v", "creative", 50],
    ["L", "g v", "g v", "full", 51],
    ["v", "L", "L", "standard", 30],
    ["m", "e g v", "e g", "standard", 2],
    ["x", "g v", "g v", null, 0],
    ["g", "x", "x", "standard", 1],
    ["g", "g v", "", "standard", 0],
  ];
  for (const [target, running, evict, chosen, cost] of rows) {
    const decision = solveMatrix(worked, target, split(running));
    const found = [decision.evicted, decision.chosen, decision.cost];
    assertEquals(found, [split(evict), chosen, cost], `${target} beside ${running}`);
  }
});

Deno.test("RM6: the set that keeps the dear model wins, wherever it stands", () => {
  const matrix = matrixOf([["first", "a & c"], ["second", "a & b"]], [["b", 10], ["c", 1]]);
  const decision = solveMatrix(matrix, "a", ["b", "c"]);
  assertEquals([decision.evicted, decision.chosen, decision.cost], [["c"], "second", 1]);
});

Deno.test("RM5: of equally cheap sets the one that stands first wins, not the one whose name does", () => {
  const matrix = matrixOf([["zebra", "a & b"], ["10", "a & c"], ["2", "a & d"]]);
  assertEquals(solveMatrix(matrix, "a", []).chosen, "zebra");
  assertEquals(solveMatrix(matrix, "a", ["c", "d"]).chosen, "10");
});

Deno.test("RM5: a set that is referred to goes before the sets that refer to it", () => {
  const matrix = matrixOf([["full", "+base & y"], ["base", "a | b"]]);
  assertEquals(matrix.sets.map(({ name }) => name), ["base", "full"]);
  assertEquals(solveMatrix(matrix, "a", []).chosen, "base");
});

Deno.test("a candidate that lies within a later one of its part takes its place behind", () => {
  const decision = solveMatrix(matrixOf([["s", "t & (a | c | (a & b)) & b"]]), "t", ["a", "b", "c"]);
  assertEquals(decision.evicted, ["a"], "written out, a & b would come first, and c would go: llama-swap lets a go");
});

Deno.test("RM1: models of separate sets evict each other", () => {
  const policy = createMatrixPolicy(matrixOf([["one", "a"], ["two", "b"]]));
  assertEquals(policy.evictedBy("b", ["a"]), ["a"]);
});

Deno.test("RM2, RM3: models of a common set do not", () => {
  const policy = createMatrixPolicy(matrixOf([["both", "a & b"]]));
  assertEquals(policy.evictedBy("b", ["a"]), []);
  assertEquals(policy.evictedBy("a", ["b"]), []);
});

Deno.test("RM4: of two that are wanted at once, each would evict the other", () => {
  const policy = createMatrixPolicy(matrixOf([["one", "a & c"], ["two", "b & c"]]));
  assertEquals(policy.evictedBy("b", ["a", "c"]), ["a"]);
  assertEquals(policy.evictedBy("a", ["b", "c"]), ["b"]);
});

Deno.test("CN15: spillover targets of one set coexist, those of separate sets do not", () => {
  const policy = createMatrixPolicy(matrixOf([["one", "a & b"], ["two", "c"]]));
  assert(policy.canCoexist(["a", "b"]) && policy.canCoexist(["c"]) && policy.canCoexist([]));
  assertEquals(policy.whyNotTogether(["a", "c"]), "must all appear together in one expanded matrix set");
  assert(!policy.canCoexist(["outside"]));
});

Deno.test("CN15: an expression of 14,641 combinations is searched, not written out", () => {
  const apart = Array.from({ length: 4 }, (_, group) => models(11, `m${group}-`));
  const separate = createMatrixPolicy(matrixOf([["s", apart.map(either).join(" & ")]]));
  assert(separate.canCoexist(["m0-10", "m1-10", "m2-10", "m3-10"]));
  assert(!separate.canCoexist(["m0-9", "m0-10"]));
  const same = createMatrixPolicy(matrixOf([["s", Array(4).fill(either(models(11))).join(" & ")]]));
  assert(same.canCoexist(models(4)));
  assert(!same.canCoexist(models(5)));
});

Deno.test("an answer is remembered for the same target and running models only", () => {
  const policy = createMatrixPolicy(matrixOf([["one", "a & b"], ["two", "a & c"]]));
  const first = policy.explain("a", ["b", "c"]);
  assert(policy.explain("a", ["b", "c"]) === first);
  assertEquals(policy.evictedBy("a", ["c"]), []);
  for (let i = 0; i < 300; i++) {
    policy.explain("a", ["b", `used-${i}`]);
    assert(policy.explain("a", ["b", "c"]) === first, "what is in use is kept");
  }
  for (let i = 0; i < 300; i++) policy.explain("a", ["b", `other-${i}`]);
  assert(policy.explain("a", ["b", "c"]) !== first, "old answers are forgotten");
  assertEquals(policy.explain("a", ["b", "c"]), first);
});

Deno.test("W40: where an exact search would take too long the answer is an allowed one and says so", () => {
  const many = models(40);
  const matrix = matrixOf([["s", ["target", ...Array(20).fill(either(many))].join(" & ")]]);
  const decision = solveMatrix(matrix, "target", many);
  assert(!decision.exact);
  assertEquals(decision.evicted.length, 20, "20 of 40 equal ones may stay");
  assert(decision.together.includes("target"));
  const policy = createMatrixPolicy(matrix);
  assert(policy.canCoexist([...many.slice(0, 19), "target"]));
});

Deno.test("W40: a narrow search finds the target wherever it stands", () => {
  const many = models(40);
  const heavy = Array(8).fill(either(many)).join(" & ");
  const matrix = matrixOf([["s", `(${heavy} & (${many.slice(0, 20).join(" & ")} | (target & model-39)))`]]);
  const decision = solveMatrix(matrix, "target", many);
  assertEquals([decision.chosen, decision.evicted.length], ["s", 31]);
});

Deno.test("a long chain of sets that double each other is no work", () => {
  const doubled = Array.from({ length: 60 }, (_, i) => [`s${i + 1}`, `+s${i} & +s${i}`] as const);
  const matrix = matrixOf([["s0", "a | b | c"], ...doubled, ["all", "+s60 & target"]]);
  const decision = solveMatrix(matrix, "target", ["a", "b", "c", "outside"]);
  assertEquals([decision.evicted, decision.exact], [["outside"], true]);
});

function split(names: string): string[] {
  return names === "" ? [] : names.split(" ");
}
