/**
 * The HTTP client to one backend: kept-alive sockets for http, `fetch` for https.
 *
 * @module
 */

import { GatewayError } from "../../errors.ts";
import { connect, type Connection } from "./connection.ts";
import { Exchange } from "./exchange.ts";
import { sendByFetch } from "./fetch_client.ts";
import { ConnectionPool } from "./pool.ts";
import type { UpstreamRequest, UpstreamResponse } from "./message.ts";

/** Where the backend is and how long it may take; times in milliseconds, `headerTimeoutMs: null` waits for ever. */
export interface UpstreamOptions {
  readonly baseUrl: string;
  readonly connectTimeoutMs?: number;
  readonly headerTimeoutMs?: number | null;
  /** How long an unused connection is kept. */
  readonly idleTimeoutMs?: number;
}

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);
const FRAMING = new Set(["content-length", "transfer-encoding", "connection", "keep-alive"]);

/** Sends requests to one backend. */
export class UpstreamClient {
  readonly #url: URL;
  readonly #basePath: string;
  readonly #connectTimeoutMs: number;
  readonly #headerTimeoutMs: number | null;
  readonly #pool: ConnectionPool;
  #isClosed = false;

  /** Connects to nothing yet; throws TypeError for a base URL that is none. */
  constructor({ baseUrl, connectTimeoutMs = 30_000, headerTimeoutMs = null, idleTimeoutMs = 90_000 }: UpstreamOptions) {
    this.#url = new URL(baseUrl);
    this.#basePath = this.#url.pathname.replace(/\/+$/, "");
    this.#connectTimeoutMs = connectTimeoutMs;
    this.#headerTimeoutMs = headerTimeoutMs;
    this.#pool = new ConnectionPool(idleTimeoutMs);
  }

  /**
   * Sends and resolves with the head; rejects with the signal's reason, or with `backend_unreachable`, `backend_lost` or
   * `header_timeout`.
   */
  async send(request: UpstreamRequest): Promise<UpstreamResponse> {
    request.signal?.throwIfAborted();
    if (this.#isClosed) throw new GatewayError("backend_unreachable", "The model's backend has gone");
    const path = this.#basePath + (request.path.startsWith("/") ? request.path : `/${request.path}`);
    if (this.#url.protocol === "https:") {
      return await sendByFetch(this.#url.origin + path, request, this.#headerTimeoutMs);
    }
    const head = writeHead(request, path, this.#url.host);
    const isSafe = SAFE.has(request.method);
    const kept = this.#pool.take(isSafe);
    if (kept !== undefined) {
      try {
        return await this.#exchange(request, kept, head);
      } catch (error) {
        if (!(error instanceof GatewayError)) throw error;
        const isUnseen = error.code === "backend_unreachable"; // not a byte was written, so any method may go again
        if (!isUnseen && !(isSafe && error.code === "backend_lost")) throw error;
      }
    }
    const fresh = await connect({
      hostname: this.#url.hostname.replace(/^\[|\]$/g, ""),
      port: Number(this.#url.port || 80),
      timeoutMs: this.#connectTimeoutMs,
      signal: request.signal,
    });
    return await this.#exchange(request, fresh, head);
  }

  /** Closes idle connections and makes later sends fail; answers that are under way go on. */
  close(): void {
    this.#isClosed = true;
    this.#pool.close();
  }

  #exchange(request: UpstreamRequest, connection: Connection, head: Uint8Array): Promise<UpstreamResponse> {
    const onReusable = (reusable: Connection) => this.#pool.put(reusable);
    return new Exchange({ connection, request, head, headerTimeoutMs: this.#headerTimeoutMs, onReusable }).run();
  }
}

function writeHead({ method, headers, body }: UpstreamRequest, path: string, host: string): Uint8Array {
  const lines = [`${method} ${path} HTTP/1.1`];
  if (!headers.some(([name]) => name.toLowerCase() === "host")) lines.push(`host: ${host}`);
  for (const [name, value] of headers) if (!FRAMING.has(name.toLowerCase())) lines.push(`${name}: ${value}`);
  if (body !== null || !SAFE.has(method)) lines.push(`content-length: ${body?.length ?? 0}`);
  if (lines.some((line) => /[\r\n\0]|[^\0-\xff]/.test(line)) || /\s/.test(path)) {
    throw new GatewayError("bad_request", "The request holds a character that cannot be sent on");
  }
  return Uint8Array.from(`${lines.join("\r\n")}\r\n\r\n`, (char) => char.charCodeAt(0));
}
