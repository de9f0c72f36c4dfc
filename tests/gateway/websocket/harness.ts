/**
 * A gateway of nothing but websockets, between a raw client and a raw backend, with time and the lease in the test's hand.
 *
 * @module
 */

import { assertStringIncludes } from "@std/assert";
import { GatewayError, toGatewayError } from "../../../src/errors.ts";
import { errorResponse } from "../../../src/gateway/error_response.ts";
import { requestHeaders } from "../../../src/gateway/headers.ts";
import { UpstreamClient } from "../../../src/gateway/upstream/client.ts";
import type { UpstreamRequest, UpstreamTunnel } from "../../../src/gateway/upstream/message.ts";
import type { SocketBounds, SocketEnd } from "../../../src/gateway/websocket/bridge.ts";
import { offeredProtocols } from "../../../src/gateway/websocket/handshake.ts";
import { OpenSockets } from "../../../src/gateway/websocket/open_sockets.ts";
import { serveWebsocket } from "../../../src/gateway/websocket/serve_websocket.ts";
import type { HeldLease } from "../../../src/gateway/websocket/socket_lease.ts";
import { silentLog } from "../../../src/log.ts";
import { HandClock } from "../../scheduler/fake_backends.ts";
import { RawEnd, upgradeRequest } from "./raw_end.ts";

/** A lease that writes down what happens to it. */
export class FakeLease implements HeldLease {
  releases = 0;
  interrupt: (reason: GatewayError) => void = () => {};

  onInterrupt(listener: (reason: GatewayError) => void): void {
    this.interrupt = listener;
  }

  release(): void {
    this.releases++;
  }
}

/** A wait in line that the test ends. */
export interface Asked {
  readonly signal: AbortSignal;
  grant(lease?: FakeLease): FakeLease;
  refuse(error: GatewayError): void;
}

/** What may be asked for. */
export interface HarnessOptions {
  /** Null is a websocket without a lease. */
  readonly lease?: FakeLease | null;
  readonly idleMs?: number | null;
  readonly bounds?: SocketBounds;
  /** Where the backend is, if it is not the raw one. */
  readonly baseUrl?: string;
  /** Authorities that are trusted for it. */
  readonly caCerts?: readonly string[];
}

/** See the module. */
export class Harness implements AsyncDisposable {
  readonly clock = new HandClock();
  readonly sockets = new OpenSockets();
  readonly leaving = new AbortController();
  readonly removed = new AbortController();
  readonly ends: SocketEnd[] = [];
  readonly asked: Asked[] = [];
  readonly lease: FakeLease | null;
  /** The statuses that were told. */
  readonly told: number[] = [];
  /** How many bytes were told. */
  toldBytes = 0;
  /** Bytes that were read of tunnels. */
  readBytes = 0;
  readonly port: number;
  readonly #client: UpstreamClient;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #ends: RawEnd[] = [];
  readonly #options: HarnessOptions;

  constructor(options: HarnessOptions = {}) {
    this.#options = options;
    this.lease = options.lease === undefined ? new FakeLease() : options.lease;
    this.#client = new UpstreamClient({
      baseUrl: options.baseUrl ?? `http://127.0.0.1:${this.#listener.addr.port}/base`,
      caCerts: options.caCerts ?? [],
    });
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      (request) => this.#serve(request).catch((thrown) => this.#fail(thrown)),
    );
    this.port = this.#server.addr.port;
  }

  /** A connection to the gateway, on which nothing was said. */
  async connect(): Promise<RawEnd> {
    const end = new RawEnd(await Deno.connect({ hostname: "127.0.0.1", port: this.port }), { isServer: false });
    this.#ends.push(end);
    return end;
  }

  /** The next connection to the backend. */
  async accept(): Promise<RawEnd> {
    const end = new RawEnd(await this.#listener.accept(), { isServer: true });
    this.#ends.push(end);
    return end;
  }

  /** An open websocket: both of its far ends. */
  async open(): Promise<{ readonly client: RawEnd; readonly backend: RawEnd }> {
    const client = await this.connect();
    await client.write(upgradeRequest());
    const backend = await this.accept();
    await backend.agree();
    assertStringIncludes(await client.readHead(), "HTTP/1.1 101 ");
    return { client, backend };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.sockets.closeAll(1001, "");
    for (const end of this.#ends) end[Symbol.dispose]();
    this.#listener.close();
    await this.sockets.whenNone();
    this.clock.advance(60_000);
    await this.#server.shutdown();
    this.#client.close();
  }

  #serve(request: Request): Promise<Response> {
    const { idleMs = 10_000, bounds } = this.#options;
    const { clock, sockets, lease } = this;
    return serveWebsocket({
      request,
      path: "/ws?a=1",
      headers: requestHeaders(request.headers, { host: "backend", remoteAddr: null, credentialNames: ["x-api-key"] }),
      protocols: offeredProtocols(request.headers),
      client: { send: (sent) => this.#send(sent) },
      lease: lease === null ? null : { held: lease, acquire: (signal) => this.#acquire(signal), idleMs },
      leaving: this.leaving.signal,
      removed: this.removed.signal,
      sockets,
      answer: {
        dialect: "openai",
        bounds: { bufferBytes: 1 << 20, stalledMs: null },
        clock,
        log: silentLog,
        answerHeaders: [["x-request-id", "one"]],
        onHead: (status) => this.told.push(status),
      },
      ...(bounds === undefined ? {} : { bounds }),
      onBytes: (count) => this.toldBytes += count,
      onEnd: (end) => this.ends.push(end),
    });
  }

  #fail(thrown: unknown): Response {
    return errorResponse(toGatewayError(thrown), { dialect: "openai", accept: null, operator: false });
  }

  #send(request: UpstreamRequest) {
    const call = this.#client.send(request);
    const response = call.response.then((answer) => ({
      ...answer,
      tunnel: answer.tunnel === null ? null : this.#counted(answer.tunnel),
    }));
    return { response, abort: (reason: unknown) => call.abort(reason) };
  }

  #counted(tunnel: UpstreamTunnel): UpstreamTunnel {
    return {
      ...tunnel,
      read: async () => {
        const bytes = await tunnel.read();
        this.readBytes += bytes?.length ?? 0;
        return bytes;
      },
    };
  }

  #acquire(signal: AbortSignal): Promise<HeldLease> {
    const { promise, resolve, reject } = Promise.withResolvers<HeldLease>();
    signal.addEventListener("abort", () => reject(signal.reason));
    this.asked.push({
      signal,
      grant: (lease = new FakeLease()) => {
        resolve(lease);
        return lease;
      },
      refuse: reject,
    });
    return promise;
  }
}
