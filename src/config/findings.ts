/**
 * What the parts of the loader say about a config, before it has a place in the text.
 *
 * @module
 */

import type { ConfigPath, Place } from "./issues.ts";

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
  /** The nearest right name. */
  readonly suggestion?: string | undefined;
  /** Where it is written, when it is known already; otherwise it is looked up by the path. */
  readonly place?: Place | undefined;
  /** Whether a name is not known: it may be declared in a file that could not be read. */
  readonly refersToName?: boolean | undefined;
  /** Of warnings with the same text here only the first is told. */
  readonly once?: string | undefined;
}

/** Takes findings. */
export interface Findings {
  /** The config cannot be used. */
  problem(finding: Finding): void;
  /** The config can be used, but this deserves attention. */
  warning(finding: Finding): void;
}
