/**
 * One plain TCP connection to a backend, with the one buffer that it reads into.
 *
 * @module
 */

import { GatewayError } from "../../errors.ts";

/** Where a connection goes and how long it may take. */
export interface ConnectOptions {
  readonly hostname: string;
  readonly port: number;
  /** Milliseconds; null waits as long as the system does. */
  readonly timeoutMs: number | null;
  /** Whether the system asks an idle peer now and then if it is still there. */
  readonly keepAlive: boolean;
  /** Rejects when nobody wants the connection any more. */
  readonly gaveUp: Promise<never>;
}

const READ_BYTES = 64 * 1024;

/** A connection; closing twice is harmless. */
export class Connection {
  readonly #conn: Deno.TcpConn;
  #buffer: Uint8Array<ArrayBuffer> | null = null;
  #isClosed = false;
  #isWatched = false;
  #ahead: Promise<number | null> | undefined;
  /** `performance.now()` of the moment it became idle. */
  idleSinceMs = 0;

  /** Takes over an open socket. */
  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  /** Reads once; how many bytes are now in {@link view}, or null at the end. One read at a time. */
  read(): Promise<number | null> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    return ahead ?? this.#conn.read(this.#buffer ??= new Uint8Array(READ_BYTES));
  }

  /** The first `count` bytes of the buffer: valid until the next read. */
  view(count: number): Uint8Array<ArrayBuffer> {
    return this.#buffer === null ? new Uint8Array(0) : this.#buffer.subarray(0, count);
  }

  /**
   * `piece` in memory that no later read touches: a copy of a small part of the buffer, the buffer itself for a large one
   * (the next read gets another), and anything else as it is.
   */
  own(piece: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    if (this.#buffer === null || piece.buffer !== this.#buffer.buffer) return piece;
    if (piece.length < READ_BYTES / 4) return piece.slice();
    this.#buffer = null;
    return piece;
  }

  /** Writes `bytes` once; how many of them were taken. */
  write(bytes: Uint8Array): Promise<number> {
    return this.#conn.write(bytes);
  }

  /** Ends the sending direction. */
  closeWrite(): Promise<void> {
    return this.#conn.closeWrite();
  }

  /** Reads ahead while the connection is idle: its end, or bytes that nobody asked for, close it and call `onUseless`. */
  watch(onUseless: () => void): void {
    this.#isWatched = true;
    const useless = () => {
      if (!this.#isWatched) return;
      this.close();
      onUseless();
    };
    this.#ahead = this.read();
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
}

/** Opens a connection; rejects with what `gaveUp` rejects with, or with `backend_unreachable`. */
export async function connect(options: ConnectOptions): Promise<Connection> {
  const { hostname, port, timeoutMs, keepAlive, gaveUp } = options;
  const late = Promise.withResolvers<never>();
  const timer = timeoutMs === null ? undefined : setTimeout(
    () =>
      late.reject(new GatewayError("backend_unreachable", "The model's backend did not accept a connection in time")),
    timeoutMs,
  );
  const opening = Deno.connect({ hostname, port }).catch((cause) => {
    throw new GatewayError("backend_unreachable", "The model's backend cannot be reached", { cause });
  });
  try {
    const conn = await Promise.race([opening, gaveUp, late.promise]);
    conn.setNoDelay(true);
    if (keepAlive) conn.setKeepAlive(true);
    return new Connection(conn);
  } catch (error) {
    opening.then((conn) => new Connection(conn).close(), () => {}); // opened after it was given up
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
