/**
 * The client for https backends: the runtime's own `fetch`.
 *
 * @module
 */

import { timerDelay } from "../../clock.ts";
import { GatewayError } from "../../errors.ts";
import type { UpstreamBody, UpstreamCall, UpstreamRequest, UpstreamResponse } from "./message.ts";

/** A request that goes by `fetch`. */
export class FetchCall implements UpstreamCall {
  readonly response: Promise<UpstreamResponse>;
  readonly #stop = new AbortController();

  /** Sends to `url` at once; without an answer's head in `headerTimeoutMs` (milliseconds) it is `header_timeout`. */
  constructor(url: string, request: UpstreamRequest, headerTimeoutMs: number | null) {
    this.response = this.#send(url, request, headerTimeoutMs);
  }

  /** See {@link UpstreamCall.abort}. */
  abort(reason: unknown): void {
    this.#stop.abort(reason);
  }

  async #send(url: string, request: UpstreamRequest, headerTimeoutMs: number | null): Promise<UpstreamResponse> {
    const { signal } = this.#stop;
    const timer = headerTimeoutMs === null ? undefined : setTimeout(() => {
      this.abort(new GatewayError("header_timeout", "The model's backend did not answer in time"));
    }, timerDelay(headerTimeoutMs));
    try {
      const headers = new Headers(
        request.headers.filter(([name]) => name !== "host").map(([n, v]): [string, string] => [n, v]),
      );
      headers.set("accept-encoding", "identity");
      const { body } = request;
      const response = await fetch(url, {
        method: request.method,
        headers,
        body: body instanceof Uint8Array ? new Uint8Array(body) : body,
        redirect: "manual",
        signal,
      });
      return {
        status: response.status,
        statusText: response.statusText,
        headers: [...response.headers],
        body: response.body === null ? null : new FetchedBody(response.body, signal),
        tunnel: null,
      };
    } catch (cause) {
      if (signal.aborted) throw signal.reason;
      throw isConnectError(cause)
        ? new GatewayError("backend_unreachable", "The model's backend cannot be reached", { cause })
        : new GatewayError("backend_lost", "The model's backend broke off", { cause });
    } finally {
      clearTimeout(timer);
    }
  }
}

/**
 * Whether no connection was made, so that the backend cannot have seen the request. The runtime says so in the text of the
 * cause alone; whatever else it says counts as seen, since a request that may have been seen is not sent twice.
 */
function isConnectError(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof Error &&
    error.cause.message.includes("client error (Connect)");
}

class FetchedBody implements UpstreamBody {
  readonly whole = null;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  readonly #signal: AbortSignal;

  constructor(body: ReadableStream<Uint8Array<ArrayBuffer>>, signal: AbortSignal) {
    this.#reader = body.getReader();
    this.#signal = signal;
  }

  async deliver(onPiece: (piece: Uint8Array<ArrayBuffer>) => Promise<void> | undefined): Promise<void> {
    try {
      while (true) {
        const { done, value } = await this.#reader.read();
        if (done) break;
        const room = onPiece(value);
        if (room !== undefined) await orAborted(room, this.#signal);
      }
    } catch (cause) {
      if (this.#signal.aborted) throw this.#signal.reason;
      throw new GatewayError("backend_lost", "The model's backend broke off", { cause });
    }
  }

  cancel(): void {
    this.#reader.cancel().catch(() => {});
  }
}

/** Waits for `room`, but not beyond an abort. */
async function orAborted(room: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const giveUp = () => reject(signal.reason);
  signal.addEventListener("abort", giveUp);
  if (signal.aborted) giveUp();
  room.then(resolve, reject);
  try {
    await promise;
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}
