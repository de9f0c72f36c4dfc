/**
 * What filters amount to for one request: all their steps (spec §1.6) as one tree along the keys of the body. Pure.
 *
 * @module
 */

import type { Filters } from "../../config/types.ts";

/** What happens to a value. */
export type Change =
  | { readonly kind: "remove" }
  | { readonly kind: "replace"; readonly value: unknown }
  | { readonly kind: "within"; readonly changes: Changes };

/** Changes by key. */
export type Changes = Map<string, Change>;

/** Filters, and the name that the model was asked for by. */
export interface AppliedFilters {
  /** What is configured for the model or peer. */
  readonly filters: Filters;
  /** Decides which of `setByName` holds. */
  readonly requestedName: string;
}

/** Routing lives from it: never changed, and nothing below it either. */
const PROTECTED = "model";

/** Whether they could change any body. */
export function areIdle({ filters, requestedName }: AppliedFilters): boolean {
  return filters.strip.length === 0 && filters.set.size === 0 && !filters.setByName.has(requestedName);
}

/** Puts all steps together, in order. */
export function planOf(applied: readonly AppliedFilters[]): Changes {
  const plan: Changes = new Map();
  for (const { filters, requestedName } of applied) {
    for (const path of filters.strip) addStep(plan, path, { kind: "remove" });
    const sets = [filters.set, filters.setByName.get(requestedName) ?? []];
    for (const set of sets) for (const [path, value] of set) addStep(plan, path, { kind: "replace", value });
  }
  return plan;
}

/** The keys of a path: dots part them, and a backslash makes the next character an ordinary one. */
export function keysOf(path: string): readonly string[] {
  const keys = [""];
  for (let at = 0; at < path.length; at++) {
    if (path[at] === ".") keys.push("");
    else keys.push((keys.pop() ?? "") + (path[at] === "\\" && at + 1 < path.length ? path[++at] : path[at]));
  }
  return keys;
}

function addStep(plan: Changes, path: string, step: Change): void {
  const keys = keysOf(path);
  if (keys[0] === PROTECTED) return;
  let changes = plan;
  for (const [depth, key] of keys.slice(0, -1).entries()) {
    const earlier = changes.get(key);
    if (earlier?.kind === "within") {
      changes = earlier.changes;
    } else if (earlier === undefined) {
      const within: Change = { kind: "within", changes: new Map() };
      changes.set(key, within);
      changes = within.changes;
    } else {
      if (earlier.kind === "remove" && step.kind === "remove") return; // it goes with its parent
      const value = earlier.kind === "replace" ? earlier.value : undefined;
      changes.set(key, { kind: "replace", value: changed(value, keys.slice(depth + 1), step) });
      return;
    }
  }
  changes.set(keys.at(-1) ?? "", step);
}

/** A copy of a configured value with a step taken below it; what is no mapping makes way for one. */
function changed(value: unknown, keys: readonly string[], step: Change): unknown {
  const [key, ...deeper] = keys;
  if (key === undefined) return step.kind === "replace" ? step.value : undefined;
  const members = typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
  const copy = new Map<string, unknown>(members);
  if (step.kind === "remove" && !copy.has(key)) return value;
  if (deeper.length > 0 || step.kind === "replace") copy.set(key, changed(copy.get(key), deeper, step));
  else copy.delete(key);
  return Object.fromEntries(copy);
}
