/**
 * What is wrong, or merely odd, in a groups or matrix block; the reader of the config adds the file and the line.
 *
 * @module
 */

/** One problem or warning, with its place relative to the block. */
export interface Finding {
  /** An error keeps the config from loading; a warning tells what is taken to be meant. */
  readonly severity: "error" | "warning";
  /** Keys and list indexes from the block's top: `["sets", "full"]`. */
  readonly path: readonly (string | number)[];
  /** One sentence without the place; for an expression it ends with the character's position, from 1. */
  readonly message: string;
  /** What stands there. */
  readonly found?: string;
  /** What would be right there. */
  readonly expected?: string;
  /** The nearest name that would be right. */
  readonly suggestion?: string;
  /** Whether a name is not known: it may be declared where nothing could be read. */
  readonly refersToName?: true;
  /** Whether what stands there is said to be missing or empty: it may be so because it could not be read. */
  readonly isMissing?: true;
}

/** Finds the name that somebody who mistyped probably meant. */
export type Suggest = (name: string, candidates: Iterable<string>) => string | undefined;

/** The names that a block may use. */
export interface KnownNames {
  /** The ids of all models. */
  readonly models: ReadonlySet<string>;
  /** Alias to model id; only for better hints. */
  readonly aliases?: ReadonlyMap<string, string>;
  /** Without it no near names are suggested. */
  readonly suggest?: Suggest;
}

/** Puts a suggestion into a finding when there is one: the model behind an alias, or the nearest of the candidates. */
export function suggestName(
  name: string,
  known: KnownNames,
  candidates: Iterable<string> = known.models,
): Pick<Finding, "suggestion"> {
  const suggestion = known.aliases?.get(name) ?? known.suggest?.(name, candidates);
  return suggestion === undefined ? {} : { suggestion };
}
