/**
 * One request to a ready backend and its answer back; the lease ends when the backend has no more to do with it.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { clientLeft, describeError, GatewayError, isOperatorsWish } from "../errors.ts";
import type { Log } from "../log.ts";
import type { StreamDialect } from "./error_event.ts";
import { headResponse, type ResponseHead } from "./head_response.ts";
import { responseHeaders } from "./headers.ts";
import { type CutRest, type Outcome, responseStream, type SlowClientBounds } from "./response_stream.ts";
import type { UpstreamClient } from "./upstream/client.ts";
import type { HeaderList, UpstreamCall, UpstreamResponse } from "./upstream/message.ts";

/** The right to use a backend, as far as the proxy needs it; releasing twice is harmless. */
export interface ProxyLease {
  onInterrupt(listener: (reason: GatewayError) => void): void;
  release(): void;
}

/** What {@link proxy} sends and whom it tells. */
export interface ProxyOptions {
  readonly method: string;
  /** Aborts when the client leaves; a `GatewayError` as its reason is the reason that is told. */
  readonly signal: AbortSignal;
  readonly lease: ProxyLease;
  readonly client: UpstreamClient;
  readonly path: string;
  /**
   * Bytes that nobody may need afterwards: their memory is freed when a backend has them all. Or a stream of them, which is
   * read once and cancelled when nobody wants the rest.
   */
  readonly body: Uint8Array | ReadableStream<Uint8Array> | null;
  /** How many bytes a streamed body has, if that is known; otherwise it goes out in chunks. */
  readonly bodyLength?: number | undefined;
  readonly headers: HeaderList;
  /** Headers of the gateway's own for the answer. */
  readonly answerHeaders?: HeaderList;
  readonly dialect: StreamDialect;
  readonly bounds: SlowClientBounds;
  readonly clock: Clock;
  readonly log: Log;
  /** Sees each chunk of the answer's body. */
  readonly tap?: ((chunk: Uint8Array) => void) | undefined;
  /** Told the head of the answer, before anything of its body. */
  readonly onHead?: (status: number, headers: HeaderList) => void;
  /** What a failure at the backend's end is told as; as it is unless given. Called when it fails, head or no head. */
  readonly tellAs?: (error: unknown) => unknown;
  /** See `ResponseStreamOptions`. */
  readonly onRest?: (cut: CutRest) => void;
  /** Told once how the answer ended. */
  readonly onEnd?: (outcome: Outcome) => void;
}

/**
 * Sends and returns the answer. When it throws, the lease is still the caller's; once it returns, the answer's body
 * releases it. Rejects with the reason of whatever aborted, or the client's {@link GatewayError}.
 */
export async function proxy(options: ProxyOptions): Promise<Response> {
  const { signal, lease } = options;
  if (signal.aborted) throw dropBody(options.body, reasonOf(signal));
  const call = send(options);
  const abort = (reason: unknown) => call.abort(reason);
  const onClientLeft = () => abort(reasonOf(signal));
  signal.addEventListener("abort", onClientLeft);
  lease.onInterrupt(abort);
  const letGo = () => signal.removeEventListener("abort", onClientLeft);
  let answer: UpstreamResponse;
  try {
    answer = await call.response;
  } catch (error) {
    letGo();
    throw options.tellAs?.(error) ?? error;
  }
  return respond(answer, options, { abort, letGo });
}

function send({ method, client, path, headers, body, bodyLength }: ProxyOptions): UpstreamCall {
  try {
    const length = bodyLength === undefined ? {} : { bodyLength };
    return client.send({ method, path, headers, body, ...length, isBodyLast: true });
  } catch (error) {
    throw dropBody(body, error);
  }
}

/** Nobody wants the body; returns `reason`. */
function dropBody(body: ProxyOptions["body"], reason: unknown): unknown {
  if (body instanceof ReadableStream) body.cancel(reason).catch(() => {});
  return reason;
}

/** How an answer that is passed on can end early, and what ends with it. */
export interface Ends {
  readonly abort: (reason: unknown) => void;
  /** Ends the listening for the client. */
  readonly letGo: () => void;
}

/** What {@link respond} needs to know of a request. */
export type AnswerOptions = Omit<ProxyOptions, "signal" | "client" | "path" | "headers" | "body" | "bodyLength">;

/** Passes an answer on; from now on its body releases the lease. */
export function respond(answer: UpstreamResponse, options: AnswerOptions, { abort, letGo }: Ends): Response {
  const { method, lease, dialect, bounds, clock, log, tap, answerHeaders = [], tellAs, onHead, onRest, onEnd } =
    options;
  const { status, statusText, body } = answer;
  const { headers, isEventStream, isEncoded } = responseHeaders(answer.headers, answerHeaders);
  const init = { status, statusText, headers };
  onHead?.(status, headers);
  const onBackendFree = () => lease.release();
  if (body === null || body.whole !== null || status === RESET_CONTENT) {
    letGo();
    const response = method === "HEAD" ? headResponse(init) : wholeResponse(body?.whole ?? null, init, tap);
    body?.cancel();
    onBackendFree();
    onEnd?.({ kind: "complete" });
    return response;
  }
  const stream = responseStream({
    body,
    abort,
    tellAs,
    mayAddEvents: isEventStream && !isEncoded,
    dialect,
    bounds,
    clock,
    tap,
    onBackendFree,
    onRest,
    onEnd(outcome) {
      letGo();
      if (outcome.kind === "failed") {
        const words = `An answer broke off: ${describeError(outcome.error)}`;
        if (isOperatorsWish(outcome.error)) log.info(words);
        else log.warn(words);
      }
      if (outcome.kind === "clientStalled") log.warn("An answer was cut: its client took nothing for too long");
      onEnd?.(outcome);
    },
  });
  return new Response(stream, init);
}

const NO_CONTENT = 204;
/** The runtime sends it without a length, and the client waits for ever: 204 says the same but for "clear your form". */
const RESET_CONTENT = 205;

/** An answer that is here already goes out in one piece: no stream, and nothing to wait for. */
function wholeResponse(
  whole: Uint8Array<ArrayBuffer> | null,
  init: ResponseHead,
  tap: ((chunk: Uint8Array) => void) | undefined,
): Response {
  if (init.status === RESET_CONTENT) {
    const headers = init.headers.filter(([name]) => name !== "content-length");
    return new Response(null, { status: NO_CONTENT, headers });
  }
  if (whole === null) return new Response(null, init);
  if (whole.length > 0) tap?.(whole);
  return new Response(whole, init);
}

function reasonOf({ reason }: AbortSignal): GatewayError {
  return reason instanceof GatewayError ? reason : clientLeft();
}
