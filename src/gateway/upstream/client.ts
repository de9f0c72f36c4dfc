/**
 * The HTTP/1.1 client to one backend, over kept-alive connections.
 *
 * @module
 */

import { GatewayError } from "../../errors.ts";
import { connect } from "./connection.ts";
import { Exchange, type Route } from "./exchange.ts";
import type { UpstreamCall, UpstreamRequest } from "./message.ts";
import { OpenGate } from "./open_gate.ts";
import { ConnectionPool } from "./pool.ts";
import { TlsOpener } from "./tls.ts";

/** Where the backend is and how long it may take; times in milliseconds, null is without limit. */
export interface UpstreamOptions {
  /** http or https. A user and password in it are not sent: whoever has to authenticate sends headers. */
  readonly baseUrl: string;
  /** What error messages call the backend: clients read them. "The model's backend" unless given. */
  readonly name?: string;
  /** To open a connection; 30 s unless given. */
  readonly connectTimeoutMs?: number | null;
  /** For a TLS handshake, once a connection is open; 10 s unless given. */
  readonly tlsHandshakeMs?: number | null;
  /** Authorities in PEM form that are trusted besides those of the runtime. */
  readonly caCerts?: readonly string[];
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
  readonly #basePath: string;
  readonly #pool: ConnectionPool;
  readonly #tls: TlsOpener | null;
  readonly #route: Route;
  #isClosed = false;

  /** Connects to nothing yet; throws TypeError for a base URL that is none. */
  constructor(options: UpstreamOptions) {
    const { name = "The model's backend", connectTimeoutMs = 30_000, tlsHandshakeMs = 10_000 } = options;
    const { headerTimeoutMs = null, idleTimeoutMs = 90_000, expectContinueMs = 1000, keepAlive = true } = options;
    const { protocol, host, hostname: urlHostname, port: urlPort, pathname } = new URL(options.baseUrl);
    const isSecure = protocol === "https:";
    const hostname = urlHostname.replace(/^\[|\]$/g, "");
    const port = Number(urlPort || (isSecure ? 443 : 80));
    const gate = new OpenGate();
    const tls = isSecure
      ? new TlsOpener({ name, hostname, timeoutMs: tlsHandshakeMs, caCerts: options.caCerts ?? [] })
      : null;
    this.host = host;
    this.#basePath = pathname.replace(/\/+$/, "");
    this.#pool = new ConnectionPool(idleTimeoutMs);
    this.#tls = tls;
    this.#route = {
      name,
      host,
      headerTimeoutMs,
      expectContinueMs,
      takeIdle: (isSafe) => this.#pool.take(isSafe),
      open: async (gaveUp) => {
        const turn = gate.enter();
        if (turn !== null) await Promise.race([turn, gaveUp]);
        return await connect({ name, hostname, port, timeoutMs: connectTimeoutMs, keepAlive, tls, gaveUp });
      },
      giveBack: (connection) => this.#pool.put(connection),
      noteLostIdle: () => this.#pool.noteUnannouncedClose(),
    };
  }

  /** Sends; throws a `GatewayError`: `bad_request` for what cannot be sent, `backend_unreachable` after {@link close}. */
  send(request: UpstreamRequest): UpstreamCall {
    if (this.#isClosed) throw new GatewayError("backend_unreachable", `${this.#route.name} has gone`);
    const path = this.#basePath + (request.path.startsWith("/") ? request.path : `/${request.path}`);
    return new Exchange(this.#route, request, path);
  }

  /** Closes idle connections and makes later sends fail; answers that are under way go on. */
  close(): void {
    this.#isClosed = true;
    this.retire();
  }

  /** Closes idle connections and keeps none any more; sends go on, each over a connection of its own. */
  retire(): void {
    this.#pool.close();
    this.#tls?.close();
  }
}
