/**
 * The HTTP client to one backend: kept-alive sockets for http, `fetch` for https.
 *
 * @module
 */

import { GatewayError } from "../../errors.ts";
import { connect } from "./connection.ts";
import { Exchange, type Route } from "./exchange.ts";
import { FetchCall } from "./fetch_client.ts";
import type { UpstreamCall, UpstreamRequest } from "./message.ts";
import { OpenGate } from "./open_gate.ts";
import { ConnectionPool } from "./pool.ts";

/** Where the backend is and how long it may take; times in milliseconds, null is without limit. */
export interface UpstreamOptions {
  readonly baseUrl: string;
  /** To open a connection; 30 s unless given. */
  readonly connectTimeoutMs?: number | null;
  /** From the request to the head of the answer; without limit unless given. */
  readonly headerTimeoutMs?: number | null;
  /** How long an unused connection is kept; 90 s unless given. */
  readonly idleTimeoutMs?: number | null;
  /** How long a body that promised to wait for `100 Continue` waits; 1 s unless given. */
  readonly expectContinueMs?: number | null;
  /** Whether the system asks idle peers now and then if they are still there; true unless given. */
  readonly keepAlive?: boolean;
}

/** Sends requests to one backend. */
export class UpstreamClient {
  /** The backend's authority, as in its URL. */
  readonly host: string;
  readonly #url: URL;
  readonly #basePath: string;
  readonly #headerTimeoutMs: number | null;
  readonly #pool: ConnectionPool;
  readonly #route: Route;
  #isClosed = false;

  /** Connects to nothing yet; throws TypeError for a base URL that is none. */
  constructor(options: UpstreamOptions) {
    const { baseUrl, connectTimeoutMs = 30_000, headerTimeoutMs = null, idleTimeoutMs = 90_000 } = options;
    const { expectContinueMs = 1000, keepAlive = true } = options;
    const url = new URL(baseUrl);
    const hostname = url.hostname.replace(/^\[|\]$/g, "");
    const port = Number(url.port || 80);
    const gate = new OpenGate();
    this.#url = url;
    this.host = url.host;
    this.#basePath = url.pathname.replace(/\/+$/, "");
    this.#headerTimeoutMs = headerTimeoutMs;
    this.#pool = new ConnectionPool(idleTimeoutMs);
    this.#route = {
      host: url.host,
      headerTimeoutMs,
      expectContinueMs,
      takeIdle: (isSafe) => this.#pool.take(isSafe),
      open: async (gaveUp) => {
        const turn = gate.enter();
        if (turn !== null) await Promise.race([turn, gaveUp]);
        return await connect({ hostname, port, timeoutMs: connectTimeoutMs, keepAlive, gaveUp });
      },
      giveBack: (connection) => this.#pool.put(connection),
      noteLostIdle: () => this.#pool.noteUnannouncedClose(),
    };
  }

  /** Sends; throws a `GatewayError`: `bad_request` for what cannot be sent, `backend_unreachable` after {@link close}. */
  send(request: UpstreamRequest): UpstreamCall {
    if (this.#isClosed) throw new GatewayError("backend_unreachable", "The model's backend has gone");
    const path = this.#basePath + (request.path.startsWith("/") ? request.path : `/${request.path}`);
    if (this.#url.protocol === "https:") return new FetchCall(this.#url.origin + path, request, this.#headerTimeoutMs);
    return new Exchange(this.#route, request, path);
  }

  /** Closes idle connections and makes later sends fail; answers that are under way go on. */
  close(): void {
    this.#isClosed = true;
    this.#pool.close();
  }
}
