/**
 * Holds a part of the tree against its schema: all problems at once, and what is readable but odd as warnings.
 *
 * @module
 */

import { z } from "zod";
import { NOT_YET } from "./fields.ts";
import { type ConfigPath, describeValue } from "./issues.ts";
import { nearestName } from "./suggestions.ts";
import { isTree, nodeAt, type Tree } from "./tree.ts";

/** A problem or warning before it has a place in the text. */
export interface Finding {
  /** Where in the tree. */
  readonly path: ConfigPath;
  /** One sentence. */
  readonly message: string;
  /** What stands there. */
  readonly found?: string | undefined;
  /** What would be right. */
  readonly expected?: string | undefined;
  /** The nearest right name. */
  readonly suggestion?: string | undefined;
}

/** Takes findings. */
export interface Findings {
  /** The config cannot be used. */
  problem(finding: Finding): void;
  /** The config can be used, but this deserves attention. */
  warning(finding: Finding): void;
}

/** Parses `node` with `schema`; `undefined` after problems. `path` is where the node stands. */
export function checkAgainst<Schema extends z.ZodType>(
  schema: Schema,
  node: unknown,
  { path, findings }: { readonly path: ConfigPath; readonly findings: Findings },
): z.output<Schema> | undefined {
  const tree = withoutNulls(node);
  noticeKeys(schema, tree, path, findings);
  const parsed = schema.safeParse(tree);
  if (parsed.success) {
    noticeConversions(tree, parsed.data, path, findings);
    return parsed.data;
  }
  for (const issue of parsed.error.issues) reportIssue(issue, tree, path, findings);
  return undefined;
}

/** Whether the text at this path may be shown in a message. */
export function isSecret(path: ConfigPath): boolean {
  return path[0] === "apiKeys" || path[0] === "peers" || (path[0] === "models" && path[2] === "env");
}

function reportIssue(issue: z.core.$ZodIssue, tree: unknown, path: ConfigPath, findings: Findings): void {
  const inside = issue.path.map((step) => typeof step === "number" ? step : String(step));
  const at = [...path, ...inside];
  const value = nodeAt(tree, inside);
  if (issue.code === "unrecognized_keys") {
    for (const key of issue.keys) {
      findings.problem({ path: [...at, key], message: `Unknown key ${JSON.stringify(key)}` });
    }
    return;
  }
  const last = at.at(-1);
  const message = at[0] === "apiKeys" && typeof last === "number" && issue.message.startsWith("api key")
    ? `apiKeys[${last}]: ${issue.message}`
    : issue.message;
  findings.problem({
    path: at,
    message,
    found: isSecret(at) && typeof value === "string" ? "a text that is not shown" : describeValue(value),
  });
}

/** `key:` with nothing after it means the default (spec §2.2.5). */
function withoutNulls(node: unknown): unknown {
  if (node === null) return undefined;
  if (!isTree(node)) return node;
  const kept: Tree = Object.create(null);
  for (const key of Object.keys(node)) {
    const value = key === "metadata" || key === "macros" ? node[key] ?? undefined : withoutNulls(node[key]);
    if (value !== undefined) kept[key] = value;
  }
  return kept;
}

function noticeKeys(schema: z.ZodType, tree: unknown, path: ConfigPath, findings: Findings): void {
  const object = innerObject(schema);
  if (object === null || !isTree(tree)) return;
  const strict = object.def.catchall?._zod.def.type === "never";
  for (const key of Object.keys(tree)) {
    const field = Object.hasOwn(object.shape, key) ? object.shape[key] : undefined;
    if (field === undefined) {
      if (strict) continue;
      // A top-level key with an anchor is the usual place for parts that are used elsewhere.
      if (path.length === 0 && (key === "models" || key.startsWith("x-"))) continue;
      findings.warning({
        path: [...path, key],
        message: `Unknown key ${JSON.stringify(key)} is ignored.`,
        suggestion: nearestName(key, [...Object.keys(object.shape), ...(path.length === 0 ? ["models"] : [])]),
      });
    } else if (field instanceof z.ZodType) {
      if (field.meta()?.[NOT_YET] === true) {
        findings.warning({ path: [...path, key], message: "is read but has no effect yet" });
      } else noticeKeys(field, tree[key], [...path, key], findings);
    }
  }
}

/** The object schema under optional, default and preprocess layers; `null` when there is none. */
function innerObject(schema: z.core.$ZodType): z.ZodObject | null {
  if (schema instanceof z.ZodObject) return schema;
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return innerObject(schema.def.innerType);
  }
  return schema instanceof z.ZodPipe ? innerObject(schema.def.out) : null;
}

function noticeConversions(before: unknown, after: unknown, path: ConfigPath, findings: Findings): void {
  if (before === after) return;
  if (typeof before === "number" && typeof after === "number") {
    findings.warning({ path, message: `The fraction is dropped: ${before} is read as ${after}` });
  } else if ((typeof before === "number" || typeof before === "boolean") && typeof after === "string") {
    findings.warning({ path, message: `Read as the text ${JSON.stringify(after)}; quote it to keep it as written` });
  } else if (Array.isArray(before) && Array.isArray(after)) {
    before.forEach((item, i) => noticeConversions(item, after[i], [...path, i], findings));
  } else if (isTree(before) && typeof after === "object" && after !== null) {
    for (const key of Object.keys(before)) {
      noticeConversions(before[key], nodeAt(after, [key]), [...path, key], findings);
    }
  }
}
