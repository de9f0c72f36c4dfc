/**
 * Compiles a matrix block: checks everything at once, and turns the expressions into trees that share what they refer to.
 *
 * @module
 */

import { type Finding, quoteName, suggestName } from "./findings.ts";
import { checkCosts, checkVars, type MatrixInput } from "./matrix_names.ts";
import { type Expression, type NamedExpression, parseExpression } from "./matrix_parser.ts";
import { orderSets } from "./matrix_references.ts";

/** A compiled expression; `id` numbers the nodes of a matrix from 0. References are gone: their node is the set's own. */
export type MatrixNode =
  | { readonly kind: "model"; readonly id: number; readonly model: string }
  | { readonly kind: "any" | "all"; readonly id: number; readonly parts: readonly MatrixNode[] };

/** A compiled set. */
export interface MatrixSet {
  /** Its key. */
  readonly name: string;
  /** Its expression as it was written. */
  readonly expression: string;
  /** The same as a tree. */
  readonly root: MatrixNode;
}

/** A compiled matrix. */
export interface Matrix {
  /** In the order in which the solver looks at them. */
  readonly sets: readonly MatrixSet[];
  /** Model id to cost; 1 for those that are not named. */
  readonly costs: ReadonlyMap<string, number>;
  /** How many nodes there are. */
  readonly nodeCount: number;
}

/** A matrix, unless one of the findings is an error. */
export interface CompiledMatrix {
  /** Null when there is an error. */
  readonly matrix: Matrix | null;
  /** What is wrong or odd. */
  readonly findings: readonly Finding[];
}

/** A chain of parentheses and references that is deeper is refused, so that no matrix can exhaust the solver's stack. */
const MAX_DEPTH = 1000;

/** Checks and compiles a block. */
export function compileMatrix(input: MatrixInput): CompiledMatrix {
  const findings: Finding[] = [];
  const vars = checkVars(input, findings);
  const costs = checkCosts(input, vars, findings);
  const expressions = parseSets(input, findings);
  const resolve = (name: string) => vars.get(name) ?? (input.models.has(name) ? name : undefined);
  const order = checkNames(input, { expressions, vars, resolve }, findings);
  if (findings.some(({ severity }) => severity === "error")) return { matrix: null, findings };
  const matrix = link(order, { input, expressions, costs, resolve }, findings);
  return { matrix, findings };
}

/** Reads every expression; a set whose expression is wrong is in the map with null. */
function parseSets(input: MatrixInput, findings: Finding[]): Map<string, Expression | null> {
  if (input.sets.length === 0) {
    findings.push({
      severity: "error",
      path: ["sets"],
      message: "matrix must define at least one set",
      isMissing: true,
    });
  }
  const expressions = new Map<string, Expression | null>();
  for (const [name, text] of input.sets) {
    const path = ["sets", name];
    if (expressions.has(name)) {
      findings.push({ severity: "error", path, message: `set ${quoteName(name)} is defined twice` });
      continue;
    }
    const parsed = parseExpression(text);
    expressions.set(name, parsed.ok ? parsed.expression : null);
    if (parsed.ok) continue;
    const { message, word } = parsed.problem;
    findings.push({ severity: "error", path, message, ...adviseVar(word, input) });
  }
  return expressions;
}

/** An id with a sign that no expression may hold needs a short name; says how to give it one. */
function adviseVar(word: string | undefined, { vars, models }: MatrixInput): Pick<Finding, "found" | "expected"> {
  if (word === undefined) return {};
  const short = vars.find(([, model]) => model === word)?.[0];
  if (short !== undefined) return { found: word, expected: `its var ${quoteName(short)}` };
  if (models.has(word) || /[/:]/.test(word)) {
    return { found: word, expected: `a var for this id, such as vars: { short: ${JSON.stringify(word)} }` };
  }
  return { found: word, expected: 'names of letters, digits, "_", "-" and "."' };
}

/** Checks what the expressions name, and returns the sets' order. */
function checkNames(
  input: MatrixInput,
  { expressions, vars, resolve }: {
    readonly expressions: ReadonlyMap<string, Expression | null>;
    readonly vars: ReadonlyMap<string, string>;
    readonly resolve: (name: string) => string | undefined;
  },
  findings: Finding[],
): readonly string[] {
  const links = [...expressions].map(([name, expression]) => {
    const path = ["sets", name];
    const seen = new Set<string>();
    const references: string[] = [];
    for (const { kind, name: used, at } of expression === null ? [] : namesIn(expression)) {
      if (seen.has(`${kind} ${used}`)) continue;
      seen.add(`${kind} ${used}`);
      if (kind === "reference" && expressions.has(used)) references.push(used);
      else if (kind === "reference") {
        const message = `references undefined set ${quoteName(used)} at character ${at}`;
        findings.push({
          severity: "error",
          path,
          message,
          refersToName: true,
          ...suggestName(used, input, [expressions]),
        });
      } else if (resolve(used) === undefined) {
        const message = `unknown var or model ${quoteName(used)} at character ${at}`;
        const candidates = [vars, input.models];
        findings.push({
          severity: "error",
          path,
          message,
          refersToName: true,
          ...suggestName(used, input, candidates),
        });
      }
    }
    return { name, references };
  });
  const { order, cycles } = orderSets(links);
  for (const cycle of cycles) {
    const shown = cycle.length > 12 ? [...cycle.slice(0, 10), "…", ...cycle.slice(-1)] : cycle;
    findings.push({
      severity: "error",
      path: ["sets", cycle[0] ?? ""],
      message: `circular reference of sets: ${shown.map((name) => name.slice(0, 120)).join(" → ")}`,
    });
  }
  return order;
}

/** Builds the trees, each set once, behind those that it refers to. */
function link(
  order: readonly string[],
  { input, expressions, costs, resolve }: {
    readonly input: MatrixInput;
    readonly expressions: ReadonlyMap<string, Expression | null>;
    readonly costs: ReadonlyMap<string, number>;
    readonly resolve: (name: string) => string | undefined;
  },
  findings: Finding[],
): Matrix | null {
  const texts = new Map(input.sets);
  const roots = new Map<string, MatrixNode>();
  const depths: number[] = [];
  const build = (expression: Expression): MatrixNode => {
    if (expression.kind === "reference") {
      const root = roots.get(expression.name);
      if (root !== undefined) return root;
    }
    if (expression.kind === "name" || expression.kind === "reference") {
      return { kind: "model", id: depths.push(1) - 1, model: resolve(expression.name) ?? expression.name };
    }
    const parts = expression.parts.map(build);
    const depth = 1 + parts.reduce((deepest, { id }) => Math.max(deepest, depths[id] ?? 0), 0);
    return { kind: expression.kind, id: depths.push(depth) - 1, parts };
  };
  const sets: MatrixSet[] = [];
  for (const name of order) {
    const expression = expressions.get(name) ?? null;
    if (expression === null) continue;
    const root = build(expression);
    if ((depths[root.id] ?? 0) > MAX_DEPTH) {
      const message = `parentheses and references are nested deeper than ${MAX_DEPTH}`;
      findings.push({ severity: "error", path: ["sets", name], message });
      return null;
    }
    roots.set(name, root);
    sets.push({ name, expression: texts.get(name) ?? "", root });
  }
  return { sets, costs, nodeCount: depths.length };
}

function* namesIn(expression: Expression): Generator<NamedExpression> {
  if (expression.kind === "name" || expression.kind === "reference") yield expression;
  else for (const part of expression.parts) yield* namesIn(part);
}
