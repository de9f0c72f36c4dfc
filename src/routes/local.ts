/**
 * A request for a local model, from its place in the queue to the end of its lease: wait, forward, once more if it was not seen.
 *
 * @module
 */

import type { BackendTarget } from "../backend/types.ts";
import type { Clock } from "../clock.ts";
import { GatewayError } from "../errors.ts";
import { CREDENTIAL_HEADERS } from "../gateway/auth.ts";
import type { Dialect } from "../gateway/error_response.ts";
import { requestHeaders } from "../gateway/headers.ts";
import { proxy, type ProxyLease } from "../gateway/proxy.ts";
import type { NamedRequest } from "../gateway/request/named_request.ts";
import type { Outcome } from "../gateway/response_stream.ts";
import type { UpstreamClient } from "../gateway/upstream/client.ts";
import type { HeaderList } from "../gateway/upstream/message.ts";
import type { Log } from "../log.ts";
import type { InFlightEntry } from "../observe/in_flight_entry.ts";
import type { Lease } from "../scheduler/lease.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { RequestContext } from "./config_in_force.ts";

/** What serving a local model needs. */
export interface LocalEnv {
  /** Who decides whose turn it is. */
  readonly scheduler: Scheduler<BackendTarget>;
  /** The HTTP client of one generation of a backend. */
  readonly clientFor: (target: BackendTarget) => UpstreamClient;
  /** Time. */
  readonly clock: Clock;
  /** The gateway's log. */
  readonly log: Log;
}

/** A request for a local model. */
export interface LocalCall {
  /** The id that names this request everywhere. */
  readonly id: string;
  /** The client's request; its body has been read. */
  readonly request: Request;
  /** The model's own id. */
  readonly model: string;
  /** Path at the backend, with the query. */
  readonly path: string;
  /** What the backend is to get. */
  readonly outgoing: Outgoing;
  /** The protocol of the client. */
  readonly dialect: Dialect;
  /** Whether the client asked for a stream. */
  readonly wantsStream: boolean;
  /** Who asks, and the config that was in force when it arrived. */
  readonly context: RequestContext;
  /** Ends the wait in line besides the client's own leaving; its reason is thrown. */
  readonly waitSignal?: AbortSignal;
  /** Is told where the request is. */
  readonly inFlight?: Pick<InFlightEntry, "queued" | "loading" | "serving"> | null;
  /** Sees each piece of the answer. */
  readonly tap: (piece: Uint8Array) => void;
  /** Told once how the answer ended; not when this throws. */
  readonly onEnd: (outcome: Outcome) => void;
}

/** A body as it is to be sent. */
export type Outgoing = Pick<NamedRequest, "body" | "length" | "canRepeat" | "contentType">;

/** How long a refused connection may wait for the news that its backend has exited, in milliseconds. */
const EXIT_NEWS_MS = 500;

/**
 * Waits in line for the model and has its backend answer.
 *
 * @throws {GatewayError} for everything that goes wrong before the first byte of the answer.
 */
export async function serveLocal(env: LocalEnv, call: LocalCall): Promise<Response> {
  const { id, model, request, waitSignal } = call;
  const signal = waitSignal === undefined ? request.signal : AbortSignal.any([request.signal, waitSignal]);
  const lease = await env.scheduler.acquire(model, { signal, id });
  try {
    return await forward(env, call, lease);
  } catch (error) {
    lease.release();
    throw error;
  }
}

async function forward(env: LocalEnv, call: LocalCall, lease: Lease<BackendTarget>): Promise<Response> {
  try {
    return await send(env, call, lease);
  } catch (error) {
    // A backend that was killed while idle is found dead by its next request: once, it is started again for it.
    if (!await isGoneUnseen(env, lease.target, error)) throw error;
    env.log.info(`Backend of ${lease.model} had gone: starting it again for the request at hand`);
    if (!call.outgoing.canRepeat) throw error;
    await lease.renew();
    return await send(env, call, lease);
  }
}

/** Has a backend answer that is held. */
export function send(
  env: Pick<LocalEnv, "clientFor" | "clock" | "log">,
  call: LocalCall,
  lease: ProxyLease & { readonly target: BackendTarget },
): Promise<Response> {
  const { clock, log } = env;
  const { request, context, outgoing } = call;
  const { config, from, peerAddress } = context;
  const client = env.clientFor(lease.target);
  const headers = requestHeaders(request.headers, {
    host: client.host,
    remoteAddr: peerAddress,
    scheme: from.scheme,
    forwardedHost: from.host,
    credentialNames: config.apiKeys.length > 0 ? CREDENTIAL_HEADERS : [],
  });
  return proxy({
    method: request.method,
    signal: request.signal,
    lease,
    client,
    path: call.path,
    body: outgoing.body(),
    bodyLength: outgoing.length,
    headers: outgoing.contentType === null ? headers : withContentType(headers, outgoing.contentType),
    dialect: call.dialect,
    bounds: { bufferBytes: config.limits.responseBufferBytes, stalledMs: config.limits.stalledWriteMs },
    clock,
    log,
    tap: call.tap,
    onEnd: call.onEnd,
  });
}

function withContentType(headers: HeaderList, type: string): HeaderList {
  return [...headers.filter(([name]) => name !== "content-type"), ["content-type", type]];
}

/** Whether the backend has gone and cannot have seen the request; one that it may have seen is never sent twice. */
async function isGoneUnseen(env: LocalEnv, target: BackendTarget, error: unknown): Promise<boolean> {
  if (!(error instanceof GatewayError) || error.code !== "backend_unreachable") return false;
  return await hasExited(env.clock, target);
}

/** False when the news does not come soon. */
async function hasExited(clock: Clock, { gone }: BackendTarget): Promise<boolean> {
  if (gone.aborted) return true;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const onGone = () => resolve(true);
  gone.addEventListener("abort", onGone, { once: true });
  const cancelTimer = clock.after(EXIT_NEWS_MS, () => resolve(false));
  const exited = await promise;
  cancelTimer();
  gone.removeEventListener("abort", onGone);
  return exited;
}
