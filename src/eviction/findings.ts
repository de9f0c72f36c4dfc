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
  /** The name that would be right, or how to find it. */
  readonly suggestion?: string | Misspelt;
  /** Whether a name is not known: it may be declared where nothing could be read. */
  readonly refersToName?: true;
  /** Whether what stands there is said to be missing or empty: it may be so because it could not be read. */
  readonly isMissing?: true;
}

/** Names to choose from: themselves, or as keys. */
export type Names = readonly string[] | ReadonlySet<string> | ReadonlyMap<string, unknown>;

/** A name that is probably a slip, and the names among which the right one may be: searched only when it is to be shown. */
export interface Misspelt {
  /** What is written. */
  readonly name: string;
  /** What may be meant. */
  readonly among: readonly Names[];
}

/** The names that a block may use. */
export interface KnownNames {
  /** The ids of all models. */
  readonly models: ReadonlySet<string>;
  /** Alias to model id; only for better hints. */
  readonly aliases?: ReadonlyMap<string, string>;
}

/** What to suggest for an unknown name: the model behind an alias, or the nearest of some names. */
export function suggestName(
  name: string,
  known: KnownNames,
  among: readonly Names[] = [known.models],
): Pick<Finding, "suggestion"> {
  return { suggestion: known.aliases?.get(name) ?? { name, among } };
}

/** Longer names are cut in messages: one name may stand in very many of them. */
const MAX_SHOWN = 120;

/** Quotes a name for a message. */
export function quoteName(name: string): string {
  return JSON.stringify(name.length > MAX_SHOWN ? `${name.slice(0, MAX_SHOWN)}…` : name);
}
