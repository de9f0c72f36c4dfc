/**
 * One connection to a backend, plain or over TLS, with the one buffer that it reads into.
 *
 * @module
 */

import { GatewayError } from "../../errors.ts";
import { inTime } from "./in_time.ts";
import type { TlsOpener } from "./tls.ts";

/** Where a connection goes and how long it may take. */
export interface ConnectOptions {
  /** What error messages call the backend. */
  readonly name: string;
  readonly hostname: string;
  readonly port: number;
  /** Milliseconds; null waits as long as the system does. */
  readonly timeoutMs: number | null;
  /** Whether the system asks an idle peer now and then if it is still there. */
  readonly keepAlive: boolean;
  /** Does the TLS handshake; null for a plain connection. */
  readonly tls: TlsOpener | null;
  /** Rejects when nobody wants the connection any more. */
  readonly gaveUp: Promise<never>;
}

/** What is read lies in blocks of this size. */
const BLOCK_BYTES = 64 * 1024;
/** A read that would have less room than this begins a new block. */
const LEAST_ROOM_BYTES = 16 * 1024;
/** A piece that is a smaller part of its read than one in so many is copied. */
const LEAST_SHARE = 4;
const NO_BLOCK = new Uint8Array(0);
/** A write of up to so many bytes is made in memory of the connection's own: most requests are shorter. */
const WRITE_BYTES = 4 * 1024;

/** A connection; closing twice is harmless. */
export class Connection {
  /** Whether a write that fails may have sent something all the same: TLS sends what it is given in records. */
  readonly isSecure: boolean;
  readonly #conn: Deno.Conn;
  /** Memory that reads fill from {@link Connection.#from} on; what lies before belongs to those who were given it. */
  #block: Uint8Array<ArrayBuffer> = NO_BLOCK;
  #from = 0;
  /** How many bytes the last read brought. */
  #count = 0;
  #out: Uint8Array<ArrayBuffer> | null = null;
  #isClosed = false;
  #isWatched = false;
  #ahead: Promise<number | null> | undefined;
  /** Whether its last answer came in chunks. */
  hasHadChunks = false;
  /** `performance.now()` of the moment it became idle. */
  idleSinceMs = 0;

  /** Takes over an open socket. */
  constructor(conn: Deno.Conn, { isSecure = false }: { readonly isSecure?: boolean } = {}) {
    this.#conn = conn;
    this.isSecure = isSecure;
  }

  /** Reads once; how many bytes are now in {@link view}, or null at the end. One read at a time. */
  read(): Promise<number | null> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    if (ahead !== undefined) return ahead;
    if (this.#block.length - this.#from < LEAST_ROOM_BYTES) {
      this.#block = new Uint8Array(BLOCK_BYTES);
      this.#from = 0;
    }
    return this.#conn.read(this.#block.subarray(this.#from));
  }

  /** The first `count` bytes of what was read: valid until the next read. */
  view(count: number): Uint8Array<ArrayBuffer> {
    this.#count = count;
    return this.#block.subarray(this.#from, this.#from + count);
  }

  /**
   * Makes `piece`, a part of {@link view} or memory of its own, valid for good: later reads go behind it. A copy would cost
   * an allocation for each piece, which is most of what a stream of small events leaves to the garbage collector. What is
   * little beside its framing is copied all the same, so that it does not hold a whole block in memory.
   */
  keep(piece: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    if (piece.buffer !== this.#block.buffer) return piece;
    if (piece.length * LEAST_SHARE < this.#count) return piece.slice();
    this.#from = piece.byteOffset + piece.length;
    return piece;
  }

  /**
   * Memory for the next {@link write}, good until that write has ended: an array of its own for each would cost more than
   * all the rest of a small request's head.
   */
  roomToWrite(length: number): Uint8Array<ArrayBuffer> {
    if (length > WRITE_BYTES) return new Uint8Array(length);
    this.#out ??= new Uint8Array(WRITE_BYTES);
    return this.#out.subarray(0, length);
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
  const { name, hostname, port, timeoutMs, keepAlive, tls, gaveUp } = options;
  tls?.refuseWhenSilent();
  const opening = Deno.connect({ hostname, port }).catch((cause) => {
    throw new GatewayError("backend_unreachable", `${name} cannot be reached`, { cause });
  });
  try {
    const late = () => new GatewayError("backend_unreachable", `${name} did not accept a connection in time`);
    const conn = await inTime(opening, { timeoutMs, gaveUp, late });
    conn.setNoDelay(true);
    if (keepAlive) conn.setKeepAlive(true);
    return tls === null ? new Connection(conn) : new Connection(await tls.secure(conn, gaveUp), { isSecure: true });
  } catch (error) {
    // Opened after it was given up; what TLS has taken over is not here any more.
    opening.then((conn) => new Connection(conn).close(), () => {});
    throw error;
  }
}
