/**
 * Regular expressions as llama-swap's configs write them: RE2, which takes a time linear in the text whatever the pattern.
 *
 * @module
 */

// Deferred: making its tables takes 14 ms of the start, and most configs have no pattern of their own.
import defer * as re2 from "re2js";

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

/** The same for a pattern that is known to be one: it is compiled when it is first used. */
export function knownPattern(pattern: string): Pattern {
  let compiled: re2.RE2JS | undefined;
  return { test: (text) => (compiled ??= compile(pattern)).matcher(text).find() };
}

function compile(pattern: string): re2.RE2JS {
  try {
    return re2.RE2JS.compile(pattern);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.replace(/^error parsing regexp: /, "") : String(cause);
    throw new SyntaxError(reason, { cause });
  }
}
