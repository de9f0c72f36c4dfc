/**
 * An https server whose certificate can change. The runtime cannot give a server another one, and a server that is replaced
 * cuts uploads, handshakes and whoever connects in between. So the port belongs to a plain listener, and each certificate
 * has a server of its own on a port of loopback that nobody knows: new connections are led to the newest.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { background, type Log } from "../log.ts";
import type { KeyPair } from "./certificate.ts";
import type { ConnectionInfo } from "../routes/app.ts";
import { ClosedConnections } from "./closed_connections.ts";
import type { TcpAddress } from "./listen_address.ts";
import { splice } from "./splice.ts";

/** What a {@link TlsServer} is made of. */
export interface TlsServerOptions {
  /** Where to listen. */
  readonly address: TcpAddress;
  /** The pair to begin with. */
  readonly pair: KeyPair;
  /** Answers a request that came from this address. */
  readonly answer: (
    request: Request,
    info: ConnectionInfo & { readonly remoteAddr: Deno.NetAddr },
  ) => Promise<Response>;
  /** Told what an answer broke with. */
  readonly onError: (error: unknown) => Response;
  /** Time. */
  readonly clock: Clock;
  /** Where a change and what goes wrong are told. */
  readonly log: Log;
}

/** The server of one certificate. */
interface Inner {
  readonly server: Deno.HttpServer<Deno.NetAddr>;
  /** Who is at the other end of each connection, by the port from which it is led here. */
  readonly clients: Map<number, Deno.NetAddr>;
  /** How many connections are led here. */
  connections: number;
  /** Which of its clients have gone. */
  readonly closed: ClosedConnections;
}

/** Nobody but this program is to reach a server of one certificate. */
const INNER = { hostname: "127.0.0.1", port: 0 };

/** Milliseconds until accepting is tried again when it failed, as it does without free descriptors. */
const ACCEPT_AGAIN_MS = 100;

/** An https server that goes on with another certificate when it is told. */
export class TlsServer {
  readonly #options: TlsServerOptions;
  readonly #listener: Deno.TcpListener;
  /** The newest, which gets all new connections, is the last. */
  readonly #inners: Inner[] = [];
  /** Each resolves when its client has been sent everything. */
  readonly #deliveries = new Set<Promise<void>>();
  #inForce: KeyPair;
  #newest: Inner;
  #isEnded = false;

  /** Starts to listen. Throws what the runtime throws. */
  constructor(options: TlsServerOptions) {
    this.#options = options;
    this.#inForce = options.pair;
    this.#listener = Deno.listen({ hostname: options.address.hostname, port: options.address.port });
    try {
      this.#newest = this.#start(options.pair);
    } catch (error) {
      this.#listener.close();
      throw error;
    }
    background(options.log, "accepting connections", this.#accept());
  }

  /** Where it listens. */
  get addr(): Deno.NetAddr {
    return this.#listener.addr;
  }

  /** Uses another pair for connections from now on; nothing happens when it is the one in use. */
  renew(pair: KeyPair): void {
    if (this.#isEnded || (this.#inForce.cert === pair.cert && this.#inForce.key === pair.key)) return;
    const old = this.#newest;
    this.#newest = this.#start(pair);
    this.#inForce = pair;
    this.#endIfUnused(old);
    this.#options.log.info("The new certificate is in use; connections from before keep the old one until they end");
  }

  /** Stops to listen at once; resolves when the last answer is out. */
  async shutdown(): Promise<void> {
    this.#isEnded = true;
    this.#listener.close();
    await Promise.all(this.#inners.map(({ server, closed }) => {
      closed.close();
      return server.shutdown();
    }));
    await Promise.all(this.#deliveries);
  }

  #start(pair: KeyPair): Inner {
    const { answer, onError, clock } = this.#options;
    const clients = new Map<number, Deno.NetAddr>();
    const server: Deno.HttpServer<Deno.NetAddr> = Deno.serve(
      { ...INNER, ...pair, onListen() {}, onError },
      (request, { remoteAddr: { port } }) => {
        const client = clients.get(port);
        if (client === undefined) return new Response(null, { status: 403 });
        return answer(request, { remoteAddr: client, connection: closed.begin(port) });
      },
    );
    const closed = new ClosedConnections(server.addr.port, clock);
    const inner: Inner = { server, clients, closed, connections: 0 };
    this.#inners.push(inner);
    return inner;
  }

  async #accept(): Promise<void> {
    const { clock, log } = this.#options;
    while (!this.#isEnded) {
      try {
        const client = await this.#listener.accept();
        background(log, "a connection", this.#lead(client));
      } catch (error) {
        if (this.#isEnded) return;
        log.error(`Cannot accept a connection: ${error instanceof Error ? error.message : error}`);
        const { promise, resolve } = Promise.withResolvers<void>();
        clock.after(ACCEPT_AGAIN_MS, resolve);
        await promise;
      }
    }
  }

  /** Leads one connection to the newest server, until it ends. */
  async #lead(client: Deno.TcpConn): Promise<void> {
    const { clock, log } = this.#options;
    const inner = this.#newest;
    const { server, clients } = inner;
    inner.connections++;
    try {
      client.setNoDelay(true);
      const way = await Deno.connect({ hostname: INNER.hostname, port: server.addr.port });
      const { port } = way.localAddr;
      clients.set(port, client.remoteAddr);
      way.setNoDelay(true);
      const { delivered, ended } = splice(client, way, clock);
      this.#deliveries.add(delivered);
      await delivered;
      this.#deliveries.delete(delivered);
      clients.delete(port);
      await ended;
    } catch (error) {
      client.close();
      if (!this.#isEnded) {
        log.warn(`Cannot lead a connection to its server: ${error instanceof Error ? error.message : error}`);
      }
    }
    inner.connections--;
    this.#endIfUnused(inner);
  }

  /** A server whose certificate is not the newest ends with its last connection. */
  #endIfUnused(inner: Inner): void {
    if (inner === this.#newest || inner.connections > 0 || this.#isEnded) return;
    this.#inners.splice(this.#inners.indexOf(inner), 1);
    background(this.#options.log, "ending the server of an old certificate", inner.server.shutdown());
  }
}
