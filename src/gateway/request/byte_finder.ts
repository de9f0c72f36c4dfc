/**
 * Finds a short run of bytes in many, looking at few of them (Horspool's method). Pure.
 *
 * @module
 */

/** Looks for one needle of 1 to 255 bytes. */
export class ByteFinder {
  readonly #needle: Uint8Array;
  /** For each byte: how far its last place in the needle, but for the end, is from the end. */
  readonly #steps: Uint8Array;

  /** Keeps the needle: it may not change. */
  constructor(needle: Uint8Array) {
    const last = needle.length - 1;
    this.#needle = needle;
    this.#steps = new Uint8Array(256).fill(needle.length);
    for (let i = 0; i < last; i++) this.#steps[needle[i] ?? 0] = last - i;
  }

  /** Where the needle begins first, from `from` on; -1 when it is not there. */
  indexIn(bytes: Uint8Array, from: number): number {
    const needle = this.#needle;
    const steps = this.#steps;
    const last = needle.length - 1;
    const lastByte = needle[last];
    const { length } = bytes;
    for (let end = from + last; end < length;) {
      const byte = bytes[end] ?? 0;
      if (byte === lastByte && this.#isAt(bytes, end - last)) return end - last;
      end += steps[byte] ?? 1;
    }
    return -1;
  }

  #isAt(bytes: Uint8Array, start: number): boolean {
    const needle = this.#needle;
    let i = 0;
    while (i < needle.length && bytes[start + i] === needle[i]) i++;
    return i === needle.length;
  }
}
