/**
 * One request to a ready backend and its answer back; the lease ends with the answer's body.
 *
 * @module
 */

import { GatewayError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Dialect } from "./error_response.ts";
import { responseHeaders } from "./headers.ts";
import { type Outcome, responseStream } from "./response_stream.ts";
import type { UpstreamClient } from "./upstream/client.ts";

/** The right to use a backend, as far as the proxy needs it; releasing twice is harmless. */
export interface ProxyLease {
  readonly signal: AbortSignal;
  release(): void;
}

/** What {@link proxy} sends and whom it tells. */
export interface ProxyOptions {
  readonly request: Request;
  readonly lease: ProxyLease;
  readonly client: UpstreamClient;
  readonly path: string;
  readonly bytes: Uint8Array<ArrayBuffer> | null;
  readonly headers: readonly (readonly [string, string])[];
  readonly dialect: Dialect;
  readonly log: Log;
  /** Sees each chunk of the answer's body. */
  readonly tap?: (chunk: Uint8Array) => void;
  /** Told once how the answer ended. */
  readonly onEnd?: (outcome: Outcome) => void;
}

/**
 * Sends and returns the answer. When it throws, the lease is still the caller's; once it returns, the answer's body
 * releases it. Rejects with the reason of whichever signal aborted, or the client's {@link GatewayError}.
 */
export async function proxy(options: ProxyOptions): Promise<Response> {
  const { request, lease, client, path, bytes, headers, dialect, log } = options;
  const stop = new AbortController();
  const onClientLeft = () => stop.abort(new GatewayError("client_closed", "The client left before the answer"));
  const onLeaseEnd = () => stop.abort(lease.signal.reason);
  request.signal.addEventListener("abort", onClientLeft, { once: true });
  lease.signal.addEventListener("abort", onLeaseEnd, { once: true });
  if (request.signal.aborted) onClientLeft();
  if (lease.signal.aborted) onLeaseEnd();
  const letGo = () => {
    request.signal.removeEventListener("abort", onClientLeft);
    lease.signal.removeEventListener("abort", onLeaseEnd);
  };
  const onEnd = (outcome: Outcome) => {
    letGo();
    if (outcome.kind === "failed") log.warn(`An answer broke off: ${outcome.error.code}: ${outcome.error.message}`);
    lease.release();
    options.onEnd?.(outcome);
  };
  let body: ReadableStream<Uint8Array> | null = null;
  try {
    const answer = await client.send({ method: request.method, path, headers, body: bytes, signal: stop.signal });
    body = answer.body;
    const init = { status: answer.status, statusText: answer.statusText, headers: responseHeaders(answer.headers) };
    if (body === null || answer.status === 205) {
      const response = new Response(null, init);
      body?.cancel().catch(() => {});
      onEnd({ kind: "complete" });
      return response;
    }
    const isEventStream = /^text\/event-stream/i.test(init.headers.get("content-type") ?? "");
    const tap = options.tap === undefined ? {} : { tap: options.tap };
    return new Response(responseStream({ body, signal: stop.signal, isEventStream, dialect, onEnd, ...tap }), init);
  } catch (error) {
    letGo();
    if (body !== null && !body.locked) body.cancel(error).catch(() => {});
    throw error;
  }
}
