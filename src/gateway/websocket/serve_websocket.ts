/**
 * A websocket from its request to two joined ends: the backend's is opened first, so that its choice and its refusal count.
 *
 * @module
 */

import { clientLeft } from "../../errors.ts";
import { responseHeaders } from "../headers.ts";
import { type AnswerOptions, respond } from "../proxy.ts";
import type { UpstreamClient } from "../upstream/client.ts";
import type { HeaderList, UpstreamResponse, UpstreamTunnel } from "../upstream/message.ts";
import { Bridge, SOCKET_BOUNDS, type SocketBounds, type SocketEnd } from "./bridge.ts";
import { answeredHeaders, chosenProtocol, newOffer, requireHandshake, upgradeHeaders } from "./handshake.ts";
import type { OpenSockets } from "./open_sockets.ts";
import type { LeaseSource } from "./socket_lease.ts";

/** What {@link serveWebsocket} joins, and whom it tells. */
export interface WebsocketOptions {
  /** As `Deno.serve` gave it. */
  readonly request: Request;
  /** At the backend, with the query. */
  readonly path: string;
  /** As `requestHeaders` makes them. */
  readonly headers: HeaderList;
  /** The sub-protocols to offer to the backend, of those that the client offers. */
  readonly protocols: readonly string[];
  readonly client: Pick<UpstreamClient, "send">;
  /** Null for a websocket that holds none: a model that ignores websockets, or a peer. */
  readonly lease: LeaseSource | null;
  /** Aborts when the process is being stopped: `BackendTarget.leaving`. Null where nobody tells, as for a peer. */
  readonly leaving: AbortSignal | null;
  /** Aborts, with a `GatewayError`, when an operator ends it; without it only a lease can be cut. */
  readonly removed?: AbortSignal;
  readonly sockets: OpenSockets;
  /** How an answer is passed on that refuses the upgrade, and with which headers; these go on the upgrade too, with its 101. */
  readonly answer: Pick<AnswerOptions, "dialect" | "bounds" | "clock" | "log" | "answerHeaders" | "onHead">;
  /** Told how many bytes have come from the backend behind the head, frames or not. */
  readonly onBytes?: (count: number) => void;
  /** How much may wait; {@link SOCKET_BOUNDS} unless given. */
  readonly bounds?: SocketBounds;
  /** Told once, when the backend is not used any more; of a refused upgrade too. */
  readonly onEnd?: (end: SocketEnd) => void;
}

const NEVER = new AbortController().signal;
const NO_LEASE = { onInterrupt() {}, release() {} };

/**
 * Opens a websocket to the backend and joins the client to it, or passes on the answer that refuses it.
 *
 * When it throws, the lease is still the caller's; once it returns, the lease ends with the websocket or the answer. Rejects
 * with a `GatewayError`, or with the reason of an interrupt.
 */
export async function serveWebsocket(options: WebsocketOptions): Promise<Response> {
  const { request, path, headers, protocols, client, lease, removed = NEVER } = options;
  const { signal } = request;
  requireHandshake(request);
  if (signal.aborted) throw clientLeft();
  removed.throwIfAborted();
  const offer = newOffer(protocols);
  const call = client.send({
    method: "GET",
    path,
    headers: upgradeHeaders(headers, offer),
    body: null,
    upgrade: "websocket",
  });
  const abort = (reason: unknown) => call.abort(reason);
  const onClientLeft = () => abort(clientLeft());
  const onRemoved = () => abort(removed.reason);
  signal.addEventListener("abort", onClientLeft);
  removed.addEventListener("abort", onRemoved);
  lease?.held.onInterrupt(abort);
  const letGo = () => {
    signal.removeEventListener("abort", onClientLeft);
    removed.removeEventListener("abort", onRemoved);
  };
  let tunnel: UpstreamTunnel | null = null;
  try {
    const answer = await call.response;
    tunnel = answer.tunnel;
    if (tunnel === null) return refused(answer, options, { abort, letGo });
    const protocol = await chosenProtocol(answer, offer);
    letGo();
    if (signal.aborted) throw clientLeft();
    return join(options, { tunnel, protocol, answered: answer.headers });
  } catch (error) {
    letGo();
    tunnel?.close();
    throw error;
  }
}

interface Opened {
  readonly tunnel: UpstreamTunnel;
  readonly protocol: string | null;
  /** The headers of the backend's 101. */
  readonly answered: HeaderList;
}

function join(options: WebsocketOptions, { tunnel, protocol, answered }: Opened): Response {
  const { request, lease, leaving, removed = NEVER, sockets, bounds = SOCKET_BOUNDS, answer, onBytes, onEnd } = options;
  const { socket, response } = Deno.upgradeWebSocket(request, protocol === null ? {} : { protocol });
  const { headers } = responseHeaders(answeredHeaders(answered), answer.answerHeaders);
  for (const [name, value] of headers) response.headers.append(name, value);
  answer.onHead?.(response.status, headers);
  const bridge = new Bridge({
    client: socket,
    signal: request.signal,
    tunnel,
    lease,
    leaving: leaving ?? NEVER,
    removed,
    bounds,
    clock: answer.clock,
    log: answer.log,
    onClientGone: () => sockets.remove(bridge),
    onBytes,
    ...(onEnd === undefined ? {} : { onEnd }),
  });
  sockets.add(bridge);
  bridge.start();
  return response;
}

function refused(
  upstream: UpstreamResponse,
  { lease, answer, onBytes, onEnd }: WebsocketOptions,
  ends: Parameters<typeof respond>[2],
): Response {
  const onAnswered = () => onEnd?.({ by: "backend", code: null });
  const tap = (piece: Uint8Array) => onBytes?.(piece.length);
  return respond(upstream, { ...answer, method: "GET", lease: lease?.held ?? NO_LEASE, tap, onEnd: onAnswered }, ends);
}
