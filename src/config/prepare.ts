/**
 * Makes a part of the tree ready for its schema: empty entries mean the default, texts that YAML took for numbers are
 * texts again. What is readable but odd on the way is warned about.
 *
 * @module
 */

import type { z } from "zod";
import type { Findings } from "./findings.ts";
import type { ConfigPath } from "./issues.ts";
import { allDigits, isInexact } from "./numbers.ts";
import { shapeOf } from "./shapes.ts";
import { isSecret } from "./secrets.ts";
import { emptyTree, isTree, type Tree } from "./tree.ts";

/** Looks up the text at a path; `undefined` when it is not known. */
export type ReadWritten = (path: ConfigPath) => string | undefined;

/** What {@link prepare} needs besides the node. */
export interface PrepareContext {
  /** Takes warnings, and problems with names that cannot be kept. */
  readonly findings: Findings;
  /** Looks up what the author wrote. */
  readonly written?: ReadWritten | undefined;
  /** Keys without effect that were told already, for this node. */
  readonly told: Set<string>;
}

/** Returns the node as its schema can read it; `undefined` for what counts as left out. */
export function prepare(schema: z.ZodType, node: unknown, path: ConfigPath, context: PrepareContext): unknown {
  const shape = shapeOf(schema);
  if (node === null) return shape.keepsNull ? null : undefined;
  switch (shape.kind) {
    case "block":
      return isTree(node) ? prepareBlock(shape, node, path, context) : node;
    case "mapping":
      return isTree(node) ? prepareMapping(shape.value, node, path, context) : node;
    case "list":
      return Array.isArray(node) ? node.map((item, i) => prepareItem(shape.item, item, [...path, i], context)) : node;
    case "either":
      return prepare(isTree(node) ? shape.block : shape.other, node, path, context);
    case "text":
      return prepareText(node, path, context);
    case "integer":
      if (typeof node === "number" && Number.isFinite(node) && !Number.isInteger(node)) {
        const read = Math.trunc(node);
        context.findings.warning({ path, message: `The fraction is dropped: ${node} is read as ${read}` });
      }
      return node;
    case "other":
      noticeLostDigits(node, path, context);
      return node;
    default:
      return shape satisfies never;
  }
}

/** Keys of the top level that belong to no schema of it: the models, and parts that are used elsewhere by an anchor. */
function isElsewhere(key: string, path: ConfigPath): boolean {
  return path.length === 0 && (key === "models" || key.startsWith("x-"));
}

interface Block {
  readonly keys: Readonly<Record<string, z.ZodType>>;
  readonly strict: boolean;
}

function prepareBlock({ keys, strict }: Block, node: Tree, path: ConfigPath, context: PrepareContext): Tree {
  const prepared = emptyTree();
  for (const key of Object.keys(node)) {
    const field = keys[key];
    const at = [...path, key];
    if (field === undefined) {
      if (strict) prepared[key] = node[key];
      else if (!isElsewhere(key, path)) {
        context.findings.warning({
          path: at,
          message: `Unknown key ${JSON.stringify(key)} is ignored.`,
          isIgnored: true,
          suggestion: meantBy(key, keys) ??
            { name: key, among: [Object.keys(keys), path.length === 0 ? ["models"] : []] },
        });
      }
      continue;
    }
    const { noEffect } = shapeOf(field);
    if (node[key] !== null && noEffect !== null) tellNoEffect(at, noEffect, context);
    const value = prepare(field, node[key], at, context);
    if (value !== undefined) prepared[key] = value;
  }
  return prepared;
}

/** Names that other programs use for a key, too far from it to look like a slip. */
const OTHER_NAMES: Readonly<Record<string, string>> = { command: "cmd", run: "cmd", environment: "env" };

function meantBy(key: string, keys: Block["keys"]): string | undefined {
  const meant = Object.hasOwn(OTHER_NAMES, key.toLowerCase()) ? OTHER_NAMES[key.toLowerCase()] : undefined;
  return meant !== undefined && Object.hasOwn(keys, meant) ? meant : undefined;
}

function tellNoEffect(path: ConfigPath, since: "yet" | "ever", { findings, told }: PrepareContext): void {
  const steps = path.map((step, i) => i === 1 && path[0] === "models" ? "*" : step);
  for (let length = 1; length <= steps.length; length++) {
    // What holds the key may have no effect either: that was enough to say.
    if (told.has(steps.slice(0, length).join("\0"))) return;
  }
  const once = steps.join("\0");
  told.add(once);
  const message = `is read and checked, but has no effect${since === "yet" ? " yet" : ""}`;
  findings.warning({ path, message, once });
}

function prepareMapping(value: z.ZodType, node: Tree, path: ConfigPath, context: PrepareContext): Tree {
  const prepared = emptyTree();
  for (const key of Object.keys(node)) {
    if (key === "__proto__") {
      context.findings.problem({ path: [...path, key], message: '"__proto__" cannot be a name here' });
      continue;
    }
    const item = prepare(value, node[key], [...path, key], context);
    // An entry with nothing in it is still an entry.
    prepared[key] = item ?? (shapeOf(value).kind === "block" ? emptyTree() : null);
  }
  return prepared;
}

/** Numbers where anything may stand are passed on as numbers. */
function noticeLostDigits(node: unknown, path: ConfigPath, context: PrepareContext): void {
  if (Array.isArray(node)) node.forEach((item, i) => noticeLostDigits(item, [...path, i], context));
  else if (isTree(node)) { for (const key of Object.keys(node)) noticeLostDigits(node[key], [...path, key], context); }
  else if (isInexact(node)) {
    const digits = allDigits(node, context.written?.(path));
    if (digits === undefined || BigInt(digits) === BigInt(node)) return;
    const message = "Larger than a number that keeps all its digits: the last ones change; quote it to keep it as text";
    context.findings.warning({ path, message });
  }
}

function prepareItem(schema: z.ZodType, node: unknown, path: ConfigPath, context: PrepareContext): unknown {
  return node === null ? null : prepare(schema, node, path, context);
}

function prepareText(node: unknown, path: ConfigPath, { findings, written }: PrepareContext): unknown {
  if (typeof node !== "number" && typeof node !== "boolean" && !(node instanceof Date)) return node;
  const raw = written?.(path);
  const read = node instanceof Date ? node.toISOString() : allDigits(node, raw) ?? String(node);
  // Where a macro stands, its value is what was meant.
  if (raw?.includes("${")) return read;
  if (isSecret(path)) {
    const other = raw === read ? "" : ", which llama-swap reads as another one";
    findings.warning({ path, message: `Kept as the text that is written${other}: quote it to be sure` });
    return raw ?? read;
  }
  if (raw === read) return read;
  const shown = JSON.stringify((raw ?? read).slice(0, 60));
  findings.warning({
    path,
    message: raw === undefined
      ? `Read as the text ${shown}; quote it to keep it as written`
      : `Kept as the text ${shown}, which llama-swap reads as ${read}; quote it to be sure`,
  });
  return raw ?? read;
}
