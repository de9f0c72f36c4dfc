/**
 * Where in the text of a YAML document a path stands: a line-based reading of block style, made only when something is
 * wrong. Parts in flow style get the place of the block that holds them.
 *
 * @module
 */

import type { ConfigPath } from "./issues.ts";

/** A place in a text. */
export interface Position {
  /** Line, from 1. */
  readonly line: number;
  /** Column, from 1. */
  readonly column: number;
}

interface Level {
  readonly indent: number;
  readonly key: string | number;
  /** How many items a list at this level has had. */
  items: number;
}

/** Longer keys are not looked for: the search would take the square of their length. */
const MAX_KEY_LENGTH = 1000;

const KEY = /^("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s#[\]{},"'|>&*!%@`-][^#]*?|-[^\s#][^#]*?)\s*:(?=\s|$)\s*/;

/** Reads the text once; the function returned answers with the place of a path or of its nearest known ancestor. */
export function createLocator(text: string): (path: ConfigPath) => Position {
  const known = readPositions(text);
  return (path) => {
    for (let length = path.length; length > 0; length--) {
      const position = known.get(keyOf(path.slice(0, length)));
      if (position !== undefined) return position;
    }
    return { line: 0, column: 0 };
  };
}

function readPositions(text: string): ReadonlyMap<string, Position> {
  const known = new Map<string, Position>();
  const levels: Level[] = [];
  let blockIndent: number | null = null;
  for (const [index, raw] of text.replace(/^\uFEFF/, "").split(/\r?\n/).entries()) {
    let indent = raw.length - raw.trimStart().length;
    let rest = raw.slice(indent);
    if (rest === "" || (blockIndent === null && rest.startsWith("#"))) continue;
    if (blockIndent !== null && indent > blockIndent) continue;
    blockIndent = null;
    if (rest.startsWith("#") || rest.startsWith("---")) continue;

    const record = (key: string | number) => {
      const path = [...levels.map((level) => level.key), key];
      const name = keyOf(path);
      if (!known.has(name)) known.set(name, { line: index + 1, column: indent + 1 });
    };
    while (/^-(\s|$)/.test(rest)) {
      // A list may stand at the indent of the key that holds it.
      while (levels.length > 0 && isLeft(levels, indent)) levels.pop();
      const parent = levels.at(-1);
      const item =
        levels.length > 0 && parent !== undefined && parent.indent === indent && typeof parent.key === "number"
          ? levels.pop()
          : undefined;
      const key = item === undefined ? 0 : item.items;
      record(key);
      levels.push({ indent, key, items: key + 1 });
      const skipped = 1 + (rest.slice(1).length - rest.slice(1).trimStart().length);
      indent += skipped;
      rest = rest.slice(skipped);
    }
    const match = KEY.exec(rest.slice(0, MAX_KEY_LENGTH));
    if (match === null) {
      if (opensBlock(rest)) blockIndent = levels.at(-1)?.indent ?? 0;
      continue;
    }
    while ((levels.at(-1)?.indent ?? -1) >= indent) levels.pop();
    const key = unquote(match[1] ?? "");
    record(key);
    levels.push({ indent, key, items: 0 });
    if (opensBlock(rest.slice(match[0].length))) blockIndent = indent;
  }
  return known;
}

/** Whether the innermost level ends where a list item with this indent begins. */
function isLeft(levels: readonly Level[], indent: number): boolean {
  const last = levels.at(-1);
  if (last === undefined) return false;
  return last.indent > indent;
}

function opensBlock(value: string): boolean {
  return /^(?:[!&]\S+\s+)*[|>][-+\d]*\s*(?:#.*)?$/.test(value);
}

function unquote(key: string): string {
  if (key.startsWith("'")) return key.slice(1, -1).replaceAll("''", "'");
  if (!key.startsWith('"')) return key;
  try {
    return String(JSON.parse(key));
  } catch {
    return key.slice(1, -1);
  }
}

function keyOf(path: ConfigPath): string {
  return path.map(String).join("\u0000");
}
