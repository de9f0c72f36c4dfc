/**
 * A websocket to a model: through the line like any request, or past it where the config says so.
 *
 * @module
 */

import type { Backends } from "../backend/backends.ts";
import type { BackendTarget } from "../backend/types.ts";
import type { Clock } from "../clock.ts";
import type { PeerConfig } from "../config/types.ts";
import { GatewayError } from "../errors.ts";
import { credentialNamesOf } from "../gateway/auth.ts";
import type { Dialect } from "../gateway/error_response.ts";
import { headersToPeer } from "../gateway/headers_to_peer.ts";
import type { UpstreamClient } from "../gateway/upstream/client.ts";
import type { HeaderList } from "../gateway/upstream/message.ts";
import { offeredProtocols, requireHandshake } from "../gateway/websocket/handshake.ts";
import type { OpenSockets } from "../gateway/websocket/open_sockets.ts";
import { withoutKeys } from "../gateway/websocket/protocol_key.ts";
import { serveWebsocket, type WebsocketOptions } from "../gateway/websocket/serve_websocket.ts";
import type { LeaseSource } from "../gateway/websocket/socket_lease.ts";
import type { Log } from "../log.ts";
import type { Lease } from "../scheduler/lease.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { RequestContext } from "./request_context.ts";
import { failureAt, headersToBackend, isGoneUnseen } from "./local.ts";
import { LocalVisit, type RequestWatcher } from "./local_visit.ts";
import type { PeerEnv } from "./peer.ts";

/** What websockets need. */
export interface WebsocketEnv extends PeerEnv {
  /** Who decides whose turn it is. */
  readonly scheduler: Scheduler<BackendTarget>;
  /** The processes. */
  readonly backends: Pick<Backends, "phaseOf" | "hold" | "readyTarget">;
  /** The HTTP client of one generation of a backend. */
  readonly clientFor: (target: BackendTarget) => UpstreamClient;
  /** The open ones. */
  readonly sockets: OpenSockets;
  readonly clock: Clock;
  readonly log: Log;
}

/** One websocket to be opened. */
export interface WebsocketCall {
  readonly request: Request;
  readonly context: RequestContext;
  /** Path at the other end, with the query. */
  readonly path: string;
  readonly dialect: Dialect;
  readonly watcher: RequestWatcher;
  /** Aborts when an operator ends it while it holds no lease. */
  readonly removed: AbortSignal;
  /** Headers of the gateway's own for its answer; its id alone unless given. */
  readonly answerHeaders?: HeaderList;
}

/**
 * Opens a websocket to a model here. It waits in line, may load the model, and counts as use of it while something is said.
 *
 * @throws {GatewayError} for everything that goes wrong before it is open; see `serveWebsocket`.
 */
export async function serveLocalWebsocket(env: WebsocketEnv, model: string, call: WebsocketCall): Promise<Response> {
  const { context: { id }, request, watcher } = call;
  requireHandshake(request); // nothing is loaded for one that cannot be opened
  const estimateNextMs = () => env.scheduler.estimateNextMs(model);
  const visit = new LocalVisit({ id, clock: env.clock, watcher, estimateNextMs });
  let held: Lease<BackendTarget> | null = null;
  try {
    held = await env.scheduler.acquire(model, { signal: request.signal, id, onWait: (place) => visit.waits(place) });
    return await openHeld(env, call, { held, visit });
  } catch (error) {
    held?.release();
    throw visit.failed(error, request.signal.aborted);
  }
}

interface Opening {
  readonly held: Lease<BackendTarget>;
  readonly visit: LocalVisit;
}

/** At the backend that is held; as for any request, one that was killed while idle is started again, once. */
async function openHeld(env: WebsocketEnv, call: WebsocketCall, { held, visit }: Opening): Promise<Response> {
  const { context: { id, config } } = call;
  const { model } = held;
  const lease: LeaseSource = {
    held,
    acquire: (signal) => env.scheduler.acquire(model, { signal, id }),
    idleMs: config.websocketIdleLeaseMs,
  };
  const open = () => {
    visit.granted();
    return serveWebsocket({
      ...optionsFor(env, { ...call, answerHeaders: visit.answerHeaders() }, held.target),
      lease,
    });
  };
  try {
    return await open();
  } catch (error) {
    if (!await isGoneUnseen(env, held.target, error)) throw failureAt(held.target, error);
    visit.loadsAgain();
    await held.renew();
    return await open();
  }
}

/**
 * Opens a websocket that neither loads the model nor counts as use of it.
 *
 * @throws {GatewayError} `conflict` when the model is not ready; see `serveWebsocket`.
 */
export async function serveIgnoredWebsocket(env: WebsocketEnv, model: string, call: WebsocketCall): Promise<Response> {
  const target = env.backends.readyTarget(model);
  if (target === null) {
    throw new GatewayError("conflict", `model ${model} is not loaded; ignored websocket requests cannot start it`);
  }
  return await serveWebsocket({ ...optionsFor(env, call, target), lease: null });
}

/**
 * Opens a websocket to a model of a peer.
 *
 * @throws {GatewayError} as `servePeer` does.
 */
export async function servePeerWebsocket(env: WebsocketEnv, peer: PeerConfig, call: WebsocketCall): Promise<Response> {
  const { context, request } = call;
  const client = env.peers.clientFor(peer);
  const headers = headersToPeer(request.headers, {
    host: client.host,
    via: env.hops.viaFor(request.headers),
    apiKey: peer.apiKey,
    credentialNames: credentialNamesOf(context.config),
    contentType: null,
  });
  call.watcher.serving();
  return await serveWebsocket({
    ...sharedOptions(env, call, { client, headers, takesKeys: peer.apiKey === null }),
    lease: null,
    leaving: null,
  });
}

function optionsFor(env: WebsocketEnv, call: WebsocketCall, target: BackendTarget): Omit<WebsocketOptions, "lease"> {
  const client = env.clientFor(target);
  const headers = headersToBackend(call.request.headers, {
    host: client.host,
    via: env.hops.viaFor(call.request.headers),
    context: call.context,
  });
  return { ...sharedOptions(env, call, { client, headers, takesKeys: true }), leaving: target.leaving };
}

interface Towards {
  readonly client: UpstreamClient;
  readonly headers: HeaderList;
  /** Whether the client's own credentials may go there, as long as they are not for this gateway. */
  readonly takesKeys: boolean;
}

function sharedOptions(
  { sockets, clock, log }: WebsocketEnv,
  { request, context, path, dialect, watcher, removed, answerHeaders = [["x-request-id", context.id]] }: WebsocketCall,
  { client, headers, takesKeys }: Towards,
): Omit<WebsocketOptions, "lease" | "leaving"> {
  const { limits: { responseBufferBytes, stalledWriteMs }, apiKeys } = context.config;
  const offered = offeredProtocols(request.headers);
  return {
    request,
    path,
    headers,
    protocols: takesKeys && apiKeys.length === 0 ? offered : withoutKeys(offered),
    client,
    removed,
    sockets,
    answer: {
      dialect,
      bounds: { bufferBytes: responseBufferBytes, stalledMs: stalledWriteMs },
      clock,
      log,
      answerHeaders,
      onHead: (status, answered) => watcher.responded(status, answered),
    },
    onBytes: (count) => watcher.bytes(count),
    onEnd: ({ by }) => watcher.end(by === "client" ? "clientLeft" : "complete"),
  };
}
