/**
 * Finds the values of fields in a multipart form (RFC 2046 §5.1, RFC 7578) while it comes, whatever pieces it comes in, and
 * keeps nothing but those values. What readers of forms would take differently is refused.
 *
 * @module
 */

import { GatewayError } from "../../errors.ts";
import { concat } from "../bytes.ts";
import type { ByteRange } from "../json_scan.ts";
import { ByteFinder } from "./byte_finder.ts";
import { type PartHead, PartHeadError, readPartHead } from "./part_head.ts";

/** A field that was looked for. */
export interface FieldValue extends ByteRange {
  /** Its content; a file's content is not kept. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Whether it is a file. */
  readonly isFile: boolean;
}

const TAB = 9, LF = 10, CR = 13, SPACE = 32, DASH = 45;
const CRLF = new Uint8Array([CR, LF]);
/** Most bytes of one part's header. */
const MAX_HEAD_BYTES = 8 * 1024;

/**
 * Where the next byte stands: in content (of a part, or before the first), behind a boundary, in a part's header, or behind
 * the last boundary.
 */
type Place = "content" | "mark" | "head" | "behind";

/** Reads one form. */
export class MultipartScanner {
  /** What was found so far, by name, in order. */
  readonly found: ReadonlyMap<string, FieldValue[]>;
  /** How many bytes a boundary has, with the dashes before it. */
  readonly #markLength: number;
  /**
   * Finds boundaries behind a line's end. The LF belongs to what is looked for: what is like a boundary within a line, which
   * a client could send without end, costs nothing.
   */
  readonly #finder: ByteFinder;
  readonly #maxValueBytes: number;
  #place: Place = "content";
  /** Offset in the form of the first byte that has not been read. */
  #at = 0;
  /** Parts that have begun. */
  #parts = 0;
  #part: PartHead | null = null;
  /** Where the content began. */
  #start = 0;
  /** The last bytes of the content so far: a boundary may have begun in them. */
  #back: Uint8Array<ArrayBuffer> = CRLF;
  /** Content so far of a field that is looked for. */
  #value: Uint8Array<ArrayBuffer>[] | null = null;
  #valueBytes = 0;
  readonly #head = new Uint8Array(MAX_HEAD_BYTES);
  #headLength = 0;
  #lineStart = 0;
  /** What the line behind a boundary has so far; with two dashes it is the last boundary, which need not end its line. */
  #behindMark: "" | "-" | "--" | "--cr" | "padding" | "cr" = "";

  /** Looks for fields of these `names`, whose values have at most `maxValueBytes`. */
  constructor(boundary: string, names: readonly string[], maxValueBytes: number) {
    const needle = new TextEncoder().encode(`\n--${boundary}`);
    this.#markLength = needle.length - 1;
    this.#finder = new ByteFinder(needle);
    this.found = new Map(names.map((name) => [name, []]));
    this.#maxValueBytes = maxValueBytes;
  }

  /**
   * The next bytes.
   *
   * @throws {GatewayError} `bad_request` for a form that is malformed.
   */
  push(bytes: Uint8Array): void {
    const from = this.#at;
    for (let i = 0; i < bytes.length; i = this.#at - from) {
      if (this.#place === "content") this.#readContent(i === 0 ? bytes : bytes.subarray(i));
      else if (this.#place === "mark") this.#readBehindMark(bytes[i] ?? 0);
      else if (this.#place === "head") this.#readHead(bytes[i] ?? 0);
      else this.#at += bytes.length - i; // readers ignore what stands behind the end
    }
  }

  /** The form has ended. Throws like {@link MultipartScanner.push}. */
  end(): void {
    if (this.#place === "behind" || (this.#place === "mark" && this.#behindMark === "--")) return;
    throw this.#malformed(this.#parts === 0 ? "its boundary never comes" : "it breaks off before its closing boundary");
  }

  /** Reads content up to and including a boundary, or all of `bytes`. */
  #readContent(bytes: Uint8Array): void {
    const length = this.#markLength;
    // Here lies every boundary that begins in what came before, or whose line did.
    const joint = concat([this.#back, bytes.subarray(0, length + 1)]);
    const before = this.#back.length;
    const inJoint = this.#findMark(joint, this.#at - before);
    const found = inJoint === null ? this.#findMark(bytes, this.#at) : inJoint - before;
    if (found === null) {
      this.#keep(bytes);
      this.#at += bytes.length;
      this.#back = bytes.length > length
        ? bytes.slice(-(length + 1))
        : concat([this.#back, bytes]).slice(-(length + 1));
      return;
    }
    if (found > 0) this.#keep(bytes.subarray(0, found));
    const markStart = this.#at + found;
    this.#at = markStart + length;
    this.#endContent(markStart);
    this.#place = "mark";
    this.#behindMark = "";
  }

  /** The first boundary behind a CRLF, both in `bytes`, which stand at `offset`. */
  #findMark(bytes: Uint8Array, offset: number): number | null {
    const lineEnd = this.#finder.indexIn(bytes, 1);
    if (lineEnd < 0) return null;
    if (bytes[lineEnd - 1] === CR) return lineEnd + 1;
    this.#at = offset + lineEnd;
    throw this.#malformed("the line before a boundary ends with LF alone, where CRLF is expected");
  }

  #keep(bytes: Uint8Array): void {
    if (this.#value === null) return;
    this.#valueBytes += bytes.length;
    if (this.#valueBytes > this.#maxValueBytes + this.#markLength + CRLF.length) throw this.#tooLong();
    this.#value.push(bytes.slice());
  }

  /** The boundary's first dash stands at `markStart`, behind the content and a CRLF that is the boundary's. */
  #endContent(markStart: number): void {
    const { name, isFile } = this.#part ?? NO_PART;
    const list = name === null ? undefined : this.found.get(name);
    if (list === undefined) return;
    const start = this.#start;
    const end = Math.max(start, markStart - CRLF.length); // an empty part may have lent its boundary the header's CRLF
    if (!isFile && end - start > this.#maxValueBytes) throw this.#tooLong();
    list.push({ start, end, isFile, bytes: concat(this.#value ?? []).slice(0, end - start) });
  }

  #readBehindMark(byte: number): void {
    const before = this.#behindMark;
    const isPadding = byte === SPACE || byte === TAB;
    if (byte === DASH && before === "") this.#behindMark = "-";
    else if (byte === DASH && before === "-") this.#behindMark = "--";
    else if (byte === CR && before === "--") this.#behindMark = "--cr";
    else if (byte === LF && before === "--cr") this.#place = "behind";
    else if (byte === CR && (before === "" || before === "padding")) this.#behindMark = "cr";
    else if (byte === LF && before === "cr") this.#beginPart();
    else if (isPadding && (before === "" || before === "padding")) this.#behindMark = "padding";
    else if (!isPadding || before !== "--") throw this.#malformed("behind a boundary CRLF or -- is expected");
    this.#at++;
  }

  #beginPart(): void {
    this.#parts++;
    this.#part = null;
    this.#place = "head";
    this.#headLength = 0;
    this.#lineStart = 0;
  }

  #readHead(byte: number): void {
    if (this.#headLength === MAX_HEAD_BYTES) {
      throw this.#malformed(`the header of part ${this.#parts} is longer than ${MAX_HEAD_BYTES} bytes`);
    }
    this.#head[this.#headLength++] = byte;
    this.#at++;
    if (byte !== LF) return;
    const lineEnd = this.#headLength - CRLF.length;
    if (lineEnd < this.#lineStart || this.#head[lineEnd] !== CR) {
      throw this.#malformed(`a line in the header of part ${this.#parts} ends with LF alone, where CRLF is expected`);
    }
    if (lineEnd === this.#lineStart) this.#beginContent(this.#head.subarray(0, lineEnd));
    else this.#lineStart = this.#headLength;
  }

  #beginContent(head: Uint8Array): void {
    this.#part = this.#readPartHead(head);
    const { name, isFile, isEncoded } = this.#part;
    const isWanted = name !== null && !isFile && this.found.has(name);
    if (isWanted && isEncoded) throw this.#malformed(`the field ${name} is not written plainly`);
    this.#place = "content";
    this.#start = this.#at;
    this.#back = CRLF;
    this.#value = isWanted ? [] : null;
    this.#valueBytes = 0;
  }

  #readPartHead(head: Uint8Array): PartHead {
    try {
      return readPartHead(head);
    } catch (cause) {
      if (!(cause instanceof PartHeadError)) throw cause;
      throw this.#malformed(`part ${this.#parts} cannot be told: ${cause.message}`);
    }
  }

  #tooLong(): GatewayError {
    const name = this.#part?.name ?? "";
    return new GatewayError("bad_request", `The form's field ${name} is longer than ${this.#maxValueBytes} bytes`, {
      param: name,
    });
  }

  #malformed(what: string): GatewayError {
    return new GatewayError("bad_request", `The form is malformed at byte ${this.#at}: ${what}`);
  }
}

const NO_PART: PartHead = { name: null, isFile: false, isEncoded: false };
