/**
 * What one load of a config may take over from the load before: files and models that did not change. The caller keeps it;
 * with it or without it, a load says and gives the same.
 *
 * @module
 */

import { type Findings, type GatheredFindings, gatherFindings } from "./findings.ts";
import type { ReadDocument } from "./reading.ts";
import { isTree, type Tree } from "./tree.ts";
import type { ModelConfig } from "./types.ts";

/** Kept from one load to the next. */
export interface ConfigCache {
  /** Files by name. */
  readonly documents: Map<string, CachedDocument>;
  /** Models before their ports, by id. */
  readonly drafts: Recalls<Draft | null>;
  /** Models by id. */
  readonly models: Recalls<FinishedModel>;
}

/** One file. */
export interface CachedDocument {
  /** The text that was read. */
  readonly text: string;
  /** The bytes that it was allowed. */
  readonly room: number;
  /** What was read. */
  readonly document: ReadDocument;
}

/** A model after its macros and before its port. */
export interface Draft {
  /** Its id. */
  readonly id: string;
  /** As it was read. */
  readonly node: Tree;
  /** With its macros expanded. */
  readonly expanded: Tree;
  /** See `ModelConfig.processKey`. */
  readonly processKey: string;
}

/** What became of a model. */
export interface FinishedModel {
  /** Its effective configuration; `null` after problems. */
  readonly model: ModelConfig | null;
  /** Its aliases. */
  readonly aliases: readonly string[];
  /** The names that its filters add. */
  readonly filterNames: readonly string[];
}

/** Values with what they were made of and what was said about them. */
export type Recalls<Value> = Map<string, Recalled<Value>>;

/** One value. */
export interface Recalled<Value> {
  /** What it was made of. */
  readonly from: readonly unknown[];
  /** What was made. */
  readonly value: Value;
  /** What was said. */
  readonly told: GatheredFindings;
}

/** Makes a cache with nothing in it. */
export function createConfigCache(): ConfigCache {
  return { documents: new Map(), drafts: new Map(), models: new Map() };
}

/** Takes a value over when it would be made of the same, and says again what was said; otherwise makes it. */
export function recall<Value>(
  recalls: Recalls<Value> | undefined,
  { slot, from, findings }: { readonly slot: string; readonly from: readonly unknown[]; readonly findings: Findings },
  make: (findings: Findings) => Value,
): Value {
  const known = recalls?.get(slot);
  if (known !== undefined && known.from.every((part, i) => isSame(part, from[i]))) {
    known.told.retell(findings);
    return known.value;
  }
  if (recalls === undefined) return make(findings);
  const told = gatherFindings();
  const value = make(told);
  told.retell(findings);
  recalls.set(slot, { from, value, told });
  return value;
}

/** Whether two parts of trees say the same, also in the order of their keys. */
function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => isSame(item, b[i]));
  }
  // What else a tree may hold, such as a date, is made anew.
  if (!isTree(a) || !isTree(b)) return false;
  const [keys, others] = [Object.keys(a), Object.keys(b)];
  return keys.length === others.length && keys.every((key, i) => key === others[i] && isSame(a[key], b[key]));
}

/** Lets go of everything that the last load did not use. */
export function forgetOthers(entries: Map<string, unknown>, used: Iterable<string>): void {
  const kept = new Set(used);
  for (const name of entries.keys()) if (!kept.has(name)) entries.delete(name);
}

/** One text for a part of a tree; equal parts have equal texts. Numbers that JSON lacks count too. */
export function textOfNode(node: unknown): string {
  if (typeof node !== "object" || node === null) return `${typeof node} ${node}`;
  return JSON.stringify(
    node,
    (_, value: unknown) =>
      typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))
        ? { number: String(value) }
        : value,
  );
}
