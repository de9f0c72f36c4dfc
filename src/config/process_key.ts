/**
 * What the process of a model is made of: a change of anything else takes effect without a new process.
 *
 * @module
 */

import { isTree, type Tree } from "./tree.ts";

/** Keys of a model that its running process and the way to it depend on. */
const PROCESS_KEYS = ["cmd", "worker", "permissions", "env", "proxy", "checkEndpoint"] as const;

/** One text for the process of a model, from its settings after macros and before its port. */
export function processKeyOf(expanded: Tree): string {
  return JSON.stringify(PROCESS_KEYS.map((key) => sorted(expanded[key] ?? null)));
}

/** The order of keys in a mapping means nothing. */
function sorted(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(sorted);
  if (!isTree(node)) return node;
  return Object.keys(node).sort().map((key) => [key, sorted(node[key])]);
}
