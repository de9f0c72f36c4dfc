/**
 * A strict, incremental HTTP/1.1 response parser: bytes in, heads and body pieces out; it refuses what two readers could
 * understand differently.
 *
 * @module
 */

import { concat } from "../bytes.ts";

/** A response that breaks HTTP/1.1 or exceeds a limit. */
export class ResponseSyntaxError extends Error {
  override readonly name = "ResponseSyntaxError";
}

/** Status line and headers of a final (not 1xx) response. */
export interface ResponseHead {
  readonly status: number;
  readonly statusText: string;
  /** In the order received, names in lower case. */
  readonly headers: readonly (readonly [string, string])[];
  /** Whether the message has a body at all. */
  readonly hasBody: boolean;
  /** Whether the connection may serve another request after the end of this message. */
  readonly keepAlive: boolean;
}

const MAX_HEAD_BYTES = 64 * 1024;
const MAX_HEADERS = 256;
const MAX_CHUNK_LINE = 4096;
const MAX_INFORMATIONAL = 16;
const LATIN1 = new TextDecoder("latin1");
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/;

type State = "head" | "length" | "close" | "size" | "chunk" | "chunkEnd" | "trailer" | "done";

/** Parses one response; `method` is the request's, since a HEAD answer has no body. */
export class ResponseParser {
  readonly #method: string;
  #state: State = "head";
  #pending: Uint8Array = new Uint8Array(0);
  #remaining = 0;
  #informational = 0;
  #trailerBytes = 0;
  #head: ResponseHead | undefined;

  constructor(method: string) {
    this.#method = method;
  }

  /** The head, once it is complete. */
  get head(): ResponseHead | undefined {
    return this.#head;
  }

  /** Whether the message is complete. */
  get done(): boolean {
    return this.#state === "done";
  }

  /** Whether bytes came after the end of the message; such a connection must not be used again. */
  get hasExcess(): boolean {
    return this.done && this.#pending.length > 0;
  }

  /**
   * Takes the bytes of one read and returns every body byte in them as one piece, or null. The piece may be a view of `read`.
   * Throws {@link ResponseSyntaxError}.
   */
  push(read: Uint8Array): Uint8Array | null {
    const bytes = this.#pending.length === 0 ? read : concat([this.#pending, read]);
    this.#pending = bytes;
    let at = 0;
    const pieces: Uint8Array[] = [];
    while (this.#state !== "done") {
      if (this.#state === "head") {
        const end = findHeadEnd(bytes, at);
        if (end < 0 ? bytes.length - at > MAX_HEAD_BYTES : end - at > MAX_HEAD_BYTES) throw bad("head is too large");
        if (end < 0) break;
        this.#readHead(LATIN1.decode(bytes.subarray(at, end - 4)));
        at = end;
      } else if (this.#state === "close") {
        if (at < bytes.length) pieces.push(bytes.subarray(at));
        at = bytes.length;
        break;
      } else if (this.#state === "length" || this.#state === "chunk") {
        const take = Math.min(this.#remaining, bytes.length - at);
        if (take > 0) pieces.push(bytes.subarray(at, at + take));
        at += take;
        this.#remaining -= take;
        if (this.#remaining > 0) break;
        this.#state = this.#state === "length" ? "done" : "chunkEnd";
      } else {
        const end = findLineEnd(bytes, at);
        if (end < 0) {
          if (bytes.length - at > MAX_CHUNK_LINE) throw bad("chunk line is too long");
          break;
        }
        if (end - at > MAX_CHUNK_LINE) throw bad("chunk line is too long");
        this.#readLine(LATIN1.decode(bytes.subarray(at, end)));
        at = end + 2;
      }
    }
    this.#pending = at === bytes.length ? new Uint8Array(0) : bytes.slice(at);
    if (pieces.length === 0) return null;
    return pieces.length === 1 ? pieces[0] ?? null : concat(pieces);
  }

  /** Tells that the connection ended; returns whether the message is whole. */
  end(): boolean {
    if (this.#state === "close") this.#state = "done";
    return this.#state === "done";
  }

  #readLine(line: string): void {
    if (CONTROL.test(line)) throw bad("control character in chunked framing");
    if (this.#state === "chunkEnd") {
      if (line !== "") throw bad("chunk is longer than its size");
      this.#state = "size";
    } else if (this.#state === "size") {
      const size = /^([0-9a-fA-F]{1,13})[ \t]*(?:;.*)?$/.exec(line)?.[1];
      if (size === undefined) throw bad("chunk size");
      this.#remaining = parseInt(size, 16);
      this.#state = this.#remaining === 0 ? "trailer" : "chunk";
    } else if (line === "") {
      this.#state = "done";
    } else {
      this.#trailerBytes += line.length;
      if (this.#trailerBytes > MAX_HEAD_BYTES) throw bad("trailers are too large");
      parseField(line);
    }
  }

  #readHead(text: string): void {
    const [statusLine = "", ...lines] = text.split("\r\n");
    const match = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: (.*))?$/.exec(statusLine);
    if (!match || CONTROL.test(statusLine)) throw bad("status line");
    if (lines.length > MAX_HEADERS) throw bad("too many headers");
    const headers = lines.map(parseField);
    const status = Number(match[2]);
    if (status < 200) {
      if (status === 101) throw bad("unasked upgrade");
      if (++this.#informational > MAX_INFORMATIONAL) throw bad("too many informational responses");
      return;
    }
    const lengths = valuesOf(headers, "content-length").flatMap((value) => value.split(",")).map((v) => v.trim());
    const codings = valuesOf(headers, "transfer-encoding");
    if (lengths.length > 0 && codings.length > 0) throw bad("both content-length and transfer-encoding");
    if (lengths.some((length) => !/^\d{1,15}$/.test(length) || length !== lengths[0])) throw bad("content-length");
    if (codings.length > 0 && (codings.length > 1 || codings[0]?.toLowerCase() !== "chunked" || match[1] === "0")) {
      throw bad("transfer-encoding");
    }
    const connection = valuesOf(headers, "connection").join(",").toLowerCase().split(",").map((v) => v.trim());
    const bodiless = this.#method === "HEAD" || status === 204 || status === 304;
    const byClose = !bodiless && lengths.length === 0 && codings.length === 0;
    const keepAlive = !byClose && !connection.includes("close") &&
      (match[1] === "1" || connection.includes("keep-alive"));
    this.#remaining = Number(lengths[0] ?? 0);
    if (bodiless) this.#state = "done";
    else if (codings.length > 0) this.#state = "size";
    else if (byClose) this.#state = "close";
    else this.#state = this.#remaining === 0 ? "done" : "length";
    this.#head = { status, statusText: match[3] ?? "", headers, hasBody: !bodiless, keepAlive };
  }
}

function parseField(line: string): readonly [string, string] {
  const colon = line.indexOf(":");
  const name = line.slice(0, colon);
  if (colon < 1 || !TOKEN.test(name)) throw bad("header name");
  const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, "");
  if (CONTROL.test(value)) throw bad("control character in a header");
  return [name.toLowerCase(), value];
}

function valuesOf(headers: readonly (readonly [string, string])[], name: string): string[] {
  return headers.filter(([key]) => key === name).map(([, value]) => value);
}

function findLineEnd(bytes: Uint8Array, from: number): number {
  const lf = bytes.indexOf(10, from);
  if (lf < 0) return -1;
  if (lf === from || bytes[lf - 1] !== 13) throw bad("bare line feed");
  return lf - 1;
}

function findHeadEnd(bytes: Uint8Array, from: number): number {
  for (let lf = bytes.indexOf(10, from); lf >= 0; lf = bytes.indexOf(10, lf + 1)) {
    if (lf === from || bytes[lf - 1] !== 13) throw bad("bare line feed");
    if (lf - from >= 3 && bytes[lf - 2] === 10) return lf + 1;
  }
  return -1;
}

function bad(what: string): ResponseSyntaxError {
  return new ResponseSyntaxError(`Malformed response: ${what}`);
}
