/**
 * The HTTP client to one backend: kept-alive sockets for http, `fetch` for https.
 *
 * @module
 */

import { GatewayError } from "../../errors.ts";
import { connect, type Connection } from "./connection.ts";
import { sendByFetch } from "./fetch_client.ts";
import { ConnectionPool } from "./pool.ts";
import { ResponseParser } from "./response_parser.ts";
import type { UpstreamRequest, UpstreamResponse } from "./message.ts";

/** Where the backend is and how long it may take; times in milliseconds, `headerTimeoutMs: null` waits for ever. */
export interface UpstreamOptions {
  readonly baseUrl: string;
  readonly connectTimeoutMs?: number;
  readonly headerTimeoutMs?: number | null;
}

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);
const FRAMING = new Set(["content-length", "transfer-encoding", "connection", "keep-alive"]);

/** Sends requests to one backend. */
export class UpstreamClient {
  readonly #url: URL;
  readonly #basePath: string;
  readonly #connectTimeoutMs: number;
  readonly #headerTimeoutMs: number | null;
  readonly #pool = new ConnectionPool();
  #isClosed = false;

  /** Connects to nothing yet; throws TypeError for a base URL that is none. */
  constructor({ baseUrl, connectTimeoutMs = 30_000, headerTimeoutMs = null }: UpstreamOptions) {
    this.#url = new URL(baseUrl);
    this.#basePath = this.#url.pathname.replace(/\/+$/, "");
    this.#connectTimeoutMs = connectTimeoutMs;
    this.#headerTimeoutMs = headerTimeoutMs;
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
        if (!isSafe || !(error instanceof GatewayError) || error.code !== "backend_lost") throw error;
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

  async #exchange(request: UpstreamRequest, connection: Connection, head: Uint8Array): Promise<UpstreamResponse> {
    const { signal } = request;
    const parser = new ResponseParser(request.method);
    let failure: { readonly reason: unknown } | undefined;
    let isSent = false;
    const fail = (reason: unknown) => {
      failure ??= { reason };
      connection.close();
    };
    const onAbort = () => fail(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    const timer = this.#headerTimeoutMs === null ? undefined : setTimeout(() => {
      fail(new GatewayError("header_timeout", "The model's backend did not answer in time"));
    }, this.#headerTimeoutMs);
    const finish = (mayReuse: boolean) => {
      signal?.removeEventListener("abort", onAbort);
      if (mayReuse && isSent && parser.head?.keepAlive && !parser.hasExcess) this.#pool.put(connection);
      else connection.close();
    };
    const lost = (cause?: unknown) => {
      finish(false);
      if (failure !== undefined) return failure.reason;
      return new GatewayError("backend_lost", "The model's backend broke off", { cause });
    };
    const sending = sendAll(connection, head, request.body).then(() => void (isSent = true), () => {}); // the read tells
    let first: Uint8Array | null = null;
    try {
      if (signal?.aborted) onAbort();
      while (parser.head === undefined) {
        const bytes = await connection.read();
        if (bytes === null) throw new Error("closed before the head of the answer");
        first = parser.push(bytes);
      }
      if (parser.done && !isSent) await Promise.race([sending, Promise.resolve()]);
    } catch (cause) {
      throw lost(cause);
    } finally {
      clearTimeout(timer);
    }
    if (failure !== undefined) throw lost();
    const { status, statusText, headers, hasBody } = parser.head;
    if (!hasBody) {
      finish(true);
      return { status, statusText, headers, body: null };
    }
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        try {
          let piece = first;
          first = null;
          while (piece === null && !parser.done) {
            const bytes = await connection.read();
            if (bytes !== null) piece = parser.push(bytes);
            else if (!parser.end()) throw new Error("closed in the middle of the body");
          }
          if (failure !== undefined) throw failure.reason;
          if (piece !== null) controller.enqueue(piece);
          if (!parser.done) return;
          finish(true);
          controller.close();
        } catch (cause) {
          controller.error(lost(cause));
        }
      },
      cancel(reason) {
        fail(reason);
        finish(false);
      },
    }, { highWaterMark: 0 });
    return { status, statusText, headers, body };
  }
}

async function sendAll(connection: Connection, head: Uint8Array, body: Uint8Array | null): Promise<void> {
  if (body === null || body.length === 0) return await connection.write(head);
  if (body.length > 64 * 1024) {
    await connection.write(head);
    return await connection.write(body);
  }
  const whole = new Uint8Array(head.length + body.length);
  whole.set(head);
  whole.set(body, head.length);
  await connection.write(whole);
}

function writeHead({ method, headers, body }: UpstreamRequest, path: string, host: string): Uint8Array {
  const lines = [`${method} ${path} HTTP/1.1`];
  if (!headers.some(([name]) => name.toLowerCase() === "host")) lines.push(`host: ${host}`);
  for (const [name, value] of headers) if (!FRAMING.has(name.toLowerCase())) lines.push(`${name}: ${value}`);
  if (body !== null || !SAFE.has(method)) lines.push(`content-length: ${body?.length ?? 0}`);
  if (lines.some((line) => /[\r\n\0]/.test(line)) || /\s/.test(path)) {
    throw new GatewayError("bad_request", "The request holds a character that cannot be sent on");
  }
  return Uint8Array.from(`${lines.join("\r\n")}\r\n\r\n`, (char) => char.charCodeAt(0));
}
