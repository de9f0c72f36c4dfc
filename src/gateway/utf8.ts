/**
 * Where bytes cease to be UTF-8, to be told to whoever sent them.
 *
 * @module
 */

import { isUtf8 } from "node:buffer";

/** So much is looked at natively; only what is wrong in there is looked for byte by byte. */
const WINDOW_BYTES = 64 * 1024;
/** Most bytes that follow the first of a character. */
const MOST_FOLLOWING = 3;

/** Where the first sequence begins that is none of UTF-8's (RFC 3629 §4); null when all is well. */
export function firstNonUtf8(bytes: Uint8Array): number | null {
  if (isUtf8(bytes)) return null;
  for (let start = 0; start < bytes.length;) {
    let end = Math.min(start + WINDOW_BYTES, bytes.length);
    for (let back = 0; back < MOST_FOLLOWING && follows(bytes[end], 0x80, 0xbf); back++) end--;
    if (!isUtf8(bytes.subarray(start, end))) {
      // Where too many bytes follow, the window ends inside a character that is whole.
      return start + wellFormedLength(bytes.subarray(start, end + MOST_FOLLOWING));
    }
    start = end;
  }
  return null;
}

function wellFormedLength(bytes: Uint8Array): number {
  let at = 0;
  for (let length = 1; length > 0 && at < bytes.length; at += length) length = sequenceLength(bytes, at);
  return at;
}

/** 0 for what is no sequence. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  const length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  // No character is written longer than need be, none is half of a surrogate pair, none lies beyond U+10FFFF.
  const lowest = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const highest = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  for (let next = 1; next < length; next++) {
    const isSecond = next === 1;
    if (!follows(bytes[at + next], isSecond ? lowest : 0x80, isSecond ? highest : 0xbf)) return 0;
  }
  return length;
}

function follows(byte: number | undefined, lowest: number, highest: number): boolean {
  return byte !== undefined && byte >= lowest && byte <= highest;
}
