/**
 * What macros stand for: for those who must know a value again wherever it was put.
 *
 * @module
 */

import { complainTo, expandMacros, type Macros, type MacroValue, mergeMacros, unmark } from "./expansion.ts";
import { gatherFindings } from "./findings.ts";
import { isTree, type Tree } from "./tree.ts";

/** The texts that macros with such a name come to, on every model that sees them. */
export function valuesOfMacros(
  root: Tree,
  globals: ReadonlyMap<string, MacroValue>,
  isWanted: (name: string) => boolean,
): readonly string[] {
  const values = new Set<string>();
  // One budget for all: there may be very many, and what is too much was told before.
  const complain = complainTo(gatherFindings());
  const add = (scope: Macros, block: Iterable<readonly [string, unknown]>) => {
    for (const [name, value] of block) {
      if (!isWanted(name)) continue;
      values.add(unmark(String(expandMacros(value, scope, [], complain)), (placeholder) => placeholder));
    }
  };
  add(globals, globals);
  if (!isTree(root.models)) return [...values];
  const wanted = [...globals].filter(([name]) => isWanted(name));
  for (const [id, model] of Object.entries(root.models)) {
    const block = isTree(model) && isTree(model.macros) ? Object.entries(model.macros).filter(isScalarEntry) : [];
    // A global one may use a macro that the model overrides.
    if (block.length > 0) add(mergeMacros(id, globals, new Map(block)), [...wanted, ...block]);
  }
  return [...values];
}

function isScalarEntry(entry: [string, unknown]): entry is [string, MacroValue] {
  return ["string", "number", "boolean"].includes(typeof entry[1]);
}
