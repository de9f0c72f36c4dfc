/**
 * TLS over a connection to a backend (RFC 8446), for HTTP/1.1 alone.
 *
 * Which authorities are trusted is the runtime's business: those of Mozilla's list, or of the system with
 * `DENO_TLS_CA_STORE=system`, and those of the file that `--cert` or `DENO_CERT` names.
 *
 * @module
 */

import { GatewayError } from "../../errors.ts";
import { inTime } from "./in_time.ts";

/** How handshakes with one backend are done. */
export interface TlsOptions {
  /** What error messages call the backend. */
  readonly name: string;
  /** Whom the certificate has to be for: a name, or an address without brackets. */
  readonly hostname: string;
  /** Milliseconds for a handshake; null waits as long as the system does. */
  readonly timeoutMs: number | null;
  /** Authorities in PEM form that are trusted besides those of the runtime. */
  readonly caCerts: readonly string[];
}

/**
 * How many handshakes may be left unfinished. The runtime keeps the socket of one, though it was closed, until the other
 * side moves (seen with 2.9.6): a backend that has stopped would cost a descriptor for each request.
 */
const MAX_UNFINISHED = 64;

/** Does the handshakes with one backend. */
export class TlsOpener {
  readonly #options: TlsOptions;
  /** Given up, and still without an end. */
  readonly #unfinished = new Set<Deno.TlsConn>();

  /** Does nothing yet. */
  constructor(options: TlsOptions) {
    this.#options = options;
  }

  /** Throws `backend_unreachable` while too many handshakes have been given up that the backend has not answered. */
  refuseWhenSilent(): void {
    if (this.#unfinished.size < MAX_UNFINISHED) return;
    throw this.#unreachable(new Error(`${MAX_UNFINISHED} TLS handshakes are without an answer`));
  }

  /**
   * Takes over `tcp`, closing it where no handshake comes about. Rejects with what `gaveUp` rejects with, or with
   * `backend_unreachable`: the cause says what is wrong with a certificate, and is for the log alone.
   */
  async secure(tcp: Deno.TcpConn, gaveUp: Promise<never>): Promise<Deno.TlsConn> {
    const { name, hostname, timeoutMs, caCerts } = this.#options;
    const conn = await Deno.startTls(tcp, { hostname, caCerts: [...caCerts], alpnProtocols: ["http/1.1"] })
      .catch((cause) => {
        close(tcp);
        throw this.#unreachable(cause);
      });
    const shaking = conn.handshake();
    try {
      const late = () => new GatewayError("backend_unreachable", `${name} did not finish the TLS handshake in time`);
      await inTime(shaking.catch((cause) => Promise.reject(this.#unreachable(cause))), { timeoutMs, gaveUp, late });
      return conn;
    } catch (error) {
      this.#closeWhenFinished(conn, shaking);
      throw error;
    }
  }

  /** Closes what has been given up. */
  close(): void {
    for (const conn of this.#unfinished) close(conn);
  }

  #closeWhenFinished(conn: Deno.TlsConn, shaking: Promise<unknown>): void {
    this.#unfinished.add(conn);
    const end = () => {
      this.#unfinished.delete(conn);
      close(conn);
    };
    shaking.then(end, end);
  }

  #unreachable(cause: unknown): GatewayError {
    return new GatewayError("backend_unreachable", `${this.#options.name} cannot be reached`, { cause });
  }
}

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // the other side was faster
  }
}
