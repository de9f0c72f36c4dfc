/**
 * Finds the value of a top-level key in the bytes of a JSON object that is known to be valid.
 *
 * @module
 */

/** Start (inclusive) and end (exclusive) of a value, in bytes. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

const [QUOTE, BACKSLASH, OPEN, CLOSE, OPEN_LIST, CLOSE_LIST, COMMA, COLON] = [34, 92, 123, 125, 91, 93, 44, 58];

/** Every value of the top-level key `key`, in order: a key may be repeated, and readers differ in which they believe. */
export function findTopLevelValues(bytes: Uint8Array, key: string): ByteRange[] {
  const found: ByteRange[] = [];
  let depth = 0;
  let name: string | undefined;
  let valueStart = -1;
  let textStart = -1;
  let textEnd = -1;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      const start = at++;
      while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
      if (depth === 1) [textStart, textEnd] = [start, at + 1];
    } else if (byte === COLON && depth === 1) {
      name = JSON.parse(new TextDecoder().decode(bytes.subarray(textStart, textEnd)));
      valueStart = at + 1;
    } else if (byte === OPEN || byte === OPEN_LIST) {
      depth++;
    } else if (byte === COMMA || byte === CLOSE || byte === CLOSE_LIST) {
      if (depth === 1 && name === key) found.push(trim(bytes, valueStart, at));
      if (depth === 1) name = undefined;
      if (byte !== COMMA) depth--;
    }
  }
  return found;
}

function trim(bytes: Uint8Array, from: number, to: number): ByteRange {
  let [start, end] = [from, to];
  while (start < end && (bytes[start] ?? 0) <= 32) start++;
  while (end > start && (bytes[end - 1] ?? 0) <= 32) end--;
  return { start, end };
}
