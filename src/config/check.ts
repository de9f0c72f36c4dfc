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
    for (const issue of parsed.error.issues) reportIssue(issue, tree, context);
    const smaller = removeBroken(tree, parsed.error.issues);
    if (!smaller) return undefined;
  }
  return undefined;
}

function stepsOf(issue: z.core.$ZodIssue): readonly (string | number)[] {
  return issue.path.map((step) => typeof step === "number" ? step : String(step));
}

/** Takes each broken part out of the mapping or list that holds it; tells whether there was any. */
function removeBroken(tree: unknown, issues: readonly z.core.$ZodIssue[]): boolean {
  const items = new Map<unknown[], Set<number>>();
  let removed = false;
  for (const issue of issues) {
    const steps = stepsOf(issue);
    const holder = nodeAt(tree, issue.code === "unrecognized_keys" ? steps : steps.slice(0, -1));
    const parts = issue.code === "unrecognized_keys" ? issue.keys : steps.slice(-1);
    for (const part of parts) {
      if (Array.isArray(holder)) items.set(holder, (items.get(holder) ?? new Set()).add(Number(part)));
      else if (isTree(holder)) delete holder[part];
      else continue;
      removed = true;
    }
  }
  for (const [list, broken] of items) list.splice(0, list.length, ...list.filter((_, i) => !broken.has(i)));
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
  });
}
