/**
 * Hides values that have a name before them: in a shell's line, in JSON, in a header.
 *
 * No expression here looks twice at the same run of characters, so that a very long word costs no more than its length.
 *
 * @module
 */

import { isSecretName } from "./secret_names.ts";

/** A name with what joins it to its value: `NAME=`, `--flag=`, `--flag `, `"name": `, `Name: `. */
const HEAD = /(?<![\w-])(?:(-{0,2})([A-Za-z][\w-]*)(=|:\s*|\s+)|"([\w-]+)"\s*:\s*)/g;

/** After `=`, as a shell reads it: pieces with and without quotes that touch each other. */
const SHELL_VALUE = /(?:"[^"\\]*(?:\\[^][^"\\]*)*(?:"|$)|'[^']*(?:'|$)|[^\s"']+)+/y;
/** Within quotes that began before the name. */
const QUOTED_VALUE = /[^\s"']+|'[^']*'|"[^"]*"/y;
/** The word after a flag; one that begins with a dash is a flag, too. */
const NEXT_WORD = /(?!-)(?:"[^"\\]*(?:\\[^][^"\\]*)*(?:"|$)|'[^']*(?:'|$)|[^\s"']+)+/y;
const JSON_VALUE = /"[^"\\]*(?:\\[^][^"\\]*)*(?:"|$)|[^\s"',}\]]+/y;
/** A header's value ends with its line or its quotes. */
const HEADER_VALUE = /"[^"]*"|'[^']*'|[^"'\r\n]+/y;
/** What kind of value follows is no secret. */
const SCHEME = /(?:basic|bearer|digest|token)\s+/iy;

/** Puts `shown` in the place of each value whose name speaks of a secret. */
export function hideNamed(text: string, shown: string): string {
  let hidden = "";
  let from = 0;
  HEAD.lastIndex = 0;
  for (let head = HEAD.exec(text); head !== null; head = HEAD.exec(text)) {
    const [all, dashes = "", name, joint = "", jsonName] = head;
    const start = head.index + all.length;
    // What follows may be a name of its own: `--env=TOKEN=…`.
    if (!isSecretName(name ?? jsonName ?? "")) continue;
    const end = endOfValue(text, start, {
      dashes,
      joint,
      isJson: jsonName !== undefined,
      before: text[head.index - 1],
    });
    if (end === null) continue;
    hidden += text.slice(from, end.from) + shown;
    from = HEAD.lastIndex = end.to;
  }
  return from === 0 ? text : hidden + text.slice(from);
}

interface Head {
  readonly dashes: string;
  readonly joint: string;
  readonly isJson: boolean;
  readonly before: string | undefined;
}

function endOfValue(
  text: string,
  start: number,
  { dashes, joint, isJson, before }: Head,
): { readonly from: number; readonly to: number } | null {
  const isQuoted = before === '"' || before === "'";
  if (isJson) return match(JSON_VALUE, text, start);
  if (joint === "=") return match(isQuoted ? QUOTED_VALUE : SHELL_VALUE, text, start);
  // A word before a space is a name only as a flag.
  if (!joint.startsWith(":")) return dashes === "" ? null : match(NEXT_WORD, text, start);
  const scheme = match(SCHEME, text, start);
  return match(HEADER_VALUE, text, scheme?.to ?? start);
}

function match(
  expression: RegExp,
  text: string,
  at: number,
): { readonly from: number; readonly to: number } | null {
  expression.lastIndex = at;
  const found = expression.exec(text);
  return found === null ? null : { from: at, to: at + found[0].length };
}
