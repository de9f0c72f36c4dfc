/**
 * The members of an object or list within JSON text, one level at a time. Pure.
 *
 * @module
 */

import type { ByteRange } from "../json_scan.ts";

/** A member of an object or an item of a list. */
export interface JsonMember extends ByteRange {
  /** The key without escapes; the index of an item. */
  readonly key: string;
  /** Where its value begins; the value ends where the member ends. */
  readonly valueStart: number;
}

/** What a value is, as far as paths are concerned. */
export type JsonShape = "object" | "list" | "null" | "other";

const QUOTE = 34, COMMA = 44, COLON = 58, OPEN_LIST = 91, BACKSLASH = 92, CLOSE_LIST = 93, LOWER_N = 110;
const OPEN = 123, CLOSE = 125;
const DECODER = new TextDecoder();

/** What begins at `start`, which is the first byte of a value. */
export function shapeAt(bytes: Uint8Array, start: number): JsonShape {
  const byte = bytes[start];
  return byte === OPEN ? "object" : byte === OPEN_LIST ? "list" : byte === LOWER_N ? "null" : "other";
}

/** Where the outermost value begins: behind space and a byte order mark. */
export function topValueAt(bytes: Uint8Array): number {
  return pastSpace(bytes, bytes[0] === 0xef ? 3 : 0);
}

/** The members of the object, or the items of the list, that begins at `start`; `bytes` must be valid JSON. */
export function* membersOf(bytes: Uint8Array, start: number): Generator<JsonMember, void> {
  const isObject = bytes[start] === OPEN;
  let at = pastSpace(bytes, start + 1);
  for (let index = 0; bytes[at] !== CLOSE && bytes[at] !== CLOSE_LIST; index++) {
    const memberStart = at;
    let key = "";
    if (isObject) {
      const keyEnd = pastString(bytes, at);
      key = JSON.parse(DECODER.decode(bytes.subarray(at, keyEnd)));
      at = pastSpace(bytes, pastSpace(bytes, keyEnd) + COLON_LENGTH);
    } else key = String(index);
    const end = pastValue(bytes, at);
    yield { key, start: memberStart, valueStart: at, end };
    at = pastSpace(bytes, end);
    if (bytes[at] === COMMA) at = pastSpace(bytes, at + 1);
  }
}

const COLON_LENGTH = 1;

function pastSpace(bytes: Uint8Array, start: number): number {
  let at = start;
  for (let byte = bytes[at]; byte === 32 || byte === 10 || byte === 13 || byte === 9; byte = bytes[at]) at++;
  return at;
}

function pastValue(bytes: Uint8Array, start: number): number {
  const first = bytes[start];
  if (first === QUOTE) return pastString(bytes, start);
  if (first === OPEN || first === OPEN_LIST) return pastContainer(bytes, start);
  let at = start;
  for (let byte = bytes[at]; isOfScalar(byte); byte = bytes[at]) at++;
  return at;
}

function pastContainer(bytes: Uint8Array, start: number): number {
  let depth = 0;
  for (let at = start; at < bytes.length;) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = pastString(bytes, at);
      continue;
    }
    if (byte === OPEN || byte === OPEN_LIST) depth++;
    else if (byte === CLOSE || byte === CLOSE_LIST) depth--;
    at++;
    if (depth === 0) return at;
  }
  return bytes.length;
}

function pastString(bytes: Uint8Array, start: number): number {
  for (let quote = bytes.indexOf(QUOTE, start + 1); quote >= 0; quote = bytes.indexOf(QUOTE, quote + 1)) {
    let before = quote;
    while (bytes[before - 1] === BACKSLASH) before--;
    if ((quote - before) % 2 === 0) return quote + 1;
  }
  return bytes.length;
}

/** Whether a byte belongs to a number, `true`, `false` or `null`. */
function isOfScalar(byte: number | undefined): boolean {
  return byte !== undefined && byte > 32 && byte !== COMMA && byte !== CLOSE && byte !== CLOSE_LIST && byte !== COLON;
}
