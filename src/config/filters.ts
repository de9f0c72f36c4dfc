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

/** The name that routing needs: filters never touch it, nor what may stand below it. */
const PROTECTED = /^\\?m\\?o\\?d\\?e\\?l(?:\.|$)/;
const WILDCARD = /(?<!\\)(?:\\\\)*[*?#]/;

/** Makes the filters of a model or peer; `path` is where they stand. */
export function buildFilters(settings: FilterSettings, path: ConfigPath, findings: Findings): Filters {
  const key = settings.stripParams.trim() === "" && settings.strip_params ? "strip_params" : "stripParams";
  const names = (settings[key] ?? "").split(",").map((name) => name.trim()).filter((name) => name !== "");
  const isUsable = (name: string, at: ConfigPath) => {
    const reason = whyLeftOut(name);
    if (reason !== null) findings.warning({ path: [...path, ...at], message: `${reason}: it is left out here` });
    return reason === null;
  };
  const setByName = new Map<string, ReadonlyMap<string, unknown>>();
  for (const name of Object.keys(settings.setParamsByID).sort()) {
    const values = valuesOf(settings.setParamsByID[name], (key) => isUsable(key, ["setParamsByID", name, key]));
    if (values.size > 0) setByName.set(name, values);
  }
  return {
    strip: [...new Set(names)].filter((name) => isUsable(name, [key])).sort(),
    set: valuesOf(settings.setParams, (key) => isUsable(key, ["setParams", key])),
    setByName,
  };
}

/** Why a name cannot act; null when it can. */
function whyLeftOut(name: string): string | null {
  if (PROTECTED.test(name)) return "`model` is never changed by filters";
  if (!WILDCARD.test(name)) return null;
  const shown = JSON.stringify(name.slice(0, 60));
  return `${shown} holds a wildcard, which filters do not know (a backslash before it makes it a plain character)`;
}

function valuesOf(node: unknown, isUsable: (name: string) => boolean): ReadonlyMap<string, unknown> {
  const values = new Map<string, unknown>();
  if (!isTree(node)) return values;
  for (const name of Object.keys(node).sort()) if (isUsable(name)) values.set(name, node[name]);
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
