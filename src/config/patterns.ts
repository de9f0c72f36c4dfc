/**
 * Regular expressions as llama-swap's configs write them: RE2, which takes a time linear in the text whatever the pattern.
 *
 * @module
 */

import { RE2JS } from "re2js";

/** A compiled expression. */
export interface Pattern {
  /** Whether it is found anywhere in `text`. */
  test(text: string): boolean;
}

/**
 * Compiles an RE2 pattern.
 *
 * @throws {SyntaxError} with the reason, for what is no RE2 pattern.
 */
export function compilePattern(pattern: string): Pattern {
  const compiled = compile(pattern);
  return { test: (text) => compiled.matcher(text).find() };
}

function compile(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.replace(/^error parsing regexp: /, "") : String(cause);
    throw new SyntaxError(reason, { cause });
  }
}
