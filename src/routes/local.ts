/**
 * A request for a local model, from its place in the queue to the end of its lease: wait, forward, once more if it was not seen.
 *
 * @module
 */

import type { BackendTarget } from "../backend/types.ts";
import type { Clock } from "../clock.ts";
import type { Config } from "../config/types.ts";
import { GatewayError } from "../errors.ts";
import { CREDENTIAL_HEADERS } from "../gateway/auth.ts";
import type { Dialect } from "../gateway/error_response.ts";
import { requestHeaders } from "../gateway/headers.ts";
import { proxy } from "../gateway/proxy.ts";
import type { UpstreamClient } from "../gateway/upstream/client.ts";
import type { Log } from "../log.ts";
import type { Lease } from "../scheduler/lease.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";

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

/** A request whose model is known. */
export interface LocalCall {
  /** The id that names this request everywhere. */
  readonly id: string;
  /** The client's request; its body has been read. */
  readonly request: Request;
  /** The model's own id. */
  readonly model: string;
  /** Path at the backend, with the query. */
  readonly path: string;
  /** The bytes that the backend is to get. */
  readonly bytes: Uint8Array<ArrayBuffer> | null;
  /** The protocol of the client. */
  readonly dialect: Dialect;
  /** Address of the client, if the transport tells it. */
  readonly remoteAddr: string | null;
  /** The config that was in force when it arrived. */
  readonly config: Config;
}

/** How long a refused connection may wait for the news that its backend has exited, in milliseconds. */
const EXIT_NEWS_MS = 500;

/**
 * Waits in line for the model and has its backend answer.
 *
 * @throws {GatewayError} for everything that goes wrong before the first byte of the answer.
 */
export async function serveLocal(env: LocalEnv, call: LocalCall): Promise<Response> {
  const { id, model, request } = call;
  const lease = await env.scheduler.acquire(model, { signal: request.signal, id });
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
    await lease.renew();
    return await send(env, call, lease);
  }
}

function send(env: LocalEnv, call: LocalCall, lease: Lease<BackendTarget>): Promise<Response> {
  const { clock, log } = env;
  const { config, request } = call;
  const client = env.clientFor(lease.target);
  return proxy({
    method: request.method,
    signal: request.signal,
    lease,
    client,
    path: call.path,
    body: call.bytes,
    headers: requestHeaders(request.headers, {
      host: client.host,
      remoteAddr: call.remoteAddr,
      credentialNames: config.apiKeys.length > 0 ? CREDENTIAL_HEADERS : [],
    }),
    answerHeaders: [["x-request-id", call.id]],
    dialect: call.dialect,
    bounds: { bufferBytes: config.limits.responseBufferBytes, stalledMs: config.limits.stalledWriteMs },
    clock,
    log,
  });
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
