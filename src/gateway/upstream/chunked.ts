/**
 * The chunked transfer coding (RFC 9112 §7.1): framing out, payload through.
 *
 * @module
 */

import { malformed, parseFields, refuseControls } from "./response_syntax.ts";
import { TextCollector } from "./text_collector.ts";

const CR = 13;
const LF = 10;
/** 13 digits are 2^52 bytes, and exact in a double. */
const MAX_DIGITS = 13;
/** Extensions included; Node bounds those of one chunk at 16 KiB. */
const MAX_LINE_BYTES = 4 * 1024;
const MAX_TRAILER_BYTES = 64 * 1024;
const FRAMING = new Set(["content-length", "transfer-encoding"]);
/** Up to here a loop over the bytes is faster than a view and `set` (measured). */
const SMALL_COPY = 48;
/** The value of each hexadecimal digit's byte, -1 for every other byte. */
const HEX = Int8Array.from({ length: 256 }, (_, byte) => "0123456789abcdef".indexOf(hexDigit(byte)));
/** RFC 9112 §7.1.1, with the whitespace that it says a recipient has to bear ("BWS"). */
const SIZE_LINE =
  /^([0-9a-fA-F]+)(?:[ \t]*;[ \t]*[!#$%&'*+\-.^_`|~\w]+(?:[ \t]*=[ \t]*(?:[!#$%&'*+\-.^_`|~\w]+|"(?:[^"\\]|\\.)*"))?)*$/;

type State = "size" | "data" | "dataCr" | "dataLf" | "trailer" | "done";

/** Decodes one chunked body. */
export class ChunkedDecoder {
  #state: State = "size";
  #remaining = 0;
  #line: TextCollector | undefined;
  #trailer: TextCollector | undefined;
  #end = 0;

  /** Whether the last chunk and the trailers have come. */
  get done(): boolean {
    return this.#state === "done";
  }

  /** Where the bytes behind the body start in those of the last {@link ChunkedDecoder.push}. */
  get end(): number {
    return this.#end;
  }

  /**
   * Takes bytes from `from` on; returns the payload in them, or null: a view of `bytes` where it lies in one piece, else
   * one new array. Throws `ResponseSyntaxError`. Trailers are checked and dropped.
   */
  push(bytes: Uint8Array, from: number): Uint8Array | null {
    let at = from;
    let piece: Uint8Array | null = null;
    let joined: Uint8Array | null = null;
    let joinedLength = 0;
    while (at < bytes.length && this.#state !== "done") {
      switch (this.#state) {
        case "size":
          at = this.#readSize(bytes, at);
          break;
        case "data": {
          const end = Math.min(at + this.#remaining, bytes.length);
          this.#remaining -= end - at;
          if (this.#remaining === 0) this.#state = "dataCr";
          if (piece === null) piece = bytes.subarray(at, end);
          else {
            if (joined === null) {
              joined = new Uint8Array(piece.length + bytes.length - at);
              joined.set(piece);
              joinedLength = piece.length;
            }
            copy(bytes, at, end, joined, joinedLength);
            joinedLength += end - at;
          }
          at = end;
          break;
        }
        case "dataCr":
          if (bytes[at++] !== CR) throw malformed("chunk is longer than its size");
          this.#state = "dataLf";
          break;
        case "dataLf":
          if (bytes[at++] !== LF) throw malformed("chunk is longer than its size");
          this.#state = "size";
          break;
        case "trailer":
          at = this.#readTrailer(bytes, at);
          break;
        default:
          this.#state satisfies never;
      }
    }
    this.#end = at;
    return joined === null ? piece : joined.subarray(0, joinedLength);
  }

  /** Nearly every line is digits and CRLF in one read: these are read here, all others in {@link #readSizeLine}. */
  #readSize(bytes: Uint8Array, from: number): number {
    if (this.#line !== undefined && !this.#line.isEmpty) return this.#readSizeLine(bytes, from);
    let at = from;
    let size = 0;
    let digit: number;
    while (at < bytes.length && (digit = HEX[bytes[at] ?? 0] ?? -1) >= 0) {
      size = size * 16 + digit;
      at++;
    }
    const isWhole = at > from && at - from <= MAX_DIGITS && bytes[at] === CR && bytes[at + 1] === LF;
    if (!isWhole) return this.#readSizeLine(bytes, from);
    this.#setSize(size);
    return at + 2;
  }

  #readSizeLine(bytes: Uint8Array, from: number): number {
    this.#line ??= new TextCollector({ until: "line", maxBytes: MAX_LINE_BYTES, what: "chunk line" });
    const text = this.#line.take(bytes, from);
    if (text === undefined) return bytes.length;
    refuseControls(text);
    const digits = SIZE_LINE.exec(text)?.[1];
    if (digits === undefined || digits.length > MAX_DIGITS) throw malformed("chunk size");
    this.#line.refill();
    this.#setSize(parseInt(digits, 16));
    return this.#line.end;
  }

  #setSize(size: number): void {
    this.#remaining = size;
    this.#state = size === 0 ? "trailer" : "data";
  }

  #readTrailer(bytes: Uint8Array, from: number): number {
    this.#trailer ??= new TextCollector({ until: "block", maxBytes: MAX_TRAILER_BYTES, what: "trailer" });
    const text = this.#trailer.take(bytes, from);
    if (text === undefined) return bytes.length;
    refuseControls(text);
    // RFC 9110 §6.5.1 forbids them; whoever merges trailers into the head would read another message.
    if (parseFields(text, 0).some(([name]) => FRAMING.has(name))) throw malformed("framing in a trailer");
    this.#state = "done";
    return this.#trailer.end;
  }
}

function hexDigit(byte: number): string {
  return String.fromCharCode(byte).toLowerCase();
}

function copy(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): void {
  if (end - start > SMALL_COPY) return to.set(from.subarray(start, end), at);
  while (start < end) to[at++] = from[start++] ?? 0;
}
