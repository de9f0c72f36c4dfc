/**
 * The parsed document as a bounded tree without shared parts: merge keys are resolved, and mappings have no prototype, so
 * that `__proto__` is a key like any other.
 *
 * @module
 */

import type { ConfigPath } from "./issues.ts";

/** A mapping of the tree. */
export type Tree = { [key: string]: unknown };

/** More nodes than this after resolving aliases are refused: a config of 500 models has about 20,000. */
const MAX_NODES = 250_000;
/** More text than this after resolving aliases is refused: a source has at most 4 Mi characters. */
const MAX_CHARACTERS = 16 * 1024 * 1024;
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

/** Called with where something is merged that cannot be. */
export type TellMerge = (path: ConfigPath) => void;

/** Makes another text of each text, keys too. The path is shared and changes afterwards. */
export type ChangeText = (text: string, path: ConfigPath) => string;

/**
 * Copies what a YAML parser returned without reading `<<` as anything but a key. Throws {@link TreeError} for alias bombs and
 * loops; a merge of what is no mapping is told and left out.
 */
export function copyTree(value: unknown, change: ChangeText = (text) => text, tell: TellMerge = refuseMerge): unknown {
  let nodes = 0;
  let characters = 0;
  const path: (string | number)[] = [];
  const ancestors = new Set<object>();
  const merged = new Map<object, ReadonlyMap<string, unknown>>();
  return copy(value);

  function charge(text: string): void {
    characters += text.length;
    if (++nodes > MAX_NODES || characters > MAX_CHARACTERS) {
      throw new TreeError("Too much after resolving aliases: refused", path.slice(0, 3));
    }
  }

  function copy(node: unknown): unknown {
    charge(typeof node === "string" ? node : "");
    if (typeof node === "string") return change(node, path);
    if (typeof node !== "object" || node === null || node instanceof Date) return node;
    enter(node);
    const copied = Array.isArray(node) ? node.map((item, i) => inside(i, item)) : copyMapping(node);
    ancestors.delete(node);
    return copied;
  }

  function enter(node: object): void {
    if (ancestors.has(node)) throw new TreeError("An anchor contains itself", [...path]);
    if (ancestors.size >= MAX_DEPTH) throw new TreeError("Nested too deeply", path.slice(0, 3));
    ancestors.add(node);
  }

  function copyMapping(node: object): Tree {
    const mapping = emptyTree();
    if (Object.hasOwn(node, "<<")) {
      for (const [name, item] of entriesWithMerges(node)) put(mapping, name, item);
    } else for (const name of Object.keys(node)) put(mapping, name, Reflect.get(node, name));
    return mapping;
  }

  function put(mapping: Tree, name: string, item: unknown): void {
    const key = change(name, path);
    mapping[key] = inside(key, item);
  }

  function inside(step: string | number, item: unknown): unknown {
    path.push(step);
    const copied = copy(item);
    path.pop();
    return copied;
  }

  /** A mapping's own entries win over those that it merges, and earlier merged ones over later ones. */
  function entriesWithMerges(node: object): ReadonlyMap<string, unknown> {
    const known = merged.get(node);
    if (known !== undefined) return known;
    const entries = new Map<string, unknown>();
    for (const [key, item] of Object.entries(node)) {
      if (key !== "<<") entries.set(key, item);
      else {
        for (const source of sourcesOf(item)) {
          const wasAncestor = source === node || ancestors.has(source);
          if (wasAncestor) throw new TreeError("An anchor contains itself", [...path, key]);
          ancestors.add(source);
          const inherited = Object.hasOwn(source, "<<") ? entriesWithMerges(source) : Object.entries(source);
          ancestors.delete(source);
          for (const [name, value] of inherited) {
            charge("");
            if (!entries.has(name)) entries.set(name, Object.hasOwn(node, name) ? Reflect.get(node, name) : value);
          }
        }
      }
    }
    merged.set(node, entries);
    return entries;
  }

  function sourcesOf(item: unknown): readonly object[] {
    return (Array.isArray(item) ? item : [item]).flatMap((source: unknown) => {
      if (isTree(source)) return [source];
      tell([...path, "<<"]);
      return [];
    });
  }
}

/** What is wrong with a merge that cannot be. */
export const NO_MERGE = "Only a mapping, or a list of mappings, can be merged with <<";

function refuseMerge(path: ConfigPath): never {
  throw new TreeError(NO_MERGE, path);
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

/** Whether a text for which `test` is true stands at or below a node. */
export function someString(node: unknown, test: (text: string) => boolean): boolean {
  if (typeof node === "string") return test(node);
  if (typeof node !== "object" || node === null) return false;
  return Object.values(node).some((item) => someString(item, test));
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
