/**
 * A request whose model is known, to the one who serves it: a backend of this machine or a peer.
 *
 * @module
 */

import type { Config, PeerConfig } from "../config/types.ts";
import { clientLeft, GatewayError } from "../errors.ts";
import { requireModel } from "../gateway/auth.ts";
import type { NamedRequest } from "../gateway/request/named_request.ts";
import type { CutRest, Outcome } from "../gateway/response_stream.ts";
import type { HeaderList } from "../gateway/upstream/message.ts";
import { isWebsocketUpgrade } from "../gateway/websocket/handshake.ts";
import type { InFlight } from "../observe/in_flight.ts";
import type { InFlightEntry } from "../observe/in_flight_entry.ts";
import { fullName } from "../routing/destination.ts";
import type { Resolution } from "../routing/names.ts";
import type { RequestContext } from "./request_context.ts";
import { askBackend, type LocalEnv, serveLocal } from "./local.ts";
import type { LocalCall } from "./local_call.ts";
import { LocalVisit, type RequestWatcher } from "./local_visit.ts";
import type { Owed } from "./owed.ts";
import { type PeerEnv, servePeer } from "./peer.ts";
import {
  serveIgnoredWebsocket,
  serveLocalWebsocket,
  servePeerWebsocket,
  type WebsocketCall,
  type WebsocketEnv,
} from "./websockets.ts";

/** What handing on needs. */
export interface DispatchEnv extends LocalEnv, PeerEnv, WebsocketEnv {
  /** The table of what is in flight. */
  readonly inFlight: InFlight;
}

/**
 * What a request for a model here does when the model is not at hand: `wait` in line and have it loaded;
 * `waitWhileReady`: in line as long as it stays, since it may not cause a load; `pass`: go to it at once, past the line.
 */
export type LineRule = "wait" | "waitWhileReady" | "pass";

/** A request to be handed on. */
export interface Dispatched {
  readonly request: Request;
  readonly context: RequestContext;
  /** What the name means. */
  readonly resolution: Resolution;
  /** The request as it was read. */
  readonly named: NamedRequest;
  /** Path at the backend. */
  readonly path: string;
  /** Its row, if it has one: only such requests are listed as in flight. */
  readonly route: { readonly prefix: string } | null;
  /** Whether it goes on as it is: no other name, no filters. */
  readonly isAsItIs?: boolean;
  /** `wait` unless given. */
  readonly line?: LineRule;
  /** Settled when its answer is over; whoever hands the request on settles it when that fails. */
  readonly owed: Owed;
  /** Sees each piece of the answer. */
  readonly onPiece?: ((piece: Uint8Array) => void) | undefined;
}

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
  const watcher: Watched = new Watched(
    begin(env, asked, { kind, removed, cut: (why) => watcher.cut(why) }),
    asked.owed,
  );
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

/** Who serves it, and how: `ignoredSocket` is a websocket that neither loads its model nor counts as use of it. */
type Kind = "local" | "localSocket" | "ignoredSocket" | "peer" | "peerSocket";

function kindOf({ request, context, resolution: { destination }, line }: Dispatched): Kind {
  const isSocket = isWebsocketUpgrade(request.headers);
  if (destination.kind === "peer") return isSocket ? "peerSocket" : "peer";
  if (!isSocket) return "local";
  const isIgnored = line === "pass" || context.config.models.get(destination.model)?.ignoreWebsockets === true;
  return isIgnored ? "ignoredSocket" : "localSocket";
}

/** Tells the entry, if there is one, and gives back at the end what is owed. */
class Watched implements RequestWatcher {
  readonly #entry: InFlightEntry | null;
  readonly #owed: Owed;
  #cutRest: CutRest | null = null;

  constructor(entry: InFlightEntry | null, owed: Owed) {
    this.#entry = entry;
    this.#owed = owed;
  }

  queued(position: number): void {
    this.#entry?.queued(position);
  }

  loading(): void {
    this.#entry?.loading();
  }

  serving(): void {
    this.#entry?.serving();
  }

  responded(status: number, headers: HeaderList): void {
    this.#entry?.responded(status, headers);
  }

  bytes(count: number): void {
    this.#entry?.bytes(count);
  }

  rest(cut: CutRest): void {
    this.#cutRest = cut;
  }

  /** Cuts the rest of its answer; whether there is one. */
  cut(reason: GatewayError): boolean {
    this.#cutRest?.(reason);
    return this.#cutRest !== null;
  }

  end(outcome: Outcome["kind"]): void {
    this.#entry?.end(outcome);
    this.#owed.settle();
  }
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

interface Course {
  readonly kind: Kind;
  readonly removed: AbortController | null;
}

interface Beginning extends Course {
  /** Cuts the rest of an answer that waits for its client; whether there is one. */
  readonly cut: (reason: GatewayError) => boolean;
}

function begin(env: DispatchEnv, asked: Dispatched, { kind, removed, cut }: Beginning): InFlightEntry | null {
  const { context, request, resolution, named, path, route } = asked;
  if (route === null || asked.line === "pass" || kind === "ignoredSocket") return null;
  const { destination, selector } = resolution;
  return env.inFlight.begin({
    requestId: context.id,
    model: resolution.shownModel,
    requested: named.model,
    method: request.method,
    path: asked.isAsItIs === true ? path : route.prefix + path,
    headers: request.headers,
    remoteAddr: context.from.address,
    key: context.client.name,
    stream: named.wantsStream,
    metadata: selector === null ? undefined : { selector },
    place: destination.kind === "local" ? () => env.scheduler.position(context.id) : undefined,
    cancel() {
      if (destination.kind === "local" && env.scheduler.cancel(context.id)) return true;
      const reason = new GatewayError("cancelled", "The request was cancelled by an operator");
      if (cut(reason)) return true;
      removed?.abort(reason); // a websocket may be open without a lease
      return removed !== null;
    },
  });
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
  switch (asked.line ?? "wait") {
    case "wait":
      return serveLocal(env, call);
    case "waitWhileReady":
      return serveWhileReady(env, call);
    case "pass":
      return servePastTheLine(env, call);
  }
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

/** In line, as long as the model stays: whoever is next may have it unloaded, and this request may not load it again. */
async function serveWhileReady(env: DispatchEnv, call: LocalCall): Promise<Response> {
  const target = env.backends.readyTarget(call.model);
  if (target === null) throw wentAway(call);
  const { leaving } = target;
  try {
    return await serveLocal(env, { ...call, waitSignal: leaving });
  } catch (error) {
    if (!leaving.aborted || error !== leaving.reason) throw error;
    throw wentAway(call);
  }
}

/** At once, whoever waits: nothing is loaded for it, and nothing waits for its end but an idle unload. */
async function servePastTheLine(env: DispatchEnv, call: LocalCall): Promise<Response> {
  if (env.backends.readyTarget(call.model) === null) throw wentAway(call);
  const hold = env.backends.hold(call.model);
  try {
    const lease = { target: hold.target, onInterrupt() {}, release: () => hold.release() };
    const visit = new LocalVisit({ id: call.id, clock: env.clock, watcher: call.watcher, estimateNextMs: () => 0 });
    return await askBackend(env, { call, visit, signal: call.request.signal, lease });
  } catch (error) {
    hold.release();
    throw error;
  }
}

/** A model that was ready when the request arrived has gone while its body still came, or while it waited. */
function wentAway({ model }: LocalCall): GatewayError {
  return new GatewayError("conflict", `model ${model} was unloaded while this request waited, which cannot load it`);
}
