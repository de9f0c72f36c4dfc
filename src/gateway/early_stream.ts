/**
 * An answer that has begun before the backend's: what is said meanwhile, then the backend's own stream, or its failure.
 *
 * @module
 */

import type { GatewayError } from "../errors.ts";
import { errorEvent, lateAnswerEvent, type StreamDialect } from "./error_event.ts";

/** What {@link EarlyStream} is made of. */
export interface EarlyStreamOptions {
  readonly dialect: StreamDialect;
  /** The client has left before there was anything to follow. */
  readonly onLeave: () => void;
}

/** More is not kept of what was said to a client that does not read: nobody misses it. */
const MOST_SAID_BYTES = 64 * 1024;

/** More of a late answer is not looked at: it is an error that has no stream to be passed on in. */
const MOST_READ_BYTES = 64 * 1024;

/** Nothing of the backend's answer is kept here: each piece is asked for when the client asks. */
export class EarlyStream implements UnderlyingDefaultSource<Uint8Array<ArrayBuffer>> {
  /** What the client reads. */
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly #options: EarlyStreamOptions;
  readonly #encoder = new TextEncoder();
  readonly #followed = Promise.withResolvers<ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | null>();
  #controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | null = null;
  #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | null = null;
  #isOver = false;

  /** Begins with nothing said. */
  constructor(options: EarlyStreamOptions) {
    this.#options = options;
    this.stream = new ReadableStream(this, { highWaterMark: 0, size: (chunk) => chunk.byteLength });
  }

  /** The stream's own. */
  start(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): void {
    this.#controller = controller;
  }

  /** The stream's own: the client has taken everything and wants more. */
  async pull(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): Promise<void> {
    const reader = await this.#followed.promise;
    if (reader === null) return;
    const { done, value } = await reader.read(); // its failure becomes this stream's
    if (!done) return controller.enqueue(value);
    this.#isOver = true;
    controller.close();
  }

  /** The stream's own: the client has left. */
  cancel(reason: unknown): Promise<void> | void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#followed.resolve(null);
    if (this.#reader !== null) return this.#reader.cancel(reason);
    this.#options.onLeave();
  }

  /** Says something now; returns how many bytes that were, 0 when the client takes nothing or the backend's answer has begun. */
  say(text: string): number {
    const controller = this.#controller;
    if (this.#isOver || this.#reader !== null || controller === null || text === "") return 0;
    if ((controller.desiredSize ?? 0) < -MOST_SAID_BYTES) return 0;
    const bytes = this.#encoder.encode(text);
    controller.enqueue(bytes);
    return bytes.length;
  }

  /** Goes on with the backend's answer; one that is no stream of events is told as a failure. Never rejects. */
  async follow(answer: Response): Promise<void> {
    const { status, headers, body } = answer;
    if (this.#isOver) return void await body?.cancel().catch(() => {});
    if (body !== null && status === 200 && isPlainEvents(headers)) {
      this.#reader = body.getReader();
      return this.#followed.resolve(this.#reader);
    }
    const text = body === null ? "" : await beginningOf(body);
    this.#endWith(lateAnswerEvent({ status, text }, this.#options.dialect));
  }

  /** Tells that there will be no answer. */
  fail(error: GatewayError): void {
    this.#endWith(errorEvent(error, this.#options.dialect));
  }

  /** Everything is said with the event, so the transfer itself ends in order. */
  #endWith(event: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#controller?.enqueue(this.#encoder.encode(event));
    this.#controller?.close();
    this.#followed.resolve(null);
  }
}

function isPlainEvents(headers: Headers): boolean {
  const encoding = headers.get("content-encoding") ?? "identity";
  return encoding.toLowerCase() === "identity" &&
    headers.get("content-type")?.toLowerCase().includes("text/event-stream") === true;
}

/** What a body begins with, as text; the rest is not waited for. What breaks off is told as far as it came. */
async function beginningOf(body: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  try {
    for await (const piece of body) {
      text += decoder.decode(piece, { stream: true });
      bytes += piece.length;
      if (bytes >= MOST_READ_BYTES) break;
    }
  } catch {
    // it is a failure already
  }
  return text;
}
