/**
 * Filters as they act: lists cleaned, protected names gone, and the names that a model's filters add (spec §2.11).
 *
 * @module
 */

import type { Findings } from "./findings.ts";
import type { ConfigPath } from "./issues.ts";
import { type Complain, expandFurther, type Macros, unmark } from "./expansion.ts";
import type { FilterSettings } from "./schema/filters.ts";
import { emptyTree, isTree, type Tree } from "./tree.ts";
import type { Filters } from "./types.ts";

/** The name that routing needs: filters never touch it. */
const PROTECTED = "model";

/** Makes the filters of a model or peer; `path` is where they stand. */
export function buildFilters(settings: FilterSettings, path: ConfigPath, findings: Findings): Filters {
  const key = settings.stripParams.trim() === "" && settings.strip_params ? "strip_params" : "stripParams";
  const names = (settings[key] ?? "").split(",").map((name) => name.trim()).filter((name) => name !== "");
  const protect = (at: ConfigPath) =>
    findings.warning({ path: [...path, ...at], message: "`model` is never changed by filters: it is left out here" });
  if (names.includes(PROTECTED)) protect([key]);
  const setByName = new Map<string, ReadonlyMap<string, unknown>>();
  for (const name of Object.keys(settings.setParamsByID).sort()) {
    const values = valuesOf(settings.setParamsByID[name], () => protect(["setParamsByID", name, PROTECTED]));
    if (values.size > 0) setByName.set(name, values);
  }
  return {
    strip: [...new Set(names)].filter((name) => name !== PROTECTED).sort(),
    set: valuesOf(settings.setParams, () => protect(["setParams", PROTECTED])),
    setByName,
  };
}

function valuesOf(node: unknown, protect: () => void): ReadonlyMap<string, unknown> {
  const values = new Map<string, unknown>();
  if (!isTree(node)) return values;
  for (const name of Object.keys(node).sort()) {
    if (name === PROTECTED) protect();
    else values.set(name, node[name]);
  }
  return values;
}

/**
 * Expands macros in the keys of a model's `filters.setParamsByID`: the only keys of a config in which they count. Two
 * keys that become the same are a problem.
 */
export function expandFilterNames(model: Tree, macros: Macros, path: ConfigPath, complain: Complain): Tree {
  const byName = isTree(model.filters) ? model.filters.setParamsByID : undefined;
  if (!isTree(byName) || !Object.keys(byName).some((name) => name.includes("${"))) return model;
  const expanded = emptyTree();
  const origin = new Map<string, string>();
  for (const name of Object.keys(byName)) {
    const at = [...path, "filters", "setParamsByID", name];
    const text = unmark(String(expandFurther(name, macros, at, complain)), (placeholder) => placeholder);
    const other = origin.get(text);
    if (other !== undefined) {
      complain(at, `setParamsByID keys '${other}' and '${name}' resolve to the same value '${text}'`);
    }
    origin.set(text, name);
    expanded[text] = byName[name];
  }
  const filters = Object.assign(emptyTree(), model.filters, { setParamsByID: expanded });
  return Object.assign(emptyTree(), model, { filters });
}

/** Complains about placeholders left in those keys. */
export function rejectLeftoverNames(model: Tree, id: string, complain: Complain): void {
  const byName = isTree(model.filters) ? model.filters.setParamsByID : undefined;
  if (!isTree(byName)) return;
  for (const name of Object.keys(byName)) {
    for (const match of name.matchAll(/\$\{[A-Za-z0-9_-]+\}/g)) {
      const message = `unknown macro '${match[0]}' found in model ${id} filters.setParamsByID key`;
      complain(["models", id, "filters", "setParamsByID", name], message, { refersTo: "macro", token: match[0] });
    }
  }
}
