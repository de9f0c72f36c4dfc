/**
 * The nodes of a YAML document with their places. `@std/yaml` gives none, so the text is read once more by `js-yaml`, from
 * which it was ported and which tells of each node that it begins and ends; only when something is to be said about it.
 *
 * @module
 */

// @ts-types="./js_yaml.d.ts"
import { CORE_SCHEMA, load, type State } from "js-yaml";

/** A node of a document; offsets count characters of the text that was read. */
export interface YamlNode {
  /** What it is; `nothing` is an entry without a value. */
  readonly kind: "scalar" | "list" | "mapping" | "alias" | "nothing";
  /** Where its content begins, after anchors and tags. */
  readonly start: number;
  /** Where the reader stood when it had read it; white space may be before. */
  readonly end: number;
  /** Keys and values of a mapping, in the order of the text. */
  readonly entries: readonly YamlEntry[];
  /** Items of a list. */
  readonly items: readonly YamlNode[];
  /** What an alias stands for; `null` when its anchor holds it. */
  readonly target: YamlNode | null;
}

/** One entry of a mapping. */
export interface YamlEntry {
  /** The key as a text, as the parser names it. */
  readonly name: string;
  /** Where the key stands. */
  readonly key: YamlNode;
  /** Where the value stands. */
  readonly value: YamlNode;
}

interface Found {
  readonly node: YamlNode;
  /** Where the reader stood before it looked for the node. */
  readonly open: number;
  readonly result: unknown;
}

interface Frame {
  readonly open: number;
  children: Found[] | null;
}

const NOTHING: readonly never[] = [];

/** Reads the nodes of a text that holds one document; `null` when it holds none or is not YAML. */
export function readNodes(text: string): YamlNode | null {
  const frames: Frame[] = [];
  const anchors = new Map<string, YamlNode>();
  let root: YamlNode | null = null;
  const listener = (event: "open" | "close", state: State) => {
    if (event === "open") {
      frames.push({ open: state.position, children: null });
      return;
    }
    const frame = frames.pop();
    if (frame === undefined) return;
    const found = { node: finish(frame, state, { text, anchors }), open: frame.open, result: state.result };
    if (state.anchor !== null) anchors.set(state.anchor, found.node);
    const parent = frames.at(-1);
    if (parent === undefined) root = found.node;
    else if (parent.children === null) parent.children = [found];
    else parent.children.push(found);
  };
  try {
    load(text, { schema: CORE_SCHEMA, json: true, listener });
  } catch {
    return null;
  }
  return root;
}

interface Reading {
  readonly text: string;
  readonly anchors: ReadonlyMap<string, YamlNode>;
}

function finish({ open, children: read }: Frame, state: State, { text, anchors }: Reading): YamlNode {
  const children = read ?? NOTHING;
  const only: Found | undefined = children.length === 1 ? children[0] : undefined;
  const collection = state.kind === "mapping" || state.kind === "sequence";
  // A flow collection or an alias is first read on trial, as the key of a mapping.
  if (only !== undefined && only.node.kind !== "nothing" && only.result === state.result) {
    if (only.node.kind === "alias" ? !collection : collection) return only.node;
  }
  const end = state.position;
  const start = contentStart(text, open);
  if (state.kind === "mapping") {
    return { kind: "mapping", start, end, entries: pairUp(children, text), items: NOTHING, target: null };
  }
  if (state.kind === "sequence") {
    const items = text[start] === "-" ? blockItems(children, text, { start, end }) : flowItems(children, text);
    return { kind: "list", start, end, entries: NOTHING, items, target: null };
  }
  const plain = { end, entries: NOTHING, items: NOTHING, target: null };
  if (state.kind === "scalar") return { kind: "scalar", start, ...plain };
  if (text[start] !== "*" || start >= end) return { kind: "nothing", start: open, ...plain };
  const anchor = /\*([^\s,[\]{}]+)/y;
  anchor.lastIndex = start;
  return { ...plain, kind: "alias", start, target: anchors.get(anchor.exec(text)?.[1] ?? "") ?? null };
}

/** Keys and values come one after the other; a value may be missing, and then no colon stands behind the key. */
function pairUp(children: readonly Found[], text: string): YamlEntry[] {
  const entries: YamlEntry[] = [];
  for (let i = 0; i < children.length; i++) {
    const key = children[i];
    if (key === undefined) continue;
    const hasValue = text[skipSpace(text, key.node.end)] === ":";
    const value = hasValue ? children[i + 1]?.node : undefined;
    if (hasValue) i++;
    // The reader looks for one more key behind the last entry.
    else if (key.node.kind === "nothing") continue;
    entries.push({ name: String(key.result), key: key.node, value: value ?? nothingAt(key.node.end) });
  }
  return entries;
}

function flowItems(children: readonly Found[], text: string): YamlNode[] {
  const items: YamlNode[] = [];
  for (let i = 0; i < children.length; i++) {
    const item = children[i];
    if (item === undefined) continue;
    if (text[skipSpace(text, item.node.end)] !== ":") {
      items.push(item.node);
      continue;
    }
    const pair = children.slice(i, ++i + 1);
    const { start } = item.node;
    items.push({
      ...nothingAt(start),
      kind: "mapping",
      end: pair.at(-1)?.node.end ?? start,
      entries: pairUp(pair, text),
    });
  }
  return items;
}

/** Between the items of a block list are only white space, comments and dashes; a dash without an item is an empty one. */
function blockItems(
  children: readonly Found[],
  text: string,
  { start, end }: { readonly start: number; readonly end: number },
): YamlNode[] {
  const items: YamlNode[] = [];
  let from = start;
  for (const { node, open } of children) {
    const dashes = dashesIn(text, from, open);
    items.push(...dashes.slice(0, -1).map(nothingAt), node);
    from = Math.max(node.end, open);
  }
  items.push(...dashesIn(text, from, end).map(nothingAt));
  return items;
}

function dashesIn(text: string, from: number, to: number): number[] {
  const found: number[] = [];
  for (let at = skipSpace(text, from); at < to && text[at] === "-"; at = skipSpace(text, at + 1)) found.push(at);
  return found;
}

function nothingAt(start: number): YamlNode {
  return { kind: "nothing", start, end: start, entries: NOTHING, items: NOTHING, target: null };
}

/** Skips white space, comments, anchors and tags. */
function contentStart(text: string, from: number): number {
  let at = skipSpace(text, from);
  while (text[at] === "&" || text[at] === "!") {
    const property = /[^\s,[\]{}]+/y;
    property.lastIndex = at;
    const length = property.exec(text)?.[0].length ?? 1;
    at = skipSpace(text, at + length);
  }
  return at;
}

function skipSpace(text: string, from: number): number {
  for (let at = from;; at++) {
    const code = text.charCodeAt(at);
    if (code === HASH && (at === 0 || isSpace(text.charCodeAt(at - 1)))) {
      while (at + 1 < text.length && !isBreak(text.charCodeAt(at + 1))) at++;
    } else if (!isSpace(code)) return at;
  }
}

const [TAB, LINE_FEED, RETURN, SPACE, HASH] = [0x09, 0x0a, 0x0d, 0x20, 0x23];

function isSpace(code: number): boolean {
  return code === SPACE || code === TAB || isBreak(code);
}

function isBreak(code: number): boolean {
  return code === LINE_FEED || code === RETURN;
}
