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

const READ_BYTES = 64 * 1024;
const IDLE_READ_BYTES = 4 * 1024;

/** A connection with its read buffer; closing twice is harmless. */
export class Connection {
  readonly #conn: Deno.TcpConn;
  #isClosed = false;
  #isWatched = false;
  #ahead: Promise<Uint8Array | null> | undefined;
  /** `performance.now()` of the moment it became idle. */
  idleSinceMs = 0;

  /** Takes over an open socket. */
  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  /** The bytes of one read, in memory of their own, or null at the end of the connection. */
  read(): Promise<Uint8Array | null> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    return ahead ?? this.#readOnce(READ_BYTES);
  }

  /** Writes all of `bytes`, telling `onBytes` after each step that took some. */
  async write(bytes: Uint8Array, onBytes?: () => void): Promise<void> {
    for (let at = 0; at < bytes.length; onBytes?.()) at += await this.#conn.write(bytes.subarray(at));
  }

  /** Reads ahead while the connection is idle: its end, or bytes that nobody asked for, close it and call `onUseless`. */
  watch(onUseless: () => void): void {
    this.#isWatched = true;
    const useless = () => {
      if (!this.#isWatched) return;
      this.close();
      onUseless();
    };
    this.#ahead = this.#readOnce(IDLE_READ_BYTES);
    this.#ahead.then(useless, useless);
  }

  /** Ends {@link watch}; the next read takes what the read ahead gets. */
  unwatch(): void {
    this.#isWatched = false;
  }

  /** Closes the socket at once; a pending read or write fails. */
  close(): void {
    this.#isWatched = false;
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      this.#conn.close();
    } catch {
      // the other side was faster
    }
  }

  async #readOnce(size: number): Promise<Uint8Array | null> {
    const buffer = new Uint8Array(size);
    const count = await this.#conn.read(buffer);
    if (count === null) return null;
    return count < size / 4 ? buffer.slice(0, count) : buffer.subarray(0, count);
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
  const opening = Deno.connect({ hostname, port }).catch((cause) => {
    throw new GatewayError("backend_unreachable", "The model's backend cannot be reached", { cause });
  });
  try {
    const conn = await Promise.race([opening, gaveUp.promise]);
    conn.setNoDelay(true);
    return new Connection(conn);
  } catch (error) {
    opening.then((conn) => new Connection(conn).close(), () => {}); // opened after it was given up
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}
