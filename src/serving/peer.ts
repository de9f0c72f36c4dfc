/**
 * A model request to another gateway: no queue and no lease here, the peer has its own.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import type { Config, PeerConfig } from "../config/types.ts";
import { credentialNamesOf } from "../gateway/auth.ts";
import { streamDialectOf } from "../gateway/error_event.ts";
import type { Dialect } from "../gateway/error_response.ts";
import { headersToPeer } from "../gateway/headers_to_peer.ts";
import type { Hops } from "../gateway/hops.ts";
import type { Peers } from "../gateway/peers.ts";
import { proxy } from "../gateway/proxy.ts";
import type { CutRest, Outcome } from "../gateway/response_stream.ts";
import type { HeaderList } from "../gateway/upstream/message.ts";
import type { Log } from "../log.ts";

/** What serving a request for a peer's model needs. */
export interface PeerEnv {
  /** The connections. */
  readonly peers: Peers;
  /** This gateway as a hop. */
  readonly hops: Hops;
  /** Time. */
  readonly clock: Clock;
  /** The gateway's log. */
  readonly log: Log;
}

/** One request, read and resolved. */
export interface PeerCall {
  readonly peer: PeerConfig;
  /** Its method, headers and signal count; its body is not touched. */
  readonly request: Request;
  /** Path and query at the peer. */
  readonly path: string;
  /** What the peer is to get, with the model called as the peer calls it: see `ProxyOptions`. */
  readonly body: Uint8Array | ReadableStream<Uint8Array> | null;
  /** How many bytes a streamed body has, if that is known. */
  readonly bodyLength?: number | undefined;
  /** What the body is, where that is not what the client has said; null otherwise. */
  readonly contentType?: string | null;
  /** The id that names this request everywhere. */
  readonly id: string;
  /** The config that was in force when it arrived. */
  readonly config: Config;
  readonly dialect: Dialect;
  /** Ends the request besides the client's leaving: see `ProxyOptions`. The request's own unless given. */
  readonly signal?: AbortSignal;
  /** Headers of the gateway's own for the answer besides `x-request-id`. */
  readonly answerHeaders?: HeaderList;
  /** Sees each chunk of the answer's body. */
  readonly tap?: (chunk: Uint8Array) => void;
  /** See `ProxyOptions`. */
  readonly onRest?: (cut: CutRest) => void;
  /** Told once how the answer ended. */
  readonly onEnd?: (outcome: Outcome) => void;
}

/**
 * Sends a request to a peer and returns the peer's answer, whatever it is: an error of the peer's own passes untouched.
 *
 * @throws {GatewayError} `backend_unreachable`, `backend_lost` or `header_timeout`, which name the peer and not its address;
 * `loop` for a request that has been here; `client_closed`; `shutting_down` when the peers are closed.
 */
export async function servePeer({ peers, hops, clock, log }: PeerEnv, call: PeerCall): Promise<Response> {
  const { peer, request, path, body, bodyLength, config, dialect, tap, onRest, onEnd } = call;
  const signal = call.signal ?? request.signal;
  let lease;
  try {
    hops.refuseLoop(request.headers);
    lease = peers.begin();
  } catch (error) {
    if (body instanceof ReadableStream) body.cancel(error).catch(() => {});
    throw error;
  }
  try {
    const client = peers.clientFor(peer);
    return await proxy({
      method: request.method,
      signal,
      lease,
      client,
      path,
      body,
      bodyLength,
      headers: headersToPeer(request.headers, {
        host: client.host,
        via: hops.viaFor(request.headers),
        apiKey: peer.apiKey,
        credentialNames: credentialNamesOf(config),
        contentType: call.contentType ?? null,
      }),
      answerHeaders: [["x-request-id", call.id], ...call.answerHeaders ?? []],
      dialect: streamDialectOf(path, dialect),
      bounds: { bufferBytes: config.limits.responseBufferBytes, stalledMs: config.limits.stalledWriteMs },
      clock,
      log,
      ...(tap === undefined ? {} : { tap }),
      ...(onRest === undefined ? {} : { onRest }),
      ...(onEnd === undefined ? {} : { onEnd }),
    });
  } catch (error) {
    lease.release();
    throw error;
  }
}
