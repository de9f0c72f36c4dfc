/**
 * One request and its answer on one connection.
 *
 * @module
 */

import { GatewayError } from "../../errors.ts";
import { concat } from "../bytes.ts";
import type { UpstreamRequest, UpstreamResponse } from "./message.ts";
import type { Connection } from "./connection.ts";
import { type ResponseHead, ResponseParser } from "./response_parser.ts";

/** What an exchange works with. */
export interface ExchangeOptions {
  readonly connection: Connection;
  readonly request: UpstreamRequest;
  /** Request line and headers, as they go over the wire. */
  readonly head: Uint8Array;
  /** Milliseconds until the head of the answer, or null for no limit. */
  readonly headerTimeoutMs: number | null;
  /** Gets the connection when it may carry another request. */
  readonly onReusable: (connection: Connection) => void;
}

/** Carries one request; made for one {@link Exchange.run}. */
export class Exchange {
  readonly #options: ExchangeOptions;
  readonly #connection: Connection;
  readonly #parser: ResponseParser;
  readonly #onAbort = () => this.#fail(this.#options.request.signal?.reason);
  #failure: { readonly reason: unknown } | undefined;
  #isSent = false;
  #mayHaveBeenSeen = true;

  /** Sends nothing yet. */
  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#connection = options.connection;
    this.#parser = new ResponseParser(options.request.method);
  }

  /**
   * Resolves with the head; rejects with the signal's reason, `header_timeout`, `backend_lost` or, when not one byte
   * could be written, `backend_unreachable`.
   */
  async run(): Promise<UpstreamResponse> {
    const { request: { signal }, headerTimeoutMs } = this.#options;
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (signal?.aborted) this.#onAbort();
    const timer = headerTimeoutMs === null ? undefined : setTimeout(() => {
      this.#fail(new GatewayError("header_timeout", "The model's backend did not answer in time"));
    }, headerTimeoutMs);
    try {
      this.#send().then(() => void (this.#isSent = true), () => {}); // the read tells
      const { head, first } = await this.#readHead();
      if (this.#failure !== undefined) throw this.#failure.reason;
      const { status, statusText, headers } = head;
      if (!head.hasBody) this.#finish(true);
      return { status, statusText, headers, body: head.hasBody ? this.#body(first) : null };
    } catch (cause) {
      throw this.#lost(cause);
    } finally {
      clearTimeout(timer);
    }
  }

  async #send(): Promise<void> {
    const { head, request: { body } } = this.#options;
    const isSmall = body === null || body.length <= 64 * 1024;
    const start = isSmall && body !== null ? concat([head, body]) : head;
    let hasWritten = false;
    try {
      await this.#connection.write(start, () => void (hasWritten = true));
    } catch (error) {
      this.#mayHaveBeenSeen = hasWritten; // until the write has failed, it may have got through
      throw error;
    }
    if (!isSmall) await this.#connection.write(body);
  }

  async #readHead(): Promise<{ readonly head: ResponseHead; readonly first: Uint8Array | null }> {
    while (true) {
      const bytes = await this.#connection.read();
      if (bytes === null) throw new Error("closed before the head of the answer");
      const first = this.#parser.push(bytes);
      if (this.#parser.head !== undefined) return { head: this.#parser.head, first };
    }
  }

  #body(first: Uint8Array | null): ReadableStream<Uint8Array> {
    let piece = first;
    return new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        try {
          piece ??= await this.#readPiece();
          if (this.#failure !== undefined) throw this.#failure.reason;
          if (piece !== null) controller.enqueue(piece);
          piece = null;
          if (!this.#parser.done) return;
          this.#finish(true);
          controller.close();
        } catch (cause) {
          controller.error(this.#lost(cause));
        }
      },
      cancel: () => this.#finish(false),
    }, { highWaterMark: 0 });
  }

  async #readPiece(): Promise<Uint8Array | null> {
    while (!this.#parser.done) {
      const bytes = await this.#connection.read();
      const piece = bytes === null ? null : this.#parser.push(bytes);
      if (piece !== null) return piece;
      if (bytes === null && !this.#parser.end()) throw new Error("closed in the middle of the body");
    }
    return null;
  }

  #fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#connection.close();
  }

  #finish(mayReuse: boolean): void {
    this.#options.request.signal?.removeEventListener("abort", this.#onAbort);
    const isReusable = mayReuse && this.#isSent && this.#parser.head?.keepAlive && !this.#parser.hasExcess;
    if (isReusable) this.#options.onReusable(this.#connection);
    else this.#connection.close();
  }

  #lost(cause: unknown): unknown {
    this.#finish(false);
    if (this.#failure !== undefined) return this.#failure.reason;
    if (this.#mayHaveBeenSeen) return new GatewayError("backend_lost", "The model's backend broke off", { cause });
    return new GatewayError("backend_unreachable", "The model's backend cannot be reached", { cause });
  }
}
