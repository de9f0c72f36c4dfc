/**
 * The sending half of an exchange: head, then body, with a wait for `100 Continue` between them where that was promised.
 *
 * @module
 */

import { timerDelay } from "../../clock.ts";
import { GatewayError } from "../../errors.ts";
import { concat } from "../bytes.ts";
import type { Connection } from "./connection.ts";
import { putHeadAndBody, type RequestFraming } from "./request_head.ts";

/** What is sent, and where. */
export interface RequestWriterOptions {
  readonly connection: Connection;
  /** See `writeRequestHead`. */
  readonly head: string;
  readonly framing: RequestFraming;
  readonly body: Uint8Array | ReadableStream<Uint8Array> | null;
  /** See `UpstreamRequest`. */
  readonly isBodyLast: boolean;
  /** How long to wait for `100 Continue` before the body goes out all the same; undefined does not wait, null for ever. */
  readonly continueTimeoutMs: number | null | undefined;
  /** The body's stream failed, or has another length than was announced: the message cannot be ended. */
  readonly onBadBody: (reason: unknown) => void;
}

/** A body up to this size goes out in one write together with the head. */
const SMALL_BYTES = 64 * 1024;
/** From here on waiting for the garbage collector shows in the memory of the process. */
const LARGE_BYTES = 1024 * 1024;
const NOTHING = new Uint8Array(0);
const ENCODER = new TextEncoder();
const CRLF = ENCODER.encode("\r\n");
const LAST_CHUNK = ENCODER.encode("0\r\n\r\n");

/** Sends one request; made for one {@link RequestWriter.start}. */
export class RequestWriter {
  /** False once it is certain that not one byte has got through. */
  mayHaveBeenSeen = true;
  /** Whether a streamed body has been touched, so that it cannot be sent a second time. */
  hasReadBody = false;
  readonly #options: RequestWriterOptions;
  /** There from the start: an answer may be read before the write of the head is known to have ended. */
  readonly #continue: PromiseWithResolvers<boolean> | null;
  #reader: ReadableStreamDefaultReader<Uint8Array> | null = null;
  #isStopped = false;
  /** `last`: all that is left has been handed to the system, which has not confirmed it yet. */
  #progress: "writing" | "last" | "done" | "broken" = "writing";
  #onSettled: ((isDone: boolean) => void) | null = null;

  /** Sends nothing yet. */
  constructor(options: RequestWriterOptions) {
    this.#options = options;
    this.#continue = options.continueTimeoutMs === undefined ? null : Promise.withResolvers<boolean>();
  }

  /** Sends; a failed write is no error here, because the answer's side tells how the exchange ended. */
  start(): void {
    this.#send().then((isWhole) => this.#settle(isWhole), () => this.#settle(false));
  }

  /**
   * Tells whether every byte has gone out, at once where that is known. An answer can overtake the news of the write that it
   * answers: then the news is waited for. A request of which something is still to be written counts as broken.
   */
  whenWritten(tell: (isDone: boolean) => void): void {
    if (this.#progress === "last") this.#onSettled = tell;
    else tell(this.#progress === "done");
  }

  /** The backend said `100 Continue`. */
  goOn(): void {
    this.#continue?.resolve(true);
  }

  /** The answer is there or nobody wants it: a body that has not begun to go out stays here. */
  noMore(): void {
    this.#continue?.resolve(false);
  }

  /** Nobody wants the rest of a streamed body: it is cancelled, and no more of it is sent. */
  drop(reason: unknown): void {
    if (this.#progress === "done") return;
    this.#isStopped = true;
    this.#continue?.resolve(false);
    this.#reader?.cancel(reason).catch(() => {});
  }

  #settle(isWhole: boolean): void {
    this.#progress = isWhole ? "done" : "broken";
    const { body, isBodyLast } = this.#options;
    if (isWhole && isBodyLast && body instanceof Uint8Array && body.length >= LARGE_BYTES) free(body);
    this.#onSettled?.(isWhole);
  }

  /** Whether the request has gone out as a whole. */
  async #send(): Promise<boolean> {
    const { head, body, continueTimeoutMs } = this.#options;
    const isOneWrite = body === null || (body instanceof Uint8Array && body.length <= SMALL_BYTES);
    if (isOneWrite && continueTimeoutMs === undefined) {
      this.#progress = "last";
      await this.#begin(head, body ?? NOTHING);
      return true;
    }
    await this.#begin(head, NOTHING);
    if (continueTimeoutMs !== undefined && !(await this.#mayGoOn(continueTimeoutMs))) {
      this.#isStopped = true;
      if (body instanceof ReadableStream) await body.cancel("not wanted");
    }
    if (this.#isStopped) return false;
    if (body instanceof Uint8Array) await this.#write(body);
    else if (body !== null) await this.#stream(body);
    return !this.#isStopped;
  }

  /** The first write, which tells whether anything got through. */
  async #begin(head: string, body: Uint8Array): Promise<void> {
    const bytes = this.#options.connection.roomToWrite(head.length + body.length);
    putHeadAndBody(bytes, head, body);
    let written: number;
    try {
      written = await this.#options.connection.write(bytes);
    } catch (error) {
      this.mayHaveBeenSeen = this.#options.connection.isSecure; // until the write has failed, it may have got through
      throw error;
    }
    if (written < bytes.length) await this.#write(bytes.subarray(written));
  }

  async #write(bytes: Uint8Array): Promise<void> {
    const { length } = bytes;
    for (let at = 0; at < length;) at += await this.#options.connection.write(bytes.subarray(at));
  }

  async #mayGoOn(timeoutMs: number | null): Promise<boolean> {
    const timer = timeoutMs === null ? undefined : setTimeout(() => this.goOn(), timerDelay(timeoutMs));
    const mayGoOn = await this.#continue?.promise;
    clearTimeout(timer);
    return mayGoOn === true;
  }

  async #stream(body: ReadableStream<Uint8Array>): Promise<void> {
    const { framing, onBadBody } = this.#options;
    this.hasReadBody = true;
    const reader = this.#reader = body.getReader();
    let left = framing === "chunked" || framing === "none" ? null : framing.length;
    try {
      while (true) {
        const { done, value } = await reader.read().catch((reason) => {
          onBadBody(reason);
          throw reason;
        });
        if (this.#isStopped) return;
        if (done) break;
        if (value.length === 0) continue; // as a chunk it would end the body
        if (left === null) {
          await this.#write(chunkOf(value));
          continue;
        }
        left -= value.length;
        if (left < 0) throw tell(onBadBody, "The body is longer than was announced");
        await this.#write(value);
      }
      if (left === null) await this.#write(LAST_CHUNK);
      else if (left > 0) throw tell(onBadBody, "The body is shorter than was announced");
    } catch (error) {
      await reader.cancel(error).catch(() => {});
      throw error;
    }
  }
}

function free({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}

function chunkOf(bytes: Uint8Array): Uint8Array {
  return concat([ENCODER.encode(`${bytes.length.toString(16)}\r\n`), bytes, CRLF]);
}

function tell(onBadBody: (reason: unknown) => void, message: string): Error {
  const error = new GatewayError("bad_request", message);
  onBadBody(error);
  return error;
}
