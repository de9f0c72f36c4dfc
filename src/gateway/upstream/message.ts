/**
 * What is sent to a backend and what comes back, whichever way it travels.
 *
 * @module
 */

/** Header fields in order; a name may come more than once. */
export type HeaderList = readonly (readonly [string, string])[];

/** What is sent. */
export interface UpstreamRequest {
  readonly method: string;
  /** Path and query; appended to the base path. */
  readonly path: string;
  /** Framing is not among them: `content-length`, `transfer-encoding` and `connection` are the client's own. */
  readonly headers: HeaderList;
  /** Bytes, or a stream of them, which is read once and cancelled when nobody wants it any more. */
  readonly body: Uint8Array | ReadableStream<Uint8Array> | null;
  /** Whether the memory of a body of bytes may be freed once all of it has gone out. */
  readonly isBodyLast?: boolean;
  /** How many bytes a streamed body has, if that is known; otherwise it goes out in chunks. */
  readonly bodyLength?: number;
  /** The protocol to switch to (RFC 9110 §7.8), such as `websocket`; an agreement makes a {@link UpstreamTunnel}. */
  readonly upgrade?: string;
}

/** A request on its way. */
export interface UpstreamCall {
  /**
   * The head of the answer. Rejects with the reason given to {@link UpstreamCall.abort}, or with a `GatewayError`:
   * `backend_unreachable`, `backend_lost`, `header_timeout` or `bad_request`; `client_closed` when the stream of the
   * request's body fails.
   */
  readonly response: Promise<UpstreamResponse>;
  /** Ends it wherever it is, also in the middle of the body: the connection is closed at once. Harmless at the end. */
  abort(reason: unknown): void;
}

/** What came back; whoever takes it has the body delivered or cancels it. */
export interface UpstreamResponse {
  readonly status: number;
  readonly statusText: string;
  /** Names in lower case. */
  readonly headers: HeaderList;
  /** Null where the answer has none (HEAD, 204, 304, 101). */
  readonly body: UpstreamBody | null;
  /** The raw connection after 101; null otherwise. */
  readonly tunnel: UpstreamTunnel | null;
}

/** The body of an answer. */
export interface UpstreamBody {
  /** All of it, when it came together with the head: nothing is left to deliver, and the connection has been given back. */
  readonly whole: Uint8Array<ArrayBuffer> | null;
  /**
   * Hands over what comes, each piece in memory of its own, as soon as it is here; called once at most.
   *
   * A promise that `onPiece` returns is waited for before more is read. Resolves at the clean end; rejects with the
   * reason of an abort, or `backend_lost` when the body is cut short or malformed.
   */
  deliver(onPiece: (piece: Uint8Array<ArrayBuffer>) => Promise<void> | undefined): Promise<void>;
  /** Nobody wants the rest: the connection is closed at once. */
  cancel(): void;
}

/** A connection that speaks another protocol from now on. */
export interface UpstreamTunnel {
  /** The next bytes, in memory of their own; null at the end. Rejects with `backend_lost`. */
  read(): Promise<Uint8Array | null>;
  /** Writes all of `bytes`; rejects with `backend_lost`. */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends the sending direction; what comes can still be read. */
  closeWrite(): Promise<void>;
  /** Closes the connection at once. */
  close(): void;
}
