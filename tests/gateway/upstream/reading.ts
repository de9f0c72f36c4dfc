/**
 * What the parser makes of a response that comes in pieces, read as a client would whose read buffer is used again.
 *
 * @module
 */

import { ResponseParser, ResponseSyntaxError } from "../../../src/gateway/upstream/response_parser.ts";
import type { Response } from "./responses.ts";

/** What a reader understood; strings hold one character per byte. */
export interface Reading {
  /** "cut": the connection ended too early. */
  readonly outcome: "whole" | "cut" | "refused";
  readonly status: number;
  readonly statusText: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

/** What only the parser tells. */
export interface OwnReading extends Reading {
  readonly informational: readonly number[];
  readonly keepAlive: boolean;
  readonly hasExcess: boolean;
  readonly error: string | null;
}

/** Reads `parts`; each is in memory that is overwritten as soon as the parser has had it. */
export function readOwn({ method, mayUpgrade }: Response, parts: readonly Uint8Array[]): OwnReading {
  const informational: number[] = [];
  const parser = new ResponseParser(method, {
    mayUpgrade,
    onInformational: (status) => void informational.push(status),
  });
  const pieces: Uint8Array[] = [];
  let error: string | null = null;
  try {
    for (const part of parts) {
      const bytes = part.slice();
      const piece = parser.push(bytes);
      if (piece !== null) pieces.push(piece.buffer === bytes.buffer ? piece.slice() : piece);
      bytes.fill(0x21);
      const rest = parser.takeRest();
      if (rest !== null) pieces.push(rest);
    }
  } catch (cause) {
    if (!(cause instanceof ResponseSyntaxError)) throw cause;
    error = cause.message;
  }
  const outcome = error !== null ? "refused" : parser.end() ? "whole" : "cut";
  const { status = 0, statusText = "", headers = [], keepAlive = false } = parser.head ?? {};
  const body = pieces.map((piece) => String.fromCharCode(...piece)).join("");
  const { hasExcess } = parser;
  return { outcome, status, statusText, headers, body, informational, keepAlive, hasExcess, error };
}
