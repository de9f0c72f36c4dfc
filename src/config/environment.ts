/**
 * `${env.NAME}`: values of the environment, put into the text before it is parsed (spec §2.3).
 *
 * A value without quotes and backslashes is put in as it is, so that a number stays a number. Any other one, and one that
 * is missing, is put in as a mark, which is replaced in the parsed tree: only there it is known in which quotes it stands.
 *
 * @module
 */

/** Looks a variable up: its value, `undefined` when it is not set, or an error (returned or thrown) when it may not be read. */
export type ReadEnvironment = (name: string) => string | Error | undefined;

/** A text with the values in it. */
export interface Substitution {
  /** The text, with values and marks. */
  readonly text: string;
  /** Every variable that was looked up, with what was found. */
  readonly looked: ReadonlyMap<string, string | undefined>;
  /** What is wrong with a variable, by name; only those matter whose mark is in the tree. */
  readonly problems: ReadonlyMap<string, string>;
  /** The author's offset of a place in {@link text}. */
  originalOffset(offset: number): number;
  /** Replaces the marks in a text of the tree; a command keeps the backslashes that llama-swap puts before quotes. */
  restore(text: string, options: { readonly command: boolean }): string;
  /** Names whose missing values are in a text of the tree. */
  missingIn(text: string): readonly string[];
  /** Where in {@link text} the mark of a missing value stands, at or behind a place; -1 when it does not. */
  markOf(name: string, from: number): number;
}

const PLACEHOLDER = /\$\{env\.([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** Around a mark: characters for private use, which no config needs. */
const [BEGIN, END] = ["\uF7F0", "\uF7F1"];
/** In double quotes two backslashes become one: that tells where the mark stood. */
const OPAQUE = /\uF7F0(\d+)(\\\\?)\uF7F1/g;
const MISSING = /\uF7F0\?([A-Za-z0-9_]+)\uF7F1/g;

interface Piece {
  /** Where it begins and ends in the new text. */
  readonly from: number;
  readonly to: number;
  /** Where it begins and ends in the author's text. */
  readonly original: number;
  readonly originalEnd: number;
}

/** Puts the values of all placeholders into a text. Nothing is refused here: a variable in a comment need not be set. */
export function substituteEnvironment(text: string, read: ReadEnvironment): Substitution {
  const looked = new Map<string, string | undefined>();
  const problems = new Map<string, string>();
  const opaque: string[] = [];
  const pieces: Piece[] = [];
  const marks = new Map<string, string>();
  let places: ReadonlyMap<string, readonly number[]> | undefined;

  const valueOf = (name: string): string => {
    if (!looked.has(name)) {
      const { value, problem } = lookUp(read, name);
      looked.set(name, value);
      if (problem !== undefined) problems.set(name, problem);
    }
    return problems.has(name) ? `${BEGIN}?${name}${END}` : looked.get(name) ?? "";
  };
  const insertionOf = (name: string): string => {
    // One level more: a value may itself name a variable (spec §1.6.6).
    const value = valueOf(name).replaceAll(PLACEHOLDER, (_, inner: string) => valueOf(inner));
    if (!/["\\]/.test(value)) return value;
    opaque.push(value);
    return `${BEGIN}${opaque.length - 1}\\\\${END}`;
  };

  let done = "";
  let from = 0;
  for (const match of text.matchAll(PLACEHOLDER)) {
    const name = match[1] ?? "";
    const mark = marks.get(name) ?? insertionOf(name);
    marks.set(name, mark);
    done += text.slice(from, match.index);
    const originalEnd = match.index + match[0].length;
    pieces.push({ from: done.length, to: done.length + mark.length, original: match.index, originalEnd });
    done += mark;
    from = originalEnd;
  }
  done += text.slice(from);

  return {
    text: done,
    looked,
    problems,
    originalOffset: (offset) => originalOffset(pieces, offset),
    restore: (part, { command }) =>
      !part.includes(BEGIN) ? part : part.replaceAll(OPAQUE, (_, index: string, slashes: string) => {
        const value = opaque[Number(index)] ?? "";
        return command && slashes.length === 2 ? value.replaceAll(/[\\"]/g, "\\$&") : value;
      }),
    missingIn: (part) => !part.includes(BEGIN) ? [] : Array.from(part.matchAll(MISSING), (match) => match[1] ?? ""),
    markOf(name, from) {
      places ??= placesOfMarks(done);
      return places.get(name)?.find((at) => at >= from) ?? -1;
    },
  };
}

/** Whether a text of a tree holds the mark of a missing value. */
export function holdsMissing(text: string): boolean {
  return text.includes(`${BEGIN}?`);
}

/** Writes the placeholder again where the mark of a missing value stands. */
export function showMissing(text: string): string {
  return holdsMissing(text) ? text.replaceAll(MISSING, "${env.$1}") : text;
}

/** Names used outside comments in a text that is no YAML: a rough reading. */
export function namesOutsideComments(text: string): ReadonlySet<string> {
  const names = new Set<string>();
  for (const match of withoutComments(text).matchAll(PLACEHOLDER)) names.add(match[1] ?? "");
  return names;
}

function lookUp(read: ReadEnvironment, name: string): { readonly value?: string; readonly problem?: string } {
  let value: string | Error | undefined;
  try {
    value = read(name);
  } catch (error) {
    value = error instanceof Error ? error : new Error(String(error));
  }
  if (value === undefined) return { problem: `environment variable '${name}' is not set` };
  if (value instanceof Error) return { problem: `environment variable '${name}' cannot be read: ${value.message}` };
  return /[\n\r\0]/.test(value)
    ? { value, problem: `environment variable '${name}' contains newlines, which a config cannot hold` }
    : { value };
}

/** All at once: there may be as many names as marks. */
function placesOfMarks(text: string): ReadonlyMap<string, readonly number[]> {
  const places = Map.groupBy(text.matchAll(MISSING), (match) => match[1] ?? "");
  return new Map(Array.from(places, ([name, matches]) => [name, matches.map(({ index }) => index)]));
}

function originalOffset(pieces: readonly Piece[], offset: number): number {
  let [low, high] = [0, pieces.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((pieces[middle]?.from ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  const piece = pieces[low - 1];
  if (piece === undefined) return offset;
  return offset < piece.to ? piece.original : offset - piece.to + piece.originalEnd;
}

/** Full-line comments and ` #` tails go. */
function withoutComments(text: string): string {
  return text.split("\n").map((line) => {
    if (/^\s*#/.test(line)) return "";
    // A tail that holds a quote may be part of a text, so only what follows the last quote is looked at.
    const start = Math.max(line.lastIndexOf('"'), line.lastIndexOf("'")) + 1;
    const tail = line.slice(start).search(/\s#/);
    return tail < 0 ? line : line.slice(0, start + tail);
  }).join("\n");
}
