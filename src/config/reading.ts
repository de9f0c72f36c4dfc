/**
 * What was read of one file of a config.
 *
 * @module
 */

import type { Finding } from "./findings.ts";
import type { ConfigPath } from "./issues.ts";
import type { Position } from "./positions.ts";
import type { Tree } from "./tree.ts";

/** What was read of one file. */
export interface ReadDocument {
  /** How messages call the file. */
  readonly file: string;
  /** Its size. */
  readonly bytes: number;
  /** Its top level; empty for a file without one. */
  readonly tree: Tree;
  /** Whether all of it is in the tree. */
  readonly isWhole: boolean;
  /** What is wrong with it, each with its place. */
  readonly problems: readonly Finding[];
  /** What is odd about it, each with its place. */
  readonly warnings: readonly Finding[];
  /** Variables that were looked up, and what was found. */
  readonly looked: ReadonlyMap<string, string | undefined>;
  /** Whether a value is missing in the tree. */
  readonly hasMissing: boolean;
  /** Where a path of the tree stands, or a part of the text there; line 0 when it is not known. */
  placeOf(path: ConfigPath, part?: string): Position;
  /** A plain scalar as it is written; `undefined` for anything else. */
  written(path: ConfigPath): string | undefined;
  /** The keys of a mapping in the order in which they are written. */
  keysOf(path: ConfigPath): readonly string[];
}
