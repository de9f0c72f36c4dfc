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

/** Looks up the text at a path; `undefined` when it is not known, as below an anchor. */
export type ReadWritten = (path: ConfigPath) => string | undefined;

/** Makes the look-up for some texts; the last one that has the path wins, as when they are merged. */
export function createWritten(texts: readonly ConfigText[]): ReadWritten {
  let documents: readonly unknown[] | null = null;
  return (path) => {
    documents ??= texts.map(({ text }) => parseAsTexts(text)).reverse();
    for (const document of documents) {
      const node = nodeAt(document, path);
      if (typeof node === "string") return node;
    }
    return undefined;
  };
}

function parseAsTexts(text: string): unknown {
  try {
    return parse(text, { schema: "failsafe" });
  } catch {
    return undefined;
  }
}
