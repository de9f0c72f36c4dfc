/**
 * A model request from its body to the lease's end: read, resolve, wait, forward.
 *
 * @module
 */

import type { Config } from "../config/types.ts";
import type { BackendTarget } from "../backend/types.ts";
import type { Clock } from "../clock.ts";
import { GatewayError } from "../errors.ts";
import { CREDENTIAL_HEADERS } from "../gateway/auth.ts";
import { readModelRequest, replaceModel } from "../gateway/body.ts";
import { requestHeaders } from "../gateway/headers.ts";
import { proxy } from "../gateway/proxy.ts";
import { queryOf } from "../gateway/request_url.ts";
import type { UpstreamClient } from "../gateway/upstream/client.ts";
import type { Log } from "../log.ts";
import { resolveModel } from "../routing/resolve.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { Lease } from "../scheduler/lease.ts";
import type { InferenceRoute } from "./inference_table.ts";

/** What serving a model request needs. */
export interface InferenceEnv {
  /** Who decides whose turn it is. */
  readonly scheduler: Scheduler<BackendTarget>;
  /** The HTTP client of one generation of a backend. */
  readonly clientFor: (target: BackendTarget) => UpstreamClient;
  /** Time. */
  readonly clock: Clock;
  /** The gateway's log. */
  readonly log: Log;
}

/** What is known about a request besides itself. */
export interface InferenceCall {
  /** The id that names this request everywhere. */
  readonly id: string;
  /** Address of the client, if the transport tells it. */
  readonly remoteAddr: string | null;
  /** The config that was in force when it arrived. */
  readonly config: Config;
}

/** How long a refused connection may wait for the news that its backend has exited, in milliseconds. */
const EXIT_NEWS_MS = 500;

/**
 * Serves one request of a model-dispatched route.
 *
 * @throws {GatewayError} for everything that goes wrong before the first byte of the answer.
 */
export async function serveInference(
  env: InferenceEnv,
  route: InferenceRoute,
  request: Request,
  call: InferenceCall,
): Promise<Response> {
  const signal = request.signal; // wired lazily by the runtime: touched before anything is awaited
  const { model, bytes } = await readRequest(call.config, route, request);
  const lease = await env.scheduler.acquire(model, { signal, id: call.id });
  try {
    return await forward(env, { route, request, call, bytes, lease });
  } catch (error) {
    lease.release();
    throw error;
  }
}

/** The model that is meant, and the bytes that its backend is to get. */
async function readRequest(
  config: Config,
  route: InferenceRoute,
  request: Request,
): Promise<{ readonly model: string; readonly bytes: Uint8Array<ArrayBuffer> | null }> {
  if (route.method === "GET") return { model: resolveModel(config, modelOfQuery(request.url)), bytes: null };
  const read = await readModelRequest(request, { maxBytes: config.limits.requestBodyBytes });
  const model = resolveModel(config, read.model);
  const upstreamName = config.models.get(model)?.useModelName ?? "";
  return { model, bytes: upstreamName === "" ? read.bytes : replaceModel(read, upstreamName) };
}

interface Forwarding {
  readonly route: InferenceRoute;
  readonly request: Request;
  readonly call: InferenceCall;
  readonly bytes: Uint8Array<ArrayBuffer> | null;
  readonly lease: Lease<BackendTarget>;
}

async function forward(env: InferenceEnv, forwarding: Forwarding): Promise<Response> {
  try {
    return await send(env, forwarding);
  } catch (error) {
    // A backend that was killed while idle is found dead by its next request: once, it is started again for it.
    if (!await isGoneUnseen(env, forwarding.lease.target, error)) throw error;
    env.log.info(`Backend of ${forwarding.lease.model} had gone: starting it again for the request at hand`);
    await forwarding.lease.renew();
    return await send(env, forwarding);
  }
}

function send(env: InferenceEnv, { route, request, call, bytes, lease }: Forwarding): Promise<Response> {
  const { clock, log } = env;
  const { config } = call;
  const client = env.clientFor(lease.target);
  return proxy({
    method: request.method,
    signal: request.signal,
    lease,
    client,
    path: route.upstreamPath + queryOf(request.url),
    bytes,
    headers: requestHeaders(request.headers, {
      host: client.host,
      remoteAddr: call.remoteAddr,
      credentialNames: config.apiKeys.length > 0 ? CREDENTIAL_HEADERS : [],
    }),
    answerHeaders: [["x-request-id", call.id]],
    dialect: route.dialect,
    bounds: { bufferBytes: config.limits.responseBufferBytes, stalledMs: config.limits.stalledWriteMs },
    clock,
    log,
  });
}

/** Whether the backend has gone and cannot have seen the request; one that it may have seen is never sent twice. */
async function isGoneUnseen(env: InferenceEnv, target: BackendTarget, error: unknown): Promise<boolean> {
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

function modelOfQuery(url: string): string {
  const model = new URLSearchParams(queryOf(url)).get("model") ?? "";
  if (model !== "") return model;
  throw new GatewayError("bad_request", "The query needs a parameter model with the name of a model", {
    param: "model",
  });
}
