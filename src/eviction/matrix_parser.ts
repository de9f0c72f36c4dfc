/**
 * Reads a matrix expression: `&` binds tighter than `|`, parentheses group, `+name` means another set.
 *
 * @module
 */

import { type SyntaxProblem, type Token, tokenize } from "./matrix_lexer.ts";

/** An expression as it was written; `any` and `all` have at least two parts. */
export type Expression =
  | NamedExpression
  | { readonly kind: "any" | "all"; readonly parts: readonly Expression[] };

/** A var or model id, or another set; `at` counts characters from 1. */
export type NamedExpression =
  | { readonly kind: "name"; readonly name: string; readonly at: number }
  | { readonly kind: "reference"; readonly name: string; readonly at: number };

/** The expression, or the first problem in it. */
export type Parsed =
  | { readonly ok: true; readonly expression: Expression }
  | { readonly ok: false; readonly problem: SyntaxProblem };

/** Deeper parentheses are refused, so that no text can exhaust the stack. */
const MAX_NESTING = 100;

/** Reads a whole expression. */
export function parseExpression(text: string): Parsed {
  const lexed = tokenize(text);
  if (!lexed.ok) return lexed;
  if (lexed.tokens.length === 1) return fail("empty DSL expression");
  const reader = new Reader(lexed.tokens);
  const expression = reader.readAlternatives(0);
  if (expression.kind === "problem") return fail(expression.message);
  const next = reader.peek();
  if (next.kind !== "end") return fail(`${describeUnexpected(next)}: '&' or '|' or the end was expected`);
  return { ok: true, expression };
}

/** A node, or why there is none. */
type Read = Expression | { readonly kind: "problem"; readonly message: string };

class Reader {
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  peek(): Token {
    return this.#tokens[this.#next] ?? { kind: "end", at: 0 };
  }

  readAlternatives(nesting: number): Read {
    return this.#readChain("|", () => this.#readChain("&", () => this.#readAtom(nesting)));
  }

  #readChain(operator: "|" | "&", readPart: () => Read): Read {
    const parts: Expression[] = [];
    for (;;) {
      const part = readPart();
      if (part.kind === "problem") return part;
      parts.push(part);
      if (this.peek().kind !== operator) break;
      this.#next++;
    }
    const [only] = parts;
    if (only !== undefined && parts.length === 1) return only;
    return { kind: operator === "|" ? "any" : "all", parts };
  }

  #readAtom(nesting: number): Read {
    const token = this.peek();
    this.#next++;
    if (token.kind === "name" || token.kind === "reference") {
      return { kind: token.kind, name: token.text, at: token.at };
    }
    if (token.kind !== "(") return problem(`${describeUnexpected(token)}: a name, '+' or '(' was expected`);
    if (nesting === MAX_NESTING) {
      return problem(`parentheses are nested deeper than ${MAX_NESTING} at character ${token.at}`);
    }
    const inner = this.readAlternatives(nesting + 1);
    if (inner.kind === "problem") return inner;
    const close = this.peek();
    if (close.kind === ")") {
      this.#next++;
      return inner;
    }
    return problem(
      close.kind === "end"
        ? `missing closing parenthesis for the one at character ${token.at}`
        : `${describeUnexpected(close)}: '&', '|' or ')' was expected`,
    );
  }
}

function describeUnexpected(token: Token): string {
  if (token.kind === "end") return `unexpected token: the end at character ${token.at}`;
  const text = token.kind === "name" ? token.text : token.kind === "reference" ? `+${token.text}` : token.kind;
  return `unexpected token ${JSON.stringify(text)} at character ${token.at}`;
}

function problem(message: string): { readonly kind: "problem"; readonly message: string } {
  return { kind: "problem", message };
}

function fail(message: string): Parsed {
  return { ok: false, problem: { message } };
}
