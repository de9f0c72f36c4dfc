/**
 * `${env.NAME}`: values of the environment, put into the text before it is parsed (spec §2.3).
 *
 * @module
 */

import { isTree } from "./tree.ts";

/** Looks a variable up: its value, `undefined` when it is not set, or an error (returned or thrown) when it may not be read. */
export type ReadEnvironment = (name: string) => string | Error | undefined;

/** What went wrong with one variable. */
export interface EnvironmentProblem {
  /** The variable. */
  readonly name: string;
  /** One sentence that names it. */
  readonly message: string;
}

const PLACEHOLDER = /\$\{env\.([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** Names used in `text` outside comments; `parsed` is the document, or `undefined` when it is not YAML yet. */
export function namesUsed(text: string, parsed: unknown): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = (part: string) => {
    for (const match of part.matchAll(PLACEHOLDER)) names.add(match[1] ?? "");
  };
  if (parsed === undefined) visit(withoutComments(text));
  else visitStrings(parsed, visit, new Set());
  return names;
}

/** Replaces the placeholders of every name in `names`; backslashes and double quotes are escaped as for `"…"`. */
export function substituteEnvironment(
  text: string,
  names: ReadonlySet<string>,
  read: ReadEnvironment,
): { readonly text: string; readonly problems: readonly EnvironmentProblem[] } {
  const values = new Map<string, string>();
  const problems: EnvironmentProblem[] = [];
  for (const name of names) {
    const value = readSafely(read, name);
    if (value === undefined) problems.push({ name, message: `environment variable '${name}' is not set` });
    else if (value instanceof Error) {
      problems.push({ name, message: `environment variable '${name}' cannot be read: ${value.message}` });
    } else if (/[\n\r\0]/.test(value)) {
      problems.push({ name, message: `environment variable '${name}' contains newlines, which a config cannot hold` });
    } else values.set(name, value.replaceAll(/[\\"]/g, "\\$&"));
  }
  return { text: text.replaceAll(PLACEHOLDER, (all, name: string) => values.get(name) ?? all), problems };
}

function readSafely(read: ReadEnvironment, name: string): string | Error | undefined {
  try {
    return read(name);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function visitStrings(node: unknown, visit: (text: string) => void, seen: Set<object>): void {
  if (typeof node === "string") return visit(node);
  if (typeof node !== "object" || node === null || seen.has(node)) return;
  seen.add(node);
  if (Array.isArray(node)) { for (const item of node) visitStrings(item, visit, seen); }
  else if (isTree(node)) {
    for (const [key, item] of Object.entries(node)) {
      visit(key);
      visitStrings(item, visit, seen);
    }
  }
}

/** A rough reading for text that is no YAML before substitution: full-line comments and ` #` tails go. */
function withoutComments(text: string): string {
  return text.split("\n").map((line) => {
    if (/^\s*#/.test(line)) return "";
    // A tail that holds a quote may be part of a text, so only what follows the last quote is looked at.
    const start = Math.max(line.lastIndexOf('"'), line.lastIndexOf("'")) + 1;
    const tail = line.slice(start).search(/\s#/);
    return tail < 0 ? line : line.slice(0, start + tail);
  }).join("\n");
}
