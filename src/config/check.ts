/**
 * Holds a part of the tree against its schema: all problems at once, and what is right is still read, so that later checks
 * can judge it.
 *
 * @module
 */

import type { z } from "zod";
import { type ConfigPath, describeKind } from "./issues.ts";
import { prepare, type PrepareContext } from "./prepare.ts";
import { describeAt } from "./secrets.ts";
import { isTree, nodeAt } from "./tree.ts";

/** What {@link checkAgainst} needs besides the node. */
export interface CheckContext extends PrepareContext {
  /** Where the node stands. */
  readonly path: ConfigPath;
}

/** Where one of these is expected, nobody knows what a single value that stands there means. */
const BLOCKS: ReadonlySet<string> = new Set(["object", "record", "array"]);
/** More rounds than a tree can need: each takes away at least one broken part. */
const MAX_ROUNDS = 50;

/**
 * Parses `node` with `schema`. Broken parts are complained about and read as if they were left out; `undefined` when
 * nothing is left to read.
 */
export function checkAgainst<Schema extends z.ZodType>(
  schema: Schema,
  node: unknown,
  context: CheckContext,
): z.output<Schema> | undefined {
  const tree = prepare(schema, node, context.path, context);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const parsed = schema.safeParse(tree);
    if (parsed.success) return parsed.data;
    const issues = parsed.error.issues.flatMap(insideUnion);
    for (const issue of issues) reportIssue(issue, tree, context);
    const smaller = removeBroken(tree, issues, context);
    if (!smaller) return undefined;
  }
  return undefined;
}

/** What is wrong inside the form that was meant, where there are several: the one of which only parts are broken. */
function insideUnion(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] {
  if (issue.code !== "invalid_union") return [issue];
  const meant = issue.errors.find((errors) => errors.length > 0 && errors.every(({ path }) => path.length > 0));
  if (meant === undefined) return [issue];
  return meant.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
}

function stepsOf(issue: z.core.$ZodIssue): readonly (string | number)[] {
  return issue.path.map((step) => typeof step === "number" ? step : String(step));
}

/** Takes each broken part out of the mapping or list that holds it; tells whether there was any. */
function removeBroken(tree: unknown, issues: readonly z.core.$ZodIssue[], { path, findings }: CheckContext): boolean {
  const lists = new Map<unknown[], { readonly at: ConfigPath; readonly broken: Set<number> }>();
  let removed = false;
  for (const issue of issues) {
    const steps = stepsOf(issue);
    const inside = issue.code === "unrecognized_keys" ? steps : steps.slice(0, -1);
    const holder = nodeAt(tree, inside);
    const parts = issue.code === "unrecognized_keys" ? issue.keys : steps.slice(-1);
    for (const part of parts) {
      if (Array.isArray(holder)) {
        const list = lists.get(holder) ?? { at: [...path, ...inside], broken: new Set() };
        lists.set(holder, list);
        list.broken.add(Number(part));
      } else if (isTree(holder)) delete holder[part];
      else continue;
      removed = true;
    }
  }
  for (const [list, { at, broken }] of lists) {
    list.splice(0, list.length, ...list.filter((_, i) => !broken.has(i)));
    findings.leaveOut(at, broken);
  }
  return removed;
}

function reportIssue(issue: z.core.$ZodIssue, tree: unknown, { path, findings }: CheckContext): void {
  const inside = stepsOf(issue);
  const at = [...path, ...inside];
  if (issue.code === "unrecognized_keys") {
    for (const key of issue.keys) {
      findings.problem({ path: [...at, key], message: `Unknown key ${JSON.stringify(key)}` });
    }
    return;
  }
  const value = nodeAt(tree, inside);
  const last = at.at(-1);
  const message = at[0] === "apiKeys" && typeof last === "number" && issue.message.startsWith("api key")
    ? `apiKeys[${last}]: ${issue.message}`
    : issue.message;
  findings.problem({
    path: at,
    message,
    found: issue.code === "invalid_type" && BLOCKS.has(issue.expected) ? describeKind(value) : describeAt(at, value),
    hides: declaresModelNames(at) ? "model" : undefined,
  });
}

/** Blocks whose keys are names that lead to models. */
const NAMING: ReadonlySet<string | number | undefined> = new Set(["models", "peers", "selectors"]);
/** Mappings whose keys are further names. */
const NAMING_PARTS: ReadonlySet<string | number | undefined> = new Set(["setParamsByID", "vars", "sets"]);

/** Whether names are lost with what stands there. An item of a list names nothing when it is no text. */
function declaresModelNames(path: ConfigPath): boolean {
  const [top, , key] = path;
  const last = path.at(-1);
  if (path.length === 1 && NAMING.has(top)) return true;
  if (top === "peers") return path.length === 2 || (path.length === 3 && key === "models");
  if (top === "models" && path.length === 3 && (key === "aliases" || key === "filters")) return true;
  if (top !== "models" && !path.includes("matrix")) return false;
  return last === "matrix" || NAMING_PARTS.has(last) || NAMING_PARTS.has(path.at(-2));
}
