/**
 * Several trees as one, key by key (spec §1.6.7); whatever contradicts itself is told, and the earlier side is kept.
 *
 * @module
 */

import { type ConfigPath, joinPath } from "./issues.ts";
import { emptyTree, isTree, type Tree } from "./tree.ts";

/** A contradiction between two trees. */
export interface MergeConflict {
  /** Which of the trees is at odds with an earlier one. */
  readonly later: number;
  /** Where, in every tree. */
  readonly path: ConfigPath;
  /** One sentence; the name of the later file is added. */
  readonly message: string;
  /** What the later one has; never a value. */
  readonly found?: string | undefined;
  /** What the earlier one has. */
  readonly expected?: string | undefined;
}

/** Mappings whose keys are names: a name belongs to one file. */
const IDENTITY_MAPS: ReadonlySet<string> = new Set([
  "models",
  "groups",
  "profiles",
  "selectors",
  "peers",
  "matrix",
  "routing.router.settings.groups",
  "routing.router.settings.matrix",
]);

/** Merges trees in their order; the result shares parts with them. */
export function mergeTrees(
  trees: readonly Tree[],
): { readonly tree: Tree; readonly conflicts: readonly MergeConflict[] } {
  const conflicts: MergeConflict[] = [];
  let tree = trees[0] ?? emptyTree();
  for (let later = 1; later < trees.length; later++) {
    const tell = (conflict: Omit<MergeConflict, "later">) => void conflicts.push({ ...conflict, later });
    tree = mergeMappings(tree, trees[later] ?? emptyTree(), { path: [], tell });
  }
  return { tree, conflicts };
}

interface Place {
  readonly path: ConfigPath;
  readonly tell: (conflict: Omit<MergeConflict, "later">) => void;
}

function mergeMappings(before: Tree, after: Tree, { path, tell }: Place): Tree {
  const merged: Tree = Object.assign(emptyTree(), before);
  for (const key of Object.keys(after)) {
    const place = { path: [...path, key], tell };
    merged[key] = Object.hasOwn(before, key) ? mergeNodes(before[key], after[key], place) : after[key];
  }
  return merged;
}

function mergeNodes(before: unknown, after: unknown, place: Place): unknown {
  const name = joinPath(place.path);
  if (IDENTITY_MAPS.has(name)) {
    if (isTree(before) && isTree(after)) return mergeNames(before, after, place);
    const found = kindOf(isTree(before) ? after : before);
    place.tell({ path: place.path, message: `conflict at "${name}": expected a mapping`, found });
    return isTree(before) ? before : after;
  }
  // A key with nothing after it gives way.
  if (after === null) return before;
  if (before === null) return after;
  if (isTree(before) && isTree(after)) return mergeMappings(before, after, place);
  if (Array.isArray(before) && Array.isArray(after)) return [...before, ...after];
  if (kindOf(before) !== kindOf(after)) {
    const message = `conflict at "${name}": incompatible YAML node kinds`;
    place.tell({ path: place.path, message, found: kindOf(after), expected: kindOf(before) });
  } else if (!Object.is(before, after)) {
    place.tell({ path: place.path, message: `conflict at "${name}": two different values` });
  }
  return before;
}

function mergeNames(before: Tree, after: Tree, { path, tell }: Place): Tree {
  const merged: Tree = Object.assign(emptyTree(), before);
  for (const key of Object.keys(after)) {
    if (!Object.hasOwn(before, key)) merged[key] = after[key];
    else tell({ path: [...path, key], message: `duplicate ${path.at(-1)} ${JSON.stringify(key)}` });
  }
  return merged;
}

function kindOf(node: unknown): string {
  return isTree(node) ? "a mapping" : Array.isArray(node) ? "a list" : node === null ? "nothing" : "a single value";
}

/** Where a node of the merged tree comes from. */
export interface Origin {
  /** Which tree. */
  readonly index: number;
  /** Where in that tree. */
  readonly path: ConfigPath;
}

/** Finds the tree that a path of the merged tree comes from: the earliest one that has it, or most of it. */
export function originOf(path: ConfigPath, trees: readonly Tree[]): Origin {
  let holders = trees.map((tree, index): Holder => ({ index, node: tree }));
  const inside: (string | number)[] = [];
  for (const step of path) {
    let at = step;
    const lists = holders.filter(({ node }) => Array.isArray(node));
    if (typeof step === "number" && lists.length > 0) {
      holders = lists;
      // Lists stand one behind the other.
      while (holders.length > 1 && lengthOf(holders[0]) <= Number(at)) {
        at = Number(at) - lengthOf(holders[0]);
        holders = holders.slice(1);
      }
      holders = holders.slice(0, 1);
    }
    const inner = holders.flatMap(({ index, node }) =>
      typeof node === "object" && node !== null && Object.hasOwn(node, at)
        ? [{ index, node: Reflect.get(node, at) as unknown }]
        : []
    );
    inside.push(at);
    // A blank entry gave way to another file's.
    const filled = inner.filter(({ node }) => node !== null);
    if (inner.length === 0) break;
    holders = filled.length > 0 ? filled : inner;
  }
  return { index: holders[0]?.index ?? 0, path: [...inside, ...path.slice(inside.length)] };
}

interface Holder {
  readonly index: number;
  readonly node: unknown;
}

function lengthOf(holder: Holder | undefined): number {
  return Array.isArray(holder?.node) ? holder.node.length : 0;
}
