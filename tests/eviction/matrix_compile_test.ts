import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Finding } from "../../src/eviction/findings.ts";
import { compileMatrix, type Matrix } from "../../src/eviction/matrix.ts";
import { tokenize } from "../../src/eviction/matrix_lexer.ts";
import { parseExpression } from "../../src/eviction/matrix_parser.ts";
import type { MatrixInput } from "../../src/eviction/matrix_names.ts";
import { orderSets } from "../../src/eviction/matrix_references.ts";
import { solveMatrix } from "../../src/eviction/matrix_solver.ts";

const MODELS = new Set(["gemma", "qwen", "mistral", "voxtral", "reranker", "org/model:7b", "a", "b"]);

function compile(
  input: Partial<MatrixInput>,
): { readonly matrix: Matrix | null; readonly findings: readonly Finding[] } {
  return compileMatrix({ vars: [], evictCosts: [], sets: [["s", "a"]], models: MODELS, ...input });
}

function valid(input: Partial<MatrixInput>): Matrix {
  const { matrix, findings } = compile(input);
  assertEquals(findings, []);
  assert(matrix !== null);
  return matrix;
}

/** The only finding: an error at this path with this text in it. */
function onlyError(input: Partial<MatrixInput>, path: readonly string[], text: string): Finding {
  const { matrix, findings } = compile(input);
  assertEquals(matrix, null);
  assertEquals(findings.map((finding) => [finding.severity, ...finding.path]), [["error", ...path]]);
  const [finding] = findings;
  assert(finding !== undefined);
  assertStringIncludes(finding.message, text);
  return finding;
}

const inSet = (expression: string): Partial<MatrixInput> => ({ sets: [["s", expression]] });

Deno.test("MX1: names hold letters, digits, '_', '-' and '.'; the rest are operators", () => {
  const pieces = (text: string) => {
    const lexed = tokenize(text);
    assert(lexed.ok);
    return lexed.tokens.map((token) => "text" in token ? `${token.kind}:${token.text}` : token.kind).join(" ");
  };
  assertEquals(pieces("abc"), "name:abc end");
  assertEquals(pieces("model-name.v2"), "name:model-name.v2 end");
  assertEquals(pieces("(a | +base) & b"), "( name:a | reference:base ) & name:b end");
  assertEquals(pieces("modèle_٣&\n\tb"), "name:modèle_٣ & name:b end");
});

Deno.test("MX2: a lone plus and a foreign character are errors with their place", () => {
  onlyError(inSet("+"), ["sets", "s"], "expected set name after '+' at character 1");
  onlyError(inSet("a & + b"), ["sets", "s"], "expected set name after '+' at character 5");
  onlyError(inSet("a @ b"), ["sets", "s"], `unexpected character "@" at character 3`);
  onlyError(inSet("😀"), ["sets", "s"], `unexpected character "😀" at character 1`);
});

Deno.test("MX6: an expression that cannot be read is an error", () => {
  for (
    const [text, message] of [
      ["", "empty DSL expression"],
      [" \t", "empty DSL expression"],
      ["(a", "missing closing parenthesis for the one at character 1"],
      ["a)", `unexpected token ")" at character 2`],
      ["()", `unexpected token ")" at character 2`],
      ["a b", `unexpected token "b" at character 3`],
      ["a +s", `unexpected token "+s" at character 3`],
      ["(a b)", `unexpected token "b" at character 4`],
      ["a &", "unexpected token: the end at character 4"],
      ["| a", `unexpected token "|" at character 1`],
    ] as const
  ) onlyError(inSet(text), ["sets", "s"], message);
});

Deno.test("MX6, CR16: an unknown name, an undefined set, a circle and no sets at all are errors", () => {
  onlyError(inSet("a & nonexistent"), ["sets", "s"], `unknown var or model "nonexistent" at character 5`);
  onlyError(inSet("+missing"), ["sets", "s"], `references undefined set "missing" at character 1`);
  onlyError({ sets: [["x", "+y | a"], ["y", "+x"]] }, ["sets", "x"], "circular reference of sets: x → y → x");
  onlyError(inSet("a | +s"), ["sets", "s"], "circular reference of sets: s → s");
  onlyError({ sets: [] }, ["sets"], "at least one set");
});

Deno.test("W39: an id that no expression can hold is answered with the var to write", () => {
  const unnamed = onlyError(inSet("a & org/model:7b"), ["sets", "s"], `unexpected character "/" at character 8`);
  assertEquals(unnamed.found, "org/model:7b");
  assertEquals(unnamed.expected, `a var for this id, such as vars: { short: "org/model:7b" }`);
  const named = onlyError({ vars: [["o", "org/model:7b"]], ...inSet("org/model:7b") }, ["sets", "s"], "unexpected");
  assertEquals(named.expected, `its var "o"`);
  const nonsense = onlyError(inSet("a@b"), ["sets", "s"], "unexpected");
  assertEquals(nonsense.expected, `names of letters, digits, "_", "-" and "."`);
});

Deno.test("CR11, CR12: vars and model ids may be mixed; what means the same model counts once; a var hides an id", () => {
  const vars = [["g", "gemma"], ["q", "qwen"], ["m", "mistral"], ["v", "voxtral"], ["e", "reranker"]] as const;
  const chained = valid({ vars, sets: [["llms", "g | q | m"], ["with_tts", "+llms & v"], ["mega", "+with_tts & e"]] });
  const decision = solveMatrix(chained, "reranker", ["gemma", "voxtral"]);
  assertEquals(decision.chosen, "mega");
  assertEquals(decision.together, ["gemma", "reranker", "voxtral"]);
  assertEquals(decision.evicted, []);
  assertEquals(decision.expression, "+with_tts & e");

  const plain = valid(inSet("gemma & voxtral"));
  assertEquals(solveMatrix(plain, "gemma", ["voxtral"]).together, ["gemma", "voxtral"]);

  const mixed = valid({ vars: [["g", "gemma"]], sets: [["base", "g | qwen"], ["combo", "+base & voxtral"]] });
  assertEquals(solveMatrix(mixed, "qwen", ["voxtral"]).chosen, "combo");
  assertEquals(solveMatrix(mixed, "qwen", ["voxtral"]).together, ["qwen", "voxtral"]);

  const repeated = valid({ vars: [["g", "gemma"]], ...inSet("g & gemma") });
  assertEquals(solveMatrix(repeated, "gemma", []).together, ["gemma"]);

  const hiding = valid({ vars: [["qwen", "gemma"]], ...inSet("qwen") });
  assertEquals(solveMatrix(hiding, "gemma", []).together, ["gemma"]);
  assertEquals(solveMatrix(hiding, "qwen", []).chosen, null);
});

Deno.test("CR13: a var has 1 to 32 letters, digits, hyphens and dots", () => {
  for (const name of ["abcdefghijklmnopqrstuvwxyzABCDEF", "model-var", "model.var", "7"]) {
    valid({ vars: [[name, "gemma"]], ...inSet(name) });
  }
  for (
    const [name, text] of [
      ["abcdefghijklmnopqrstuvwxyzABCDEFG", "1-32 characters"],
      ["a_b", "only alphanumeric, '-' or '.'"],
      ["", "1-32 characters"],
    ] as const
  ) onlyError({ vars: [[name, "gemma"]] }, ["vars", name], text);
});

Deno.test("CR14: a var for an unknown model is an error with the nearest id, or the one behind an alias", () => {
  const aliases = new Map([["short", "qwen"]]);
  const input = { vars: [["x", "gemna"]], aliases } as const;
  const { suggestion } = onlyError(input, ["vars", "x"], "references unknown model");
  assertEquals(typeof suggestion === "object" && suggestion.name, "gemna");
  assertEquals(onlyError({ ...input, vars: [["x", "short"]] }, ["vars", "x"], "unknown model").suggestion, "qwen");
});

Deno.test("CR15: an evict cost is a positive integer of a var or model", () => {
  for (const cost of [0, -1, 1.5, NaN, Infinity, 2 ** 53]) {
    onlyError({ evictCosts: [["a", cost]] }, ["evict_costs", "a"], "positive integer");
  }
  onlyError({ evictCosts: [["unknown", 5]] }, ["evict_costs", "unknown"], "unknown var or model");
  valid({ evictCosts: [["gemma", 5]] });
});

Deno.test("costs that could not be added exactly are an error", () => {
  onlyError({ evictCosts: [["a", 2 ** 50], ["b", 2 ** 50]] }, ["evict_costs"], "add up to more than");
  const matrix = valid({ evictCosts: [["a", 2 ** 50], ["b", 2 ** 50 - 8]], ...inSet("a & gemma | b & gemma") });
  assertEquals(solveMatrix(matrix, "gemma", ["a", "b", "qwen"]).cost, 2 ** 50 - 7);
});

Deno.test("CR17: costs by var and by id are costs of models", () => {
  const matrix = valid({
    vars: [["g", "gemma"], ["L", "org/model:7b"]],
    evictCosts: [["L", 30], ["g", 5], ["mistral", 10], ["gemma", 5]],
  });
  assertEquals([...matrix.costs], [["org/model:7b", 30], ["gemma", 5], ["mistral", 10]]);
});

Deno.test("two different costs of one model are an error", () => {
  const input = { vars: [["g", "gemma"]], evictCosts: [["g", 5], ["gemma", 6]] } as const;
  onlyError(input, ["evict_costs", "gemma"], `"gemma" and "g" give two evict costs to the model "gemma"`);
});

Deno.test("every problem is told at once, each at its place", () => {
  const { findings } = compile({
    vars: [["bad_key", "gemma"], ["u", "unknown"], ["u", "gemma"]],
    evictCosts: [["a", 0], ["nobody", 1]],
    sets: [["one", "a &"], ["two", "u & nobody & nobody & noone & +three"], ["two", "a"], ["x", "+x"]],
  });
  assertEquals(findings.map(({ path }) => path.join(".")), [
    "vars.bad_key",
    "vars.u",
    "vars.u",
    "evict_costs.a",
    "evict_costs.nobody",
    "sets.one",
    "sets.two",
    "sets.two",
    "sets.two",
    "sets.two",
    "sets.x",
  ]);
});

Deno.test("what refers to a set that cannot be read is no error of its own", () => {
  onlyError({ sets: [["one", "a &"], ["two", "+one & b"]] }, ["sets", "one"], "unexpected token");
});

Deno.test("names that every object has are names like others", () => {
  onlyError(inSet("constructor & a"), ["sets", "s"], "unknown var or model");
  onlyError(inSet("+__proto__"), ["sets", "s"], "undefined set");
  const matrix = valid({ sets: [["__proto__", "a"], ["s", "+__proto__ & b"]] });
  assertEquals(solveMatrix(matrix, "b", ["a"]).evicted, []);
});

Deno.test("W38: sets keep the order of the file, but stand behind those that they refer to", () => {
  const names = (sets: MatrixInput["sets"]) => valid({ sets }).sets.map(({ name }) => name).join(" ");
  assertEquals(names([["b", "a"], ["a", "a"], ["10", "a"], ["2", "a"]]), "b a 10 2");
  assertEquals(
    names([["full", "+mid & a"], ["other", "a"], ["mid", "+base"], ["base", "a | b"]]),
    "base mid full other",
  );
});

Deno.test("no expression and no chain of sets exhausts the stack", () => {
  const nested = (depth: number) => parseExpression("(".repeat(depth) + "a" + ")".repeat(depth));
  assert(nested(100).ok);
  assert(!nested(101).ok);
  assert(!nested(100_000).ok);
  const chain = Array.from({ length: 20_000 }, (_, i) => [`s${i + 1}`, `+s${i} & a | b`] as const);
  const { matrix, findings } = compile({ sets: [["s0", "a"], ...chain] });
  assertEquals(matrix, null);
  assertStringIncludes(findings[0]?.message ?? "", "nested deeper than 1000");
  const deep = valid({ sets: [["s0", "a"], ...chain.slice(0, 450)] });
  assertEquals(solveMatrix(deep, "b", ["a"]).chosen, "s2");
});

Deno.test("many circles are not all told", () => {
  const sets = Array.from({ length: 1000 }, (_, i) => ({ name: `s${i}`, references: ["s0", `s${(i + 1) % 1000}`] }));
  assertEquals(orderSets(sets).cycles.length, 20);
  const long = compile({ sets: Array.from({ length: 1000 }, (_, i) => [`s${i}`, `+s${(i + 1) % 1000}`] as const) });
  assertEquals(long.findings.length, 1);
  assertStringIncludes(long.findings[0]?.message ?? "", "s9 → … → s0");
});

Deno.test("a product of very many names compiles and is solved", () => {
  const models = Array.from({ length: 50_000 }, (_, i) => `m${i}`);
  const { matrix } = compileMatrix({
    vars: [],
    evictCosts: [],
    sets: [["s", models.join("&")]],
    models: new Set(models),
  });
  assert(matrix !== null);
  const decision = solveMatrix(matrix, "m0", ["m1", "m49999", "other"]);
  assertEquals([decision.evicted, decision.together.length], [["other"], 50_000]);
});
