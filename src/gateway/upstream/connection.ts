/**
 * One plain TCP connection to a backend.
 *
 * @module
 */

import { GatewayError } from "../../errors.ts";

/** Where a connection goes and how long it may take. */
export interface ConnectOptions {
  readonly hostname: string;
  readonly port: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** A connection with its read buffer; closing twice is harmless. */
export class Connection {
  readonly #conn: Deno.TcpConn;
  #isClosed = false;
  /** `performance.now()` of the moment it became idle. */
  idleSinceMs = 0;

  /** Takes over an open socket. */
  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  /** The bytes of one read, in memory of their own, or null at the end of the connection. */
  async read(): Promise<Uint8Array | null> {
    const buffer = new Uint8Array(64 * 1024);
    const count = await this.#conn.read(buffer);
    if (count === null) return null;
    return count < 16 * 1024 ? buffer.slice(0, count) : buffer.subarray(0, count);
  }

  /** Writes all of `bytes`. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
  }

  /** Closes the socket at once; a pending read or write fails. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      this.#conn.close();
    } catch {
      // the other side was faster
    }
  }
}

/** Opens a connection; rejects with the signal's reason, or with `backend_unreachable`. */
export async function connect({ hostname, port, timeoutMs, signal }: ConnectOptions): Promise<Connection> {
  signal?.throwIfAborted();
  const gaveUp = Promise.withResolvers<never>();
  const onAbort = () => gaveUp.reject(signal?.reason);
  const timer = setTimeout(
    () =>
      gaveUp.reject(new GatewayError("backend_unreachable", "The model's backend did not accept a connection in time")),
    timeoutMs,
  );
  signal?.addEventListener("abort", onAbort, { once: true });
  let isLate = false;
  const opening = Deno.connect({ hostname, port }).then((conn) => {
    if (isLate) conn.close();
    else conn.setNoDelay(true);
    return conn;
  }, (cause) => {
    throw new GatewayError("backend_unreachable", "The model's backend cannot be reached", { cause });
  });
  try {
    return new Connection(await Promise.race([opening, gaveUp.promise]));
  } catch (error) {
    isLate = true;
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}
