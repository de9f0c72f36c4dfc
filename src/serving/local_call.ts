/**
 * A request for a local model, with all that is known of it.
 *
 * @module
 */

import type { NamedRequest } from "../gateway/request/named_request.ts";
import type { Dialect } from "../gateway/error_response.ts";
import type { RequestContext } from "./request_context.ts";
import type { RequestWatcher } from "./local_visit.ts";

/** A body that is opened when it is sent: null for nothing, few bytes, or a stream that is read once. */
export type SendableBody = Pick<NamedRequest, "body" | "length" | "canRepeat">;

/** What is known of the client and the config. */
export type CallContext = Pick<RequestContext, "config" | "from" | "peerAddress">;

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
  /** What the backend is to get. */
  readonly body: SendableBody | null;
  /** The type of the body where it is not the client's. */
  readonly contentType?: string | null;
  /** The protocol of the client. */
  readonly dialect: Dialect;
  /** Whether the client asked for a stream. */
  readonly wantsStream: boolean;
  /** Where it comes from, and the config that was in force when it arrived. */
  readonly context: CallContext;
  /** The gateways that it has passed, this one included; see `Hops`. */
  readonly via: string;
  /** Whether nobody but the client reads the answer, so that it may come compressed; no unless given. */
  readonly mayBeCompressed?: boolean;
  /** Ends the wait in line, besides the client's own leaving; its reason is thrown. */
  readonly waitSignal?: AbortSignal;
  /** Is told how it gets on; its `end` comes when nothing of the body is needed any more, which may be long after the answer began. */
  readonly watcher?: RequestWatcher;
  /** Sees each chunk of the backend's answer. */
  readonly tap?: ((chunk: Uint8Array) => void) | undefined;
}
