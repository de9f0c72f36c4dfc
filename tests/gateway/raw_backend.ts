/**
 * A backend of raw bytes: the test itself accepts, reads and writes, so that every moment of an exchange is its decision.
 *
 * @module
 */

import { fail } from "@std/assert";
import { GatewayError } from "../../src/errors.ts";
import { UpstreamClient } from "../../src/gateway/upstream/client.ts";
import type { UpstreamOptions } from "../../src/gateway/upstream/client.ts";

/** A fault must turn a test red, not let it wait for ever; nothing that works comes near it. */
const PATIENCE_MS = 10_000;
/** The real ones, also where a test fakes time. */
const { setTimeout, clearTimeout } = globalThis;

/** One accepted socket. */
export class RawSocket {
  readonly #conn: Deno.Conn;

  /** Takes over an open socket. */
  constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  /** Reads until `text` has come, and returns all that was read. */
  async readUntil(text: string): Promise<string> {
    let all = "";
    const buffer = new Uint8Array(64 * 1024);
    while (!all.includes(text)) {
      const count = await this.#read(buffer);
      if (count === null) fail(`The socket ended before ${JSON.stringify(text)}: ${JSON.stringify(all)}`);
      all += new TextDecoder().decode(buffer.subarray(0, count));
    }
    return all;
  }

  /** Reads to the end, and returns all that was read; a reset is an end too. */
  async readToEnd(): Promise<string> {
    let all = "";
    const buffer = new Uint8Array(64 * 1024);
    for (let count = await this.#read(buffer); count !== null; count = await this.#read(buffer)) {
      all += new TextDecoder().decode(buffer.subarray(0, count));
    }
    return all;
  }

  /** Ends the sending direction alone. */
  closeWrite(): Promise<void> {
    return this.#conn.closeWrite();
  }

  /** Writes all of `text`. */
  async write(text: string): Promise<void> {
    await this.writeBytes(new TextEncoder().encode(text));
  }

  /** Writes all of the pieces. */
  async writeBytes(...pieces: readonly Uint8Array[]): Promise<void> {
    for (const bytes of pieces) {
      for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
    }
  }

  /** Closes the socket. */
  close(): void {
    this.#conn.close();
  }

  async #read(buffer: Uint8Array): Promise<number | null> {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.#conn.close();
    }, PATIENCE_MS);
    const count = await this.#conn.read(buffer).catch(() => null);
    clearTimeout(timer);
    return isLate ? fail("The other side neither wrote nor closed") : count;
  }
}

/** A listening backend with a client to it. */
export interface RawBackend extends Disposable {
  readonly client: UpstreamClient;
  readonly baseUrl: string;
  /** The next connection. */
  accept(): Promise<RawSocket>;
  /** Stops listening, so that later connections are refused. */
  refuse(): void;
}

/** How a raw backend is reached. */
export type Transport = "http" | "https";

/** Makes a {@link RawBackend}. */
export type Listen = (options?: Partial<UpstreamOptions>) => RawBackend;

const TLS = new URL("../fixtures/tls/", import.meta.url);
/** The certificate of the https backend, which signs itself. */
export const CERTIFICATE = Deno.readTextFileSync(new URL("cert.pem", TLS));
const KEY = Deno.readTextFileSync(new URL("key.pem", TLS));

/** Runs a test over plain connections, and once more over TLS. */
export function testBoth(name: string, run: (rawBackend: Listen) => Promise<void>): void {
  Deno.test(name, () => run((options) => rawBackend(options)));
  Deno.test(`https: ${name}`, () => run((options) => rawBackend(options, "https")));
}

/** Listens on a free port; leaving the scope closes the client and every socket. */
export function rawBackend(options: Partial<UpstreamOptions> = {}, transport: Transport = "http"): RawBackend {
  const at = { hostname: "127.0.0.1", port: 0 };
  const listener = transport === "http" ? Deno.listen(at) : Deno.listenTls({ ...at, cert: CERTIFICATE, key: KEY });
  const baseUrl = `${transport}://127.0.0.1:${listener.addr.port}`;
  const client = new UpstreamClient({ baseUrl, caCerts: [CERTIFICATE], ...options });
  const sockets: Deno.Conn[] = [];
  let isListening = true;
  const refuse = () => {
    if (isListening) listener.close();
    isListening = false;
  };
  return {
    client,
    baseUrl,
    refuse,
    async accept() {
      const timer = setTimeout(refuse, PATIENCE_MS);
      const conn: Deno.TcpConn | Deno.TlsConn = await listener.accept().finally(() => clearTimeout(timer));
      sockets.push(conn);
      if ("handshake" in conn) await conn.handshake().catch(() => {}); // its client may have left
      return new RawSocket(conn);
    },
    [Symbol.dispose]() {
      client.close();
      refuse();
      for (const socket of sockets) {
        try {
          socket.close();
        } catch {
          // the test has closed it
        }
      }
    },
  };
}

/** The code of the {@link GatewayError} that `promise` rejects with. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof GatewayError) return error.code;
    throw error;
  }
  return fail("It did not reject");
}
