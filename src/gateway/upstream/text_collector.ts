/**
 * Gathers a line, or lines up to an empty one, over as many reads as it takes; each byte is looked at once.
 *
 * @module
 */

import { byteString, malformed } from "./response_syntax.ts";

const CR = 13;
const LF = 10;

/** What to gather, and how much of it at most. */
export interface CollectorOptions {
  /** "line": up to the first CRLF. "block": up to the first empty line. */
  readonly until: "line" | "block";
  /** Bytes, line ends included, over all takes. */
  readonly maxBytes: number;
  /** What is said to be too large. */
  readonly what: string;
}

/** Holds what has come of an unfinished text, in memory of its own. */
export class TextCollector {
  readonly #options: CollectorOptions;
  #budget: number;
  #kept: Uint8Array | undefined;
  #keptLength = 0;
  /** Bytes since the last line end. */
  #lineLength = 0;
  #lastByte = 0;
  #end = 0;

  /** Starts empty. */
  constructor(options: CollectorOptions) {
    this.#options = options;
    this.#budget = options.maxBytes;
  }

  /** Where the bytes behind the text start that the last {@link TextCollector.take} returned. */
  get end(): number {
    return this.#end;
  }

  /** Whether no text has been started, or the last one is complete. */
  get isEmpty(): boolean {
    return this.#keptLength === 0;
  }

  /** Allows the full size again, for the next text. */
  refill(): void {
    this.#budget = this.#options.maxBytes;
  }

  /**
   * Takes bytes from `from` on; returns the text without the final line end (of a block: without the empty line), or
   * undefined where it goes on in the next read. Throws for a bare LF (RFC 9112 §2.2) and for what is too large.
   */
  take(bytes: Uint8Array, from: number): string | undefined {
    const end = this.#findEnd(bytes, from);
    const part = bytes.subarray(from, end < 0 ? bytes.length : end);
    this.#budget -= part.length;
    if (this.#budget < 0) throw malformed(`${this.#options.what} is too large`);
    if (end < 0) {
      this.#keep(part);
      return undefined;
    }
    this.#end = end;
    if (this.#keptLength === 0) return byteString(part.subarray(0, -2));
    this.#keep(part);
    const text = byteString((this.#kept ?? part).subarray(0, this.#keptLength - 2));
    this.#kept = undefined;
    this.#keptLength = 0;
    return text;
  }

  #findEnd(bytes: Uint8Array, from: number): number {
    const isLine = this.#options.until === "line";
    let lineStart = from - this.#lineLength;
    for (let lf = bytes.indexOf(LF, from); lf >= 0; lf = bytes.indexOf(LF, lf + 1)) {
      if (lf === lineStart || (lf === from ? this.#lastByte : bytes[lf - 1]) !== CR) throw malformed("bare line feed");
      const isEmpty = lf - lineStart === 1;
      lineStart = lf + 1;
      if (!isLine && !isEmpty) continue;
      this.#lineLength = 0;
      return lf + 1;
    }
    this.#lineLength = bytes.length - lineStart;
    this.#lastByte = bytes.at(-1) ?? this.#lastByte;
    return -1;
  }

  #keep(part: Uint8Array): void {
    const length = this.#keptLength + part.length;
    if (this.#kept === undefined || length > this.#kept.length) {
      const grown = new Uint8Array(Math.max(length, 2 * this.#keptLength, 64));
      if (this.#kept !== undefined) grown.set(this.#kept.subarray(0, this.#keptLength));
      this.#kept = grown;
    }
    this.#kept.set(part, this.#keptLength);
    this.#keptLength = length;
  }
}
