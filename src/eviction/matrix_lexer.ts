/**
 * Splits a matrix expression into its pieces.
 *
 * @module
 */

/** One piece of an expression; `at` counts characters from 1. */
export type Token =
  | { readonly kind: "name" | "reference"; readonly text: string; readonly at: number }
  | { readonly kind: "&" | "|" | "(" | ")" | "end"; readonly at: number };

/** Why an expression cannot be read; `word` is the whole run of characters in which a forbidden one stands. */
export interface SyntaxProblem {
  /** One sentence that ends with the place. */
  readonly message: string;
  /** The word around a character that no name may hold. */
  readonly word?: string;
}

/** The pieces, the last one `end`, or the first problem. */
export type Tokens =
  | { readonly ok: true; readonly tokens: readonly Token[] }
  | { readonly ok: false; readonly problem: SyntaxProblem };

const SPACE = /[\s\u0085]/;
const NAME_SIGN = /[\p{L}\p{Nd}_.-]/u;
const WORD_SIGN = /[^\s\u0085&|()+]/u;

/** Splits the text; spaces are free, except after a `+`. */
export function tokenize(text: string): Tokens {
  const signs = [...text];
  const tokens: Token[] = [];
  const runFrom = (start: number, allowed: RegExp): number => {
    let end = start;
    while (end < signs.length && allowed.test(signs[end] ?? "")) end++;
    return end;
  };
  for (let i = 0; i < signs.length;) {
    const sign = signs[i] ?? "";
    const at = i + 1;
    if (SPACE.test(sign)) i++;
    else if (sign === "&" || sign === "|" || sign === "(" || sign === ")") {
      tokens.push({ kind: sign, at });
      i++;
    } else if (sign === "+" || NAME_SIGN.test(sign)) {
      const start = sign === "+" ? i + 1 : i;
      const end = runFrom(start, NAME_SIGN);
      if (end === start) {
        return { ok: false, problem: { message: `expected set name after '+' at character ${at}` } };
      }
      const kind = sign === "+" ? "reference" : "name";
      tokens.push({ kind, text: signs.slice(start, end).join(""), at });
      i = end;
    } else {
      let start = i;
      while (start > 0 && WORD_SIGN.test(signs[start - 1] ?? "")) start--;
      const word = signs.slice(start, runFrom(i, WORD_SIGN)).join("");
      const message = `unexpected character ${JSON.stringify(sign)} at character ${at}`;
      return { ok: false, problem: { message, word } };
    }
  }
  tokens.push({ kind: "end", at: signs.length + 1 });
  return { ok: true, tokens };
}
