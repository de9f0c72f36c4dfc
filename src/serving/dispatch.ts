/**
 * A request whose model is known, to the one who serves it: a backend of this machine or a peer.
 *
 * @module
 */

import type { Config, PeerConfig } from "../config/types.ts";
import { clientLeft, GatewayError } from "../errors.ts";
import { requireModel } from "../gateway/auth.ts";
import type { NamedRequest } from "../gateway/request/named_request.ts";
import { fullName } from "../routing/destination.ts";
import type { Resolution } from "../routing/names.ts";
import { type Dispatched, kindOf } from "./dispatched.ts";
import { serveByRule } from "./line_rules.ts";
import type { LocalEnv } from "./local.ts";
import type { LocalCall } from "./local_call.ts";
import type { RequestWatcher } from "./local_visit.ts";
import { type PeerEnv, servePeer } from "./peer.ts";
import { type Course, Tracked, type TrackedEnv } from "./tracked.ts";
import {
  serveIgnoredWebsocket,
  serveLocalWebsocket,
  servePeerWebsocket,
  type WebsocketCall,
  type WebsocketEnv,
} from "./websockets.ts";

/** What handing on needs. */
export type DispatchEnv = LocalEnv & PeerEnv & WebsocketEnv & TrackedEnv;

/**
 * Has a request served.
 *
 * @throws {GatewayError} for everything that goes wrong before the first byte of the answer.
 */
export async function dispatch(env: DispatchEnv, asked: Dispatched): Promise<Response> {
  const { context, resolution, named, request } = asked;
  const { destination } = resolution;
  env.hops.refuseLoop(request.headers);
  requireModel(context.client, { model: fullName(destination), asked: named.model });
  const outgoing = asked.isAsItIs === true ? named : rewritten(named, resolution, context.config);
  const kind = kindOf(asked);
  if (kind === "ignoredSocket") resolution.release(); // it holds nothing, so that it does not count for a selector
  // Whoever waits in the line is cancelled there.
  const removed = kind === "local" ? null : new AbortController();
  const watcher = new Tracked(env, asked, { kind, removed });
  const { connection, id } = context;
  if (connection !== null) {
    connection.onLeft = () => {
      const reason = clientLeft();
      if (!env.scheduler.leave(id, reason)) removed?.abort(reason);
    };
  }
  try {
    return await serve(env, asked, { kind, watcher, removed, outgoing });
  } catch (error) {
    watcher.end(request.signal.aborted || isClientClosed(error) ? "clientLeft" : "failed");
    throw error;
  }
}

function isClientClosed(error: unknown): boolean {
  return error instanceof GatewayError && error.code === "client_closed";
}

/** The name that the one who serves it knows, and the filters that are configured for it. */
function rewritten(named: NamedRequest, { destination, requested }: Resolution, config: Config): NamedRequest {
  if (destination.kind === "peer") {
    return named.withModel(destination.model).withFilters(destination.peer.filters, requested);
  }
  const model = config.models.get(destination.model);
  if (model === undefined) return named;
  const name = model.useModelName === "" ? requested : model.useModelName;
  return named.withModel(name).withFilters(model.filters, requested);
}

interface Served extends Course {
  readonly watcher: RequestWatcher;
  /** The request as it goes on. */
  readonly outgoing: NamedRequest;
}

function serve(
  env: DispatchEnv,
  asked: Dispatched,
  { kind, watcher, removed, outgoing }: Served,
): Promise<Response> {
  const { request, context, resolution: { destination }, onPiece } = asked;
  const path = asked.path + outgoing.query;
  const { dialect } = context;
  if (removed !== null) {
    const call = { request, context, path, dialect, watcher, removed: removed.signal };
    if (destination.kind === "local") {
      return kind === "ignoredSocket"
        ? serveIgnoredWebsocket(env, destination.model, call)
        : serveLocalWebsocket(env, destination.model, call);
    }
    if (kind === "peerSocket") return servePeerWebsocket(env, destination.peer, call);
    return askPeer(env, { ...asked, ...call, named: outgoing, peer: destination.peer });
  }
  if (destination.kind === "peer") throw new GatewayError("internal", "A peer is not asked through the line");
  const call: LocalCall = {
    id: context.id,
    request,
    model: destination.model,
    path,
    body: outgoing,
    contentType: outgoing.contentType,
    dialect,
    wantsStream: outgoing.wantsStream,
    context,
    via: env.hops.viaFor(request.headers),
    watcher,
    tap: onPiece,
    // Some pages of servers come in no other way.
    mayBeCompressed: asked.isAsItIs === true && asked.route === null && !asked.named.wantsStream,
  };
  return serveByRule(env, call, asked.line ?? "wait");
}

interface AskedPeer extends Dispatched, WebsocketCall {
  readonly peer: PeerConfig;
}

async function askPeer(env: DispatchEnv, asked: AskedPeer): Promise<Response> {
  const { request, context: { id, config }, named, peer, path, dialect, onPiece, watcher, removed } = asked;
  watcher.serving();
  const response = await servePeer(env, {
    peer,
    request,
    path,
    body: named.body(),
    bodyLength: named.length,
    contentType: named.contentType,
    id,
    config,
    dialect,
    signal: AbortSignal.any([request.signal, removed]),
    tap(piece) {
      watcher.bytes(piece.length);
      onPiece?.(piece);
    },
    onRest: (cut) => watcher.rest(cut),
    onEnd: ({ kind }) => watcher.end(kind),
  });
  watcher.responded(response.status, [...response.headers]);
  return response;
}
