/**
 * A request for a local model, from its place in the queue to the end of its lease: wait, forward, once more if it was not seen.
 *
 * @module
 */

import type { BackendTarget, Leaving } from "../backend/types.ts";
import type { Clock } from "../clock.ts";
import { clientLeft, GatewayError } from "../errors.ts";
import { credentialNamesOf } from "../gateway/auth.ts";
import { streamDialectOf } from "../gateway/error_event.ts";
import { requestHeaders } from "../gateway/headers.ts";
import { proxy, type ProxyLease } from "../gateway/proxy.ts";
import type { UpstreamClient } from "../gateway/upstream/client.ts";
import type { HeaderList } from "../gateway/upstream/message.ts";
import type { Log } from "../log.ts";
import type { Lease } from "../scheduler/lease.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import { EarlyAnswer, type EarlyWords } from "./early_answer.ts";
import { earlyWordsFor } from "./early_words.ts";
import type { CallContext, LocalCall } from "./local_call.ts";
import { LocalVisit } from "./local_visit.ts";

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

/** One call while it is served. */
interface Course {
  readonly call: LocalCall;
  readonly visit: LocalVisit;
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal;
  /** The answer that may begin while it waits. */
  readonly early: EarlyAnswer | null;
}

/** How long a refused connection may wait for the news that its backend has exited, in milliseconds. */
const EXIT_NEWS_MS = 500;

/**
 * Waits in line for the model and has its backend answer; a stream may be told meanwhile that it waits (G7).
 *
 * @throws {GatewayError} for everything that goes wrong before the first byte of the answer, with the headers that tell of
 * the wait (G6).
 */
export function serveLocal(env: LocalEnv, call: LocalCall): Promise<Response> {
  const { id, model, watcher } = call;
  const estimateNextMs = () => env.scheduler.estimateNextMs(model);
  const visit = new LocalVisit({ id, clock: env.clock, watcher, estimateNextMs });
  const words = earlyWordsFor(call);
  if (words !== null) return serveEarly(env, call, { visit, words });
  return serve(env, { call, visit, signal: call.request.signal, early: null });
}

/** The same with an answer that may begin before the backend's. */
function serveEarly(
  env: LocalEnv,
  call: LocalCall,
  { visit, words }: { readonly visit: LocalVisit; readonly words: EarlyWords },
): Promise<Response> {
  const { id, path, dialect, request } = call;
  const { scheduler, clock, log } = env;
  // Whoever drops the stream has left, also where the transport does not say so by the request's signal.
  const own = new AbortController();
  const onAbort = () => own.abort(clientLeft());
  if (request.signal.aborted) onAbort();
  else request.signal.addEventListener("abort", onAbort, { once: true });
  visit.onEnd = () => request.signal.removeEventListener("abort", onAbort);
  const early = new EarlyAnswer({
    words,
    visit,
    dialect: streamDialectOf(path, dialect),
    clock,
    log,
    position: () => scheduler.position(id),
    estimateMs: () => scheduler.estimateMs(id),
    leave: (reason) => own.abort(reason),
  });
  void early.settle(serve(env, { call, visit, signal: own.signal, early }));
  return early.response;
}

/** Waits, then forwards; whatever goes wrong, the lease is given back and the visit has ended. */
async function serve(env: LocalEnv, course: Course): Promise<Response> {
  const { call: { id, model, waitSignal }, call, visit, signal, early } = course;
  let lease: Lease<BackendTarget> | null = null;
  try {
    lease = await env.scheduler.acquire(model, {
      signal: waitSignal === undefined ? signal : AbortSignal.any([signal, waitSignal]),
      id,
      onWait(place) {
        visit.waits(place);
        early?.waits();
      },
    });
    visit.granted();
    early?.granted();
    const asked = { call, visit, signal, lease };
    try {
      return await askBackend(env, asked);
    } catch (error) {
      await loadAgain(env, asked, error);
    }
    return await askBackend(env, asked);
  } catch (error) {
    lease?.release();
    throw visit.failed(error, signal.aborted);
  }
}

/**
 * Has the model loaded once more when its backend had gone without seeing the request: one that was killed while idle is
 * found dead by its next request. Throws `error` when that is not what has happened.
 */
async function loadAgain(
  env: LocalEnv,
  { call, visit, lease }: AskedBackend & { readonly lease: Lease<BackendTarget> },
  error: unknown,
): Promise<void> {
  if (!canRepeat(call) || !await isGoneUnseen(env, lease.target, error)) throw error;
  env.log.info(`Backend of ${lease.model} had gone: starting it again for the request at hand`);
  visit.loadsAgain();
  await lease.renew();
  visit.granted();
}

/** One call at a backend that is held. */
export interface AskedBackend {
  readonly call: LocalCall;
  readonly visit: LocalVisit;
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal;
  /** Released when the backend has nothing more to do with it; still the caller's when this throws. */
  readonly lease: ProxyLease & { readonly target: BackendTarget };
}

/** Has a backend answer. */
export function askBackend(
  env: Pick<LocalEnv, "clientFor" | "clock" | "log">,
  { call, visit, signal, lease }: AskedBackend,
): Promise<Response> {
  const { clock, log } = env;
  const { context, request, body, tap, watcher } = call;
  const { limits } = context.config;
  const { target } = lease; // a lease that has ended has none
  const client = env.clientFor(target);
  const headers = headersToBackend(request.headers, {
    host: client.host,
    via: call.via,
    context,
    mayBeCompressed: call.mayBeCompressed === true,
  });
  return proxy({
    method: request.method,
    signal,
    lease,
    client,
    path: call.path,
    body: body?.body() ?? null,
    bodyLength: body?.length,
    headers: withContentType(headers, call.contentType ?? null),
    answerHeaders: visit.answerHeaders(),
    dialect: streamDialectOf(call.path, call.dialect),
    bounds: { bufferBytes: limits.responseBufferBytes, stalledMs: limits.stalledWriteMs },
    clock,
    log,
    tap: watcher === undefined && tap === undefined ? undefined : (chunk) => {
      visit.bytes(chunk.length);
      tap?.(chunk);
    },
    tellAs: (error) => failureAt(target, error),
    onHead: (status, answerHeaders) => visit.responded(status, answerHeaders),
    onRest: (cut) => visit.rest(cut),
    onEnd: ({ kind }) => visit.end(kind),
  });
}

/** Whom the headers to a backend are for, and whose request they tell of. */
export interface BackendHeaderOptions {
  /** The backend's authority. */
  readonly host: string;
  /** See `Hops`. */
  readonly via: string;
  readonly context: CallContext;
  /** See `LocalCall`. */
  readonly mayBeCompressed?: boolean;
}

/** The headers that a backend is sent. */
export function headersToBackend(
  incoming: Headers,
  { host, via, context, mayBeCompressed = false }: BackendHeaderOptions,
): HeaderList {
  const { config, from, peerAddress } = context;
  return requestHeaders(incoming, {
    host,
    via,
    remoteAddr: peerAddress,
    scheme: from.scheme,
    forwardedHost: from.host,
    mayBeCompressed,
    credentialNames: credentialNamesOf(config),
  });
}

/** A failure as it is to be told: whoever has a process stopped breaks off what it answers, and not the process. */
export function failureAt({ leaving }: BackendTarget, error: unknown): unknown {
  if (!(error instanceof GatewayError) || error.code !== "backend_lost") return error;
  if (!leaving.aborted || leaving.reason !== "stopped" satisfies Leaving) return error;
  return new GatewayError("model_stopped", "The model was unloaded while it answered");
}

function canRepeat({ body }: LocalCall): boolean {
  return body === null || body.canRepeat;
}

function withContentType(headers: HeaderList, contentType: string | null): HeaderList {
  if (contentType === null) return headers;
  return [...headers.filter(([name]) => name !== "content-type"), ["content-type", contentType]];
}

/** Whether the backend has gone and cannot have seen the request; one that it may have seen is never sent twice. */
export async function isGoneUnseen(
  env: Pick<LocalEnv, "clock">,
  target: BackendTarget,
  error: unknown,
): Promise<boolean> {
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
