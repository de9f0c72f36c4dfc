/**
 * What is sent to a backend and what comes back, whichever way it travels.
 *
 * @module
 */

/** What is sent; `path` holds the query and is appended to the base path. */
export interface UpstreamRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array | null;
  /** Its abort closes the connection at once, also in the middle of the body. */
  readonly signal?: AbortSignal;
}

/** What came back; whoever takes it reads `body` to its end or cancels it. */
export interface UpstreamResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: ReadableStream<Uint8Array> | null;
}
