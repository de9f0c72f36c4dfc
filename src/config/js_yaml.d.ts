/** The part of `js-yaml` 4 that tells where nodes stand; the package ships no types. */

/** How far the reader is. */
export interface State {
  /** Characters before the reader. */
  readonly position: number;
  readonly kind: "scalar" | "sequence" | "mapping" | null;
  readonly anchor: string | null;
  readonly result: unknown;
}

/** How to read. */
export interface LoadOptions {
  readonly schema: unknown;
  /** Whether the last of equal keys counts; otherwise they are an error. */
  readonly json: boolean;
  /** Called when a node is begun and when it is read. Trials that come to nothing are told too. */
  readonly listener: (event: "open" | "close", state: State) => void;
}

/** Texts, numbers, booleans, null, lists and mappings. */
export const CORE_SCHEMA: unknown;
/** Reads the one document of a text. */
export function load(content: string, options: LoadOptions): unknown;
