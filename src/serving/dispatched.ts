/**
 * A request whose model is known, as it is handed on, and the kinds of such requests.
 *
 * @module
 */

import type { NamedRequest } from "../gateway/request/named_request.ts";
import { isWebsocketUpgrade } from "../gateway/websocket/handshake.ts";
import type { Resolution } from "../routing/names.ts";
import type { LineRule } from "./line_rules.ts";
import type { Owed } from "./owed.ts";
import type { RequestContext } from "./request_context.ts";

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

/** Who serves it, and how: `ignoredSocket` is a websocket that neither loads its model nor counts as use of it. */
export type Kind = "local" | "localSocket" | "ignoredSocket" | "peer" | "peerSocket";

/** Finds out the kind of a request. */
export function kindOf({ request, context, resolution: { destination }, line }: Dispatched): Kind {
  const isSocket = isWebsocketUpgrade(request.headers);
  if (destination.kind === "peer") return isSocket ? "peerSocket" : "peer";
  if (!isSocket) return "local";
  const isIgnored = line === "pass" || context.config.models.get(destination.model)?.ignoreWebsockets === true;
  return isIgnored ? "ignoredSocket" : "localSocket";
}
