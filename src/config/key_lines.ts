/**
 * Finds where the keys of an ordinary document stand by looking at its lines only: much quicker than to read its YAML once
 * more. Where the lines alone do not prove it, nothing is found.
 *
 * The proof is a count. In a mapping in block style each key stands on a line of its own, all with the same indentation.
 * When exactly as many lines with this indentation look like keys as the mapping has keys, with the same names, then none
 * of them is anything else, such as a line of a long text.
 *
 * @module
 */

import type { ConfigPath } from "./issues.ts";
import { isTree, type Tree } from "./tree.ts";

interface KeyLine {
  /** Characters before the key. */
  readonly key: number;
  /** Characters before what follows the colon. */
  readonly value: number;
  /** Where the entry ends: the next key's line, or the end of the mapping. */
  end: number;
}

type Table = ReadonlyMap<string, KeyLine> | null;

const KEY = /(?:([A-Za-z_][\w./-]*)|"([^"\\\n]*)"|'([^'\n]*)'):(?=[ \n]|$)/y;
const REST = /[^\S\n]*(?:#[^\n]*)?(?=\n|$)/y;

/** Makes a function that finds how many characters are before a key of a text that was read to `tree`. */
export function createKeyFinder(text: string, treeOf: () => unknown): (path: ConfigPath) => number | undefined {
  const tables = new Map<Tree, Table>();
  const tableOf = (node: Tree, from: number, to: number): Table => {
    const known = tables.get(node);
    if (known !== undefined) return known;
    const table = text.includes("\r") ? null : readTable(text, node, { from, to });
    tables.set(node, table);
    return table;
  };
  return (path) => {
    let node = treeOf();
    let [from, to] = [0, text.length];
    let found: KeyLine | undefined;
    for (const step of path) {
      if (found !== undefined) {
        REST.lastIndex = found.value;
        if (!REST.test(text)) return undefined;
        [from, to] = [REST.lastIndex + 1, found.end];
      }
      if (!isTree(node) || typeof step !== "string") return undefined;
      found = tableOf(node, from, to)?.get(step);
      if (found === undefined) return undefined;
      node = node[step];
    }
    return found === undefined || mayBeAlias(text, found) ? undefined : found.key;
  };
}

function readTable(
  text: string,
  node: Tree,
  { from, to }: { readonly from: number; readonly to: number },
): Table {
  const table = new Map<string, KeyLine>();
  let indent: number | undefined = from === 0 ? 0 : undefined;
  let last: KeyLine | undefined;
  for (let start = from, next = from; start < to; start = next) {
    const lineEnd = text.indexOf("\n", start);
    next = lineEnd < 0 ? to : lineEnd + 1;
    let at = start;
    while (text.charCodeAt(at) === 0x20) at++;
    const first = text.charAt(at);
    if (at >= to || first === "\n" || first === "#") continue;
    indent ??= at - start;
    if (at - start !== indent || isItem(text, at)) continue;
    KEY.lastIndex = at;
    const match = KEY.exec(text);
    const name = match === null ? undefined : match[1] ?? match[2] ?? match[3] ?? "";
    if (name === undefined || !Object.hasOwn(node, name) || table.has(name)) return null;
    if (last !== undefined) last.end = start;
    last = { key: at, value: KEY.lastIndex, end: to };
    table.set(name, last);
  }
  return table.size === Object.keys(node).length ? table : null;
}

/** What an alias stands for is written elsewhere. */
function mayBeAlias(text: string, { value, end }: KeyLine): boolean {
  const before = text.slice(value, Math.min(end, value + 200)).replaceAll(/#[^\n]*/g, "").trimStart();
  return before.startsWith("*") || (before === "" && end > value + 200);
}

/** An item of a list may have the indentation of the key that the list belongs to. */
function isItem(text: string, at: number): boolean {
  return text.charAt(at) === "-" && (text.charAt(at + 1) === " " || text.charAt(at + 1) === "\n");
}
