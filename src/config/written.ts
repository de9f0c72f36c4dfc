/**
 * What the author of a config wrote where YAML made a number, a boolean or a date of it: `0123` is 83 after parsing.
 * The texts are read a second time, and only when a text field holds such a value.
 *
 * @module
 */

import { parse } from "@std/yaml";
import type { ConfigPath } from "./issues.ts";
import type { ConfigText } from "./sources.ts";
import { nodeAt } from "./tree.ts";

/** Looks up the text at a path; `undefined` when it is not known. */
export type ReadWritten = (path: ConfigPath) => string | undefined;

/** Makes the look-up for some texts; the last one that has the path wins, as when they are merged. */
export function createWritten(texts: readonly ConfigText[]): ReadWritten {
  let documents: readonly unknown[] | null = null;
  return (path) => {
    documents ??= texts.map(({ text }) => parseAsTexts(text)).reverse();
    for (const document of documents) {
      const node = find(document, path);
      if (typeof node === "string") return node;
    }
    return undefined;
  };
}

/** The node at a path, also where a merge key brings it; `seen` holds what was merged, which may go in circles. */
function find(node: unknown, path: ConfigPath, seen: Set<unknown> = new Set()): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return node;
  const own = nodeAt(node, [step]);
  if (own !== undefined) return find(own, rest);
  const merged = nodeAt(node, ["<<"]);
  for (const source of Array.isArray(merged) ? merged : [merged]) {
    if (source === undefined || seen.has(source)) continue;
    seen.add(source);
    const found = find(source, path, seen);
    if (found !== undefined) return found;
  }
  return undefined;
}

function parseAsTexts(text: string): unknown {
  try {
    return parse(text, { schema: "failsafe" });
  } catch {
    return undefined;
  }
}
