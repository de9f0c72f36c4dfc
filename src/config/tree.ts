/**
 * The parsed document as a bounded tree without shared parts: mappings have no prototype, so that `__proto__` is a key
 * like any other.
 *
 * @module
 */

import type { ConfigPath } from "./issues.ts";

/** A mapping of the tree. */
export type Tree = { [key: string]: unknown };

/** More nodes than this after resolving aliases are refused: a config of 500 models has about 20,000. */
const MAX_NODES = 500_000;
const MAX_DEPTH = 100;

/** Thrown for a document that is too large once its aliases are resolved, or contains itself. */
export class TreeError extends Error {
  override readonly name = "TreeError";
  /** Where it was noticed. */
  readonly path: ConfigPath;

  /** Makes the error. */
  constructor(message: string, path: ConfigPath) {
    super(message);
    this.path = path;
  }
}

/** Copies what a YAML parser returned. Throws {@link TreeError} for alias bombs and loops. */
export function copyTree(value: unknown): unknown {
  let nodes = 0;
  const path: (string | number)[] = [];
  const ancestors = new Set<object>();
  return copy(value);

  function copy(node: unknown): unknown {
    if (++nodes > MAX_NODES) throw new TreeError("Too much after resolving aliases: refused", path.slice(0, 3));
    if (typeof node !== "object" || node === null || node instanceof Date) return node;
    if (ancestors.has(node)) throw new TreeError("An anchor contains itself", [...path]);
    if (ancestors.size >= MAX_DEPTH) throw new TreeError("Nested too deeply", path.slice(0, 3));
    ancestors.add(node);
    const copied = Array.isArray(node) ? node.map((item, i) => inside(i, item)) : copyMapping(node);
    ancestors.delete(node);
    return copied;
  }

  function copyMapping(node: object): Tree {
    const mapping = emptyTree();
    for (const [key, item] of Object.entries(node)) mapping[key] = inside(key, item);
    return mapping;
  }

  function inside(step: string | number, item: unknown): unknown {
    path.push(step);
    const copied = copy(item);
    path.pop();
    return copied;
  }
}

/** A mapping with no keys and no prototype. */
export function emptyTree(): Tree {
  return Object.create(null);
}

/** Whether a node is a mapping. */
export function isTree(node: unknown): node is Tree {
  return typeof node === "object" && node !== null && !Array.isArray(node) && !(node instanceof Date);
}

/** Builds a copy in which `change` was applied to every text, at any depth; keys stay. */
export function mapStrings(
  node: unknown,
  change: (text: string, path: ConfigPath) => unknown,
  path: ConfigPath,
): unknown {
  if (typeof node === "string") return change(node, path);
  if (Array.isArray(node)) return node.map((item, i) => mapStrings(item, change, [...path, i]));
  if (!isTree(node)) return node;
  const copied = emptyTree();
  for (const key of Object.keys(node)) copied[key] = mapStrings(node[key], change, [...path, key]);
  return copied;
}

/** The node at a path; `undefined` when there is none. */
export function nodeAt(node: unknown, path: ConfigPath): unknown {
  let current = node;
  for (const step of path) {
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, step)) return undefined;
    current = Reflect.get(current, step);
  }
  return current;
}
