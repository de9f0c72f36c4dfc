/**
 * A strict, incremental HTTP/1.1 response parser: bytes in, heads and body pieces out; it refuses what two readers could
 * understand differently.
 *
 * @module
 */

import { concat } from "../bytes.ts";
import { ChunkedDecoder } from "./chunked.ts";
import { parseHead, type ResponseHead } from "./response_head.ts";
import { malformed } from "./response_syntax.ts";
import { TextCollector } from "./text_collector.ts";

export { ResponseSyntaxError } from "./response_syntax.ts";
export type { ResponseHead } from "./response_head.ts";

/** What a caller may know of besides the request's method. */
export interface ResponseParserOptions {
  /** Whether the request asked for an upgrade, so that 101 is an answer (RFC 9110 §15.2.2); refused otherwise. */
  readonly mayUpgrade?: boolean;
  /** Hears the status of every 1xx that is passed over, such as 100 Continue. */
  readonly onInformational?: (status: number) => void;
}

/** Informational answers and the final head together; nginx takes 32 KiB, Node 16 KiB. */
const MAX_HEAD_BYTES = 64 * 1024;
const MAX_INFORMATIONAL = 16;

type State = "head" | "length" | "close" | "chunked" | "done" | "tunnel" | "failed";

/** Parses one response; `method` is the request's, since a HEAD answer has no body. */
export class ResponseParser {
  readonly #method: string;
  readonly #options: ResponseParserOptions;
  readonly #headText = new TextCollector({ until: "block", maxBytes: MAX_HEAD_BYTES, what: "head" });
  #state: State = "head";
  #chunked: ChunkedDecoder | undefined;
  #remaining = 0;
  #informational = 0;
  #head: ResponseHead | undefined;
  #hasExcess = false;
  #rest: Uint8Array | null = null;

  /** CONNECT is refused with a TypeError: its answers have rules of their own (RFC 9112 §6.3, rule 2). */
  constructor(method: string, options: ResponseParserOptions = {}) {
    if (method === "CONNECT") throw new TypeError("Answers to CONNECT are not read here");
    this.#method = method;
    this.#options = options;
  }

  /** The head, once it is complete. */
  get head(): ResponseHead | undefined {
    return this.#head;
  }

  /** Whether the message is complete; after a 101 that was asked for, the message is its head. */
  get done(): boolean {
    return this.#state === "done" || this.#state === "tunnel";
  }

  /** Whether the body came in chunks. */
  get hadChunks(): boolean {
    return this.#chunked !== undefined;
  }

  /** Whether bytes came after the end of the message; such a connection must not be used again. */
  get hasExcess(): boolean {
    return this.#hasExcess;
  }

  /**
   * Takes the bytes of one read and returns every body byte in them as one piece, or null. The piece is a view of `bytes`
   * (then `piece.buffer === bytes.buffer`) or memory of its own, never a view of bytes from an earlier read: a reader that
   * uses its buffer again copies views and nothing else. Throws {@link ResponseSyntaxError}, also for every later push.
   */
  push(bytes: Uint8Array): Uint8Array | null {
    try {
      return this.#push(bytes);
    } catch (error) {
      this.#state = "failed";
      throw error;
    }
  }

  /** Tells that the connection ended; returns whether the message is whole. */
  end(): boolean {
    if (this.#state === "close") this.#state = "done";
    return this.done;
  }

  /** After a 101: the bytes behind the head that were pushed since the last call, in memory of their own, or null. */
  takeRest(): Uint8Array | null {
    const rest = this.#rest;
    this.#rest = null;
    return rest;
  }

  #push(bytes: Uint8Array): Uint8Array | null {
    let at = 0;
    while (this.#state === "head") {
      if (at === bytes.length) return null;
      const text = this.#headText.take(bytes, at);
      if (text === undefined) return null;
      at = this.#headText.end;
      this.#readHead(text);
    }
    switch (this.#state) {
      case "length": {
        const end = Math.min(at + this.#remaining, bytes.length);
        this.#remaining -= end - at;
        if (this.#remaining === 0) this.#finish(bytes, end);
        return view(bytes, at, end);
      }
      case "close":
        return view(bytes, at, bytes.length);
      case "chunked": {
        const decoder = this.#chunked ??= new ChunkedDecoder();
        const piece = decoder.push(bytes, at);
        if (decoder.done) this.#finish(bytes, decoder.end);
        return piece;
      }
      case "tunnel":
        if (at < bytes.length) this.#rest = concat([this.#rest ?? new Uint8Array(0), bytes.subarray(at)]);
        return null;
      case "done":
        this.#finish(bytes, at);
        return null;
      case "failed":
        throw malformed("it went on after a fault");
      default:
        this.#state satisfies never;
        return null;
    }
  }

  #finish(bytes: Uint8Array, end: number): void {
    this.#state = "done";
    if (end < bytes.length) this.#hasExcess = true;
  }

  #readHead(text: string): void {
    const { bodyLength, ...head } = parseHead(text, this.#method);
    const isUpgrade = head.status === 101;
    if (isUpgrade && !this.#options.mayUpgrade) throw malformed("unasked upgrade");
    if (head.status < 200 && !isUpgrade) {
      if (++this.#informational > MAX_INFORMATIONAL) throw malformed("too many informational responses");
      this.#options.onInformational?.(head.status);
      return;
    }
    this.#head = isUpgrade ? { ...head, keepAlive: false } : head;
    if (isUpgrade) this.#state = "tunnel";
    else if (typeof bodyLength === "string") this.#state = bodyLength;
    else {
      this.#remaining = bodyLength;
      this.#state = bodyLength === 0 ? "done" : "length";
    }
  }
}

function view(bytes: Uint8Array, from: number, to: number): Uint8Array | null {
  if (from === to) return null;
  return from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to);
}
