/**
 * Parameters in a query or a form of type `application/x-www-form-urlencoded`, found as ranges of bytes. Pure.
 *
 * @module
 */

import type { ByteRange } from "../json_scan.ts";

const AMPERSAND = 38, EQUALS = 61, PERCENT = 37;
const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

/** The values of every parameter called `name`, as ranges of `bytes` from `from` on. */
export function findParameters(
  bytes: Uint8Array,
  name: string,
  { from = 0 }: { readonly from?: number } = {},
): readonly ByteRange[] {
  const wanted = ENCODER.encode(name);
  const found: ByteRange[] = [];
  for (let start = from; start < bytes.length;) {
    const end = indexOrEnd(bytes, AMPERSAND, start);
    const keyEnd = Math.min(indexOrEnd(bytes, EQUALS, start), end);
    if (isKey(bytes.subarray(start, keyEnd), name, wanted)) found.push({ start: Math.min(keyEnd + 1, end), end });
    start = end + 1;
  }
  return found;
}

/** The text that a range of {@link findParameters} stands for. */
export function parameterAt(bytes: Uint8Array, { start, end }: ByteRange): string {
  return decoded(bytes.subarray(start, end));
}

/** A value as it is written in a query or a form. */
export function encodeParameter(value: string): Uint8Array<ArrayBuffer> {
  return ENCODER.encode(encodeURIComponent(value.toWellFormed()));
}

/** Whether the bytes of a key, as they stand there, mean `name`. */
function isKey(key: Uint8Array, name: string, wanted: Uint8Array): boolean {
  if (key.length < wanted.length || key.length > wanted.length * 3) return false;
  if (key.includes(PERCENT)) return decoded(key) === name;
  return key.length === wanted.length && key.every((byte, i) => byte === wanted[i]);
}

/** Percent escapes and `+` undone, as every reader of forms does it. */
function decoded(bytes: Uint8Array): string {
  return new URLSearchParams(`v=${DECODER.decode(bytes)}`).get("v") ?? "";
}

function indexOrEnd(bytes: Uint8Array, byte: number, from: number): number {
  const at = bytes.indexOf(byte, from);
  return at < 0 ? bytes.length : at;
}
