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
import { type Dialect, dialectOf } from "../gateway/error_response.ts";
import { requestHeaders } from "../gateway/headers.ts";
import { proxy } from "../gateway/proxy.ts";
import type { UpstreamClient } from "../gateway/upstream/client.ts";
import type { Log } from "../log.ts";
import { resolveModel } from "../routing/resolve.ts";
import type { SerialScheduler } from "../scheduler/scheduler.ts";
import type { Lease } from "../scheduler/lease.ts";
import type { InferenceRoute } from "./inference_table.ts";

/** What serving a model request needs. */
export interface InferenceEnv {
  /** The effective configuration. */
  readonly config: Config;
  /** Who decides whose turn it is. */
  readonly scheduler: SerialScheduler<BackendTarget>;
  /** The HTTP client of one generation of a backend. */
  readonly clientFor: (target: BackendTarget) => UpstreamClient;
  /** Time. */
  readonly clock: Clock;
  /** The gateway's log. */
  readonly log: Log;
  /** Largest request body in bytes. */
  readonly maxBodyBytes: number;
}

/** What is known about a request besides itself. */
export interface InferenceCall {
  /** The id that names this request everywhere. */
  readonly id: string;
  /** Address of the client, if the transport tells it. */
  readonly remoteAddr: string | null;
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
  const read = route.method === "GET" ? readQuery(request) : await readModelRequest(request, {
    maxBytes: env.maxBodyBytes,
  });
  const model = resolveModel(env.config, read.model);
  const upstreamName = env.config.models.get(model)?.useModelName ?? "";
  const bytes = read.bytes !== null && upstreamName !== ""
    ? replaceModel(read.bytes, read.model, upstreamName)
    : read.bytes;
  const lease = await env.scheduler.acquire(model, { signal, id: call.id });
  try {
    return await forward(env, { route, request, call, bytes, dialect: dialectOf(route.path), lease });
  } catch (error) {
    lease.release();
    throw error;
  }
}

interface Forwarding {
  readonly route: InferenceRoute;
  readonly request: Request;
  readonly call: InferenceCall;
  readonly bytes: Uint8Array<ArrayBuffer> | null;
  readonly dialect: Dialect;
  readonly lease: Lease<BackendTarget>;
}

async function forward(env: InferenceEnv, forwarding: Forwarding): Promise<Response> {
  try {
    return await send(env, forwarding);
  } catch (error) {
    // A backend that was killed while idle is found dead by its next request: once, it is started again for it.
    if (!await diedBeforeAnswering(env, forwarding.lease.target, error)) throw error;
    env.log.info(`Backend of ${forwarding.lease.model} had gone: starting it again for the request at hand`);
    await forwarding.lease.renew();
    return await send(env, forwarding);
  }
}

function send(env: InferenceEnv, { route, request, call, bytes, dialect, lease }: Forwarding): Promise<Response> {
  const query = queryOf(request.url);
  return proxy({
    request,
    lease,
    client: env.clientFor(lease.target),
    path: route.upstreamPath + query,
    bytes,
    headers: requestHeaders(request.headers, {
      host: new URL(lease.target.baseUrl).host,
      remoteAddr: call.remoteAddr,
      credentialNames: env.config.apiKeys.length > 0 ? CREDENTIAL_HEADERS : [],
    }),
    dialect,
    log: env.log,
  });
}

async function diedBeforeAnswering(env: InferenceEnv, target: BackendTarget, error: unknown): Promise<boolean> {
  if (!(error instanceof GatewayError)) return false;
  if (error.code !== "backend_unreachable" && error.code !== "backend_lost") return false;
  if (target.gone.aborted) return true;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const onGone = () => resolve(true);
  target.gone.addEventListener("abort", onGone, { once: true });
  const cancelTimer = env.clock.after(EXIT_NEWS_MS, () => resolve(false));
  try {
    return await promise;
  } finally {
    cancelTimer();
    target.gone.removeEventListener("abort", onGone);
  }
}

function readQuery(request: Request): { readonly bytes: null; readonly model: string } {
  const model = new URLSearchParams(queryOf(request.url)).get("model") ?? "";
  if (model === "") {
    throw new GatewayError("bad_request", "The query needs a parameter model with the name of a model", {
      param: "model",
    });
  }
  return { bytes: null, model };
}

function queryOf(url: string): string {
  const mark = url.indexOf("?");
  return mark < 0 ? "" : url.slice(mark);
}
