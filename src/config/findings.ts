/**
 * What the parts of the loader say about a config, before it has a place in the text.
 *
 * @module
 */

import type { Misspelt } from "../eviction/findings.ts";
import type { ConfigPath, Place } from "./issues.ts";
import { PathMap, type PathNode } from "./path_map.ts";

/** Kinds of names that a config declares and uses: macros, and everything that leads to a model. */
export type NameKind = "macro" | "model";

/** A problem or warning before it has a place in the text. */
export interface Finding {
  /** Where in the tree. */
  readonly path: ConfigPath;
  /** One sentence. */
  readonly message: string;
  /** What stands there. */
  readonly found?: string | undefined;
  /** What would be right. */
  readonly expected?: string | undefined;
  /** The right name, or how to find it. */
  readonly suggestion?: string | Misspelt | undefined;
  /** Where it is written, when it is known already; otherwise it is looked up by the path. */
  readonly place?: Place | undefined;
  /** A name that is not known: it may be declared where nothing could be read. */
  readonly refersTo?: NameKind | undefined;
  /** Names that are declared in what is left out because of this. */
  readonly hides?: NameKind | undefined;
  /** What is said to be missing or empty: it may be so because something in it was left out. */
  readonly missing?: ConfigPath | undefined;
  /** The part of the text at the path that it is about: its place is where that stands. */
  readonly token?: string | undefined;
  /** What stands there was given up: whatever else is told about it is no news. */
  readonly isLost?: boolean | undefined;
  /** Of warnings: the key is not known, so what stands in it is not read. */
  readonly isIgnored?: boolean | undefined;
  /** Of warnings with the same text here only the first is told. */
  readonly once?: string | undefined;
}

/** Takes findings. */
export interface Findings {
  /** The config cannot be used. */
  problem(finding: Finding): void;
  /** The config can be used, but this deserves attention. */
  warning(finding: Finding): void;
  /** Items of a list are left out: whatever is told from now on counts without them. */
  leaveOut(list: ConfigPath, items: Iterable<number>): void;
}

/** Findings that were gathered. */
export interface GatheredFindings extends Findings {
  /** In the order in which they were told, with the indexes that their authors know. */
  readonly problems: readonly Finding[];
  /** The same of warnings. */
  readonly warnings: readonly Finding[];
  /** Tells another all of it. */
  retell(findings: Findings): void;
}

/** Gathers findings, and counts items that were left out when a later path goes through their list. */
export function gatherFindings(): GatheredFindings {
  const problems: Finding[] = [];
  const warnings: Finding[] = [];
  const told = new Set<string>();
  const lists = new PathMap<readonly number[]>();
  const paths = new Set<ConfigPath>();
  const asWritten = (path: ConfigPath): ConfigPath => {
    let node: PathNode<readonly number[]> | undefined = lists.root;
    return path.map((step) => {
      const items: readonly number[] | undefined = node?.value;
      const written = typeof step === "number" && items !== undefined ? originalIndex(step, items) : step;
      node = node?.steps.get(written);
      return written;
    });
  };
  const placed = (finding: Finding): Finding =>
    paths.size === 0 ? finding : { ...finding, path: asWritten(finding.path) };
  return {
    problems,
    warnings,
    problem: (finding) => void problems.push(placed(finding)),
    warning(finding) {
      if (finding.once !== undefined && told.has(finding.once)) return;
      if (finding.once !== undefined) told.add(finding.once);
      warnings.push(placed(finding));
    },
    leaveOut(list, items) {
      const path = asWritten(list);
      const before = lists.get(path);
      if (before === undefined) paths.add(path);
      const gone = new Set([...before ?? [], ...Array.from(items, (i) => originalIndex(i, before ?? []))]);
      lists.set(path, [...gone].sort((a, b) => a - b));
    },
    retell(findings) {
      problems.forEach(findings.problem);
      warnings.forEach(findings.warning);
      for (const path of paths) findings.leaveOut(path, lists.get(path) ?? []);
    },
  };
}

/** Where an item stood before others were left out, in ascending order. */
function originalIndex(index: number, leftOut: readonly number[]): number {
  // Before the place of the k-th that is gone stand that many less k that are left.
  let [low, high] = [0, leftOut.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((leftOut[middle] ?? 0) - middle <= index) low = middle + 1;
    else high = middle;
  }
  return index + low;
}
