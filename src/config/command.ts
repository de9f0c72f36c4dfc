/**
 * Command lines as configs write them: words without a shell, with comments and continuation lines (spec §2.9).
 *
 * @module
 */

import { splitPosixWords } from "./posix_words.ts";
import { splitWindowsWords } from "./windows_words.ts";

/** Whose rules split a command into words. */
export type Platform = "posix" | "windows";

const SPLIT = { posix: splitPosixWords, windows: splitWindowsWords } as const;

/** White space as llama-swap trims it: with U+0085, without U+FEFF. */
const SPACE = "[\\t-\\r \\u0085\\u00A0\\u1680\\u2000-\\u200A\\u2028\\u2029\\u202F\\u205F\\u3000]";
const IS_COMMENT = new RegExp(`^${SPACE}*#`);
const IS_SPACE = new RegExp(`^${SPACE}$`);

/** Drops the lines whose first visible character is `#`; blank lines stay. */
export function stripComments(text: string): string {
  if (!text.includes("#")) return text;
  return text.split("\n").filter((line) => !IS_COMMENT.test(line)).join("\n");
}

/** Whether a line that goes as a comment stands between quotes: it was rarely meant as one. */
export function dropsQuotedLine(text: string, platform: Platform = "posix"): boolean {
  if (!text.includes("#")) return false;
  let quote: string | null = null;
  for (const line of text.split("\n")) {
    if (!IS_COMMENT.test(line)) quote = quoteAfter(line, quote, platform);
    else if (quote !== null) return true;
  }
  return false;
}

function quoteAfter(line: string, before: string | null, platform: Platform): string | null {
  const quotes = platform === "posix" ? "'\"" : '"';
  let quote = before;
  for (let i = 0; i < line.length; i++) {
    const char = line.charAt(i);
    if (char === "\\" && quote !== "'") i++;
    else if (quote === null ? quotes.includes(char) : char === quote) quote = quote === null ? char : null;
  }
  return quote;
}

/**
 * Splits a command into its words. No variable, glob, pipe or redirect is interpreted: the first word is the program.
 *
 * @throws {RangeError} `empty command` when there is no word.
 */
export function splitCommand(text: string, platform: Platform = "posix"): string[] {
  const words = SPLIT[platform](joinContinuations(stripComments(text)), () => {});
  if (words.length === 0) throw new RangeError("empty command");
  return words;
}

/** Whether a quote is still open at the end: llama-swap accepts that, its author rarely meant it. */
export function hasOpenQuote(text: string, platform: Platform = "posix"): boolean {
  let open = false;
  SPLIT[platform](joinContinuations(stripComments(text)), () => open = true);
  return open;
}

/** A line that ends in a backslash continues: the backslash becomes a space and the line is trimmed. */
function joinContinuations(text: string): string {
  return text.split("\n").map((line) => {
    let [start, end] = [0, line.length];
    while (end > 0 && IS_SPACE.test(line.charAt(end - 1))) end--;
    if (line.charAt(end - 1) !== "\\") return line;
    while (IS_SPACE.test(line.charAt(start))) start++;
    return line.slice(start, end - 1) + " ";
  }).join("\n");
}
