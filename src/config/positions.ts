/**
 * Where in the text of a YAML document a path stands: the key of an entry, the item of a list; through aliases and merge
 * keys to where it is written.
 *
 * @module
 */

import type { ConfigPath } from "./issues.ts";
import { createKeyFinder } from "./key_lines.ts";
import { readNodes, type YamlNode } from "./nodes.ts";

/** A place in a text. */
export interface Position {
  /** Line, from 1. */
  readonly line: number;
  /** Column, from 1. */
  readonly column: number;
}

/** Finds places in one text. */
export interface Locator {
  /** Characters before the path or its nearest known ancestor, or before a part of the text there; -1 when there is none. */
  offsetOf(path: ConfigPath, part?: string): number;
  /** A plain scalar as it is written; `undefined` for anything else. */
  written(path: ConfigPath): string | undefined;
  /** The keys of a mapping in the order in which they are written, merged ones where the merge stands. */
  keysOf(path: ConfigPath): readonly string[];
  /** Keys of mappings that have them already; at most 100. */
  repeatedKeys(): readonly RepeatedKey[];
  /** Keys that are written otherwise than they are read, such as `0x10`, with their places. */
  oddKeys(): readonly OddKey[];
}

/** A key that stands twice in one mapping. */
export interface RepeatedKey {
  /** Where the entry is. */
  readonly path: ConfigPath;
  /** Characters before the later one. */
  readonly offset: number;
  /** Characters before the first one. */
  readonly first: number;
}

/** A key that YAML does not take as it is written. */
export interface OddKey {
  /** Where the entry is. */
  readonly path: ConfigPath;
  /** Characters before the key. */
  readonly offset: number;
  /** What is written; `null` for a key that is no scalar. */
  readonly written: string | null;
}

/**
 * Reads the text once, at the first question that needs it. `treeOf` gives what the text was read to, for questions that
 * its lines alone can answer.
 */
export function createLocator(text: string, treeOf: () => unknown = () => undefined): Locator {
  const findKey = createKeyFinder(text, treeOf);
  let root: YamlNode | null | undefined;
  const tables = new Map<YamlNode, ReadonlyMap<string, Step>>();
  const tableOf = (node: YamlNode) => {
    const known = tables.get(node) ??
      new Map(node.entries.map(({ name, key, value }) => [name, { offset: key.start, node: value }]));
    tables.set(node, known);
    return known;
  };
  const walk = (path: ConfigPath): Step => {
    root ??= readNodes(text);
    let step: Step = { offset: -1, node: root };
    for (const name of path) {
      const node: YamlNode | null = standsFor(step.node);
      const next = node === null ? undefined : stepInto(node, name, tableOf);
      if (next === undefined) return { ...step, node: null };
      step = next;
    }
    return step;
  };
  return {
    offsetOf(path, part) {
      const key = part === undefined ? findKey(path) : undefined;
      if (key !== undefined) return key;
      const { offset, node } = walk(path);
      const holder = part === undefined ? null : standsFor(node);
      if (part !== undefined && holder?.kind === "scalar") {
        const at = text.indexOf(part, holder.start);
        if (at >= 0 && at < holder.end) return at;
      }
      // What is merged is wrong where it is merged.
      return path.at(-1) !== "<<" && node?.kind === "alias" && node.target?.kind === "scalar"
        ? node.target.start
        : offset;
    },
    written(path) {
      const node = standsFor(walk(path).node);
      return node === null ? undefined : plainText(text, node);
    },
    keysOf(path) {
      const node = standsFor(walk(path).node);
      return node === null ? [] : keysIn(node, new Set());
    },
    repeatedKeys() {
      root ??= readNodes(text);
      return root === null ? [] : findRepeatedKeys(root);
    },
    oddKeys() {
      root ??= readNodes(text);
      return root === null ? [] : findOddKeys(text, root);
    },
  };
}

/** Makes a function that tells line and column for a number of characters before a place. */
export function createLineFinder(text: string): (offset: number) => Position {
  let starts: number[] | undefined;
  return (offset) => {
    if (offset < 0) return { line: 0, column: 0 };
    starts ??= [0, ...Array.from(text.matchAll(/\r\n|\r|\n/g), (match) => match.index + match[0].length)];
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}

interface Step {
  readonly offset: number;
  readonly node: YamlNode | null;
}

type TableOf = (node: YamlNode) => ReadonlyMap<string, Step>;

function standsFor(node: YamlNode | null): YamlNode | null {
  return node?.kind === "alias" ? node.target : node;
}

function stepInto(node: YamlNode, name: string | number, tableOf: TableOf): Step | undefined {
  if (node.kind === "mapping") return findEntry(node, String(name), tableOf, new Set());
  const item = node.items[Number(name)];
  return item === undefined ? undefined : { offset: item.start, node: item };
}

/** Looks among the node's own entries, then in what it merges, in order; each mapping is looked into once. */
function findEntry(node: YamlNode, name: string, tableOf: TableOf, seen: Set<YamlNode>): Step | undefined {
  if (seen.has(node)) return undefined;
  seen.add(node);
  const table = tableOf(node);
  const own = table.get(name);
  if (own !== undefined) return own;
  for (const source of mergedBy(table.get("<<")?.node ?? null)) {
    const found = findEntry(source, name, tableOf, seen);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The mappings that the value of a merge key stands for, in order. */
function mergedBy(value: YamlNode | null): readonly YamlNode[] {
  const merged = standsFor(value);
  return (merged?.kind === "list" ? merged.items : [merged]).map(standsFor).filter((source) => source !== null);
}

function keysIn(node: YamlNode, seen: Set<YamlNode>): readonly string[] {
  if (seen.has(node)) return [];
  seen.add(node);
  const keys = node.entries.flatMap(({ name, value }) =>
    name === "<<" ? mergedBy(value).flatMap((source) => keysIn(source, seen)) : [name]
  );
  return [...new Set(keys)];
}

function plainText(text: string, node: YamlNode): string | undefined {
  return node.kind !== "scalar" || /["'|>]/.test(text[node.start] ?? "")
    ? undefined
    : text.slice(node.start, node.end).trimEnd();
}

const MAX_REPEATED = 100;

function findRepeatedKeys(root: YamlNode): RepeatedKey[] {
  const found: RepeatedKey[] = [];
  const visit = (node: YamlNode, path: ConfigPath) => {
    node.items.forEach((item, i) => visit(item, [...path, i]));
    const seen = new Map<string, number>();
    for (const { name, key, value } of node.entries) {
      const first = seen.get(name);
      if (first === undefined) seen.set(name, key.start);
      else if (found.length < MAX_REPEATED) found.push({ path: [...path, name], offset: key.start, first });
      visit(value, [...path, name]);
    }
  };
  visit(root, []);
  return found;
}

function findOddKeys(text: string, root: YamlNode): OddKey[] {
  const found: OddKey[] = [];
  const visit = (node: YamlNode, path: ConfigPath) => {
    node.items.forEach((item, i) => visit(item, [...path, i]));
    for (const { name, key, value } of node.entries) {
      const at = [...path, name];
      const real = standsFor(key);
      const scalar = real === null || real.kind === "scalar" || real.kind === "nothing";
      const written = real === null ? name : real.kind === "nothing" ? "" : plainText(text, real) ?? name;
      if (!scalar || written !== name) found.push({ path: at, offset: key.start, written: scalar ? written : null });
      visit(value, at);
    }
  };
  visit(root, []);
  return found;
}
