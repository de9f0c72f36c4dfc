/**
 * The idle connections to one backend.
 *
 * @module
 */

import type { Connection } from "./connection.ts";

/** Common Python servers close an idle socket at 5 s: what is not safe to send twice uses only younger ones. */
const UNSAFE_IDLE_MS = 3000;
const MAX_IDLE = 32;

/** Keeps idle connections, the youngest first out; one that ends, speaks unasked or idles too long is closed. */
export class ConnectionPool {
  readonly #maxIdleMs: number;
  readonly #idle = new Map<Connection, ReturnType<typeof setTimeout>>();
  #isClosed = false;

  /** Closes a connection after `maxIdleMs` milliseconds without use. */
  constructor(maxIdleMs: number) {
    this.#maxIdleMs = maxIdleMs;
  }

  /** Takes a connection that may carry a request, or undefined. */
  take(isSafe: boolean): Connection | undefined {
    const connection = [...this.#idle.keys()].at(-1);
    if (connection === undefined) return undefined;
    // Where the youngest is too old for this request, so are all others.
    if (performance.now() - connection.idleSinceMs >= (isSafe ? this.#maxIdleMs : UNSAFE_IDLE_MS)) return undefined;
    this.#remove(connection);
    connection.unwatch();
    return connection;
  }

  /** Gives a connection back; it is closed when the pool is closed or full. */
  put(connection: Connection): void {
    if (this.#isClosed || this.#idle.size >= MAX_IDLE) return connection.close();
    connection.idleSinceMs = performance.now();
    this.#idle.set(connection, setTimeout(() => this.#drop(connection), this.#maxIdleMs));
    connection.watch(() => this.#remove(connection));
  }

  /** Closes every idle connection, and each that is given back later. */
  close(): void {
    this.#isClosed = true;
    for (const connection of [...this.#idle.keys()]) this.#drop(connection);
  }

  #drop(connection: Connection): void {
    this.#remove(connection);
    connection.close();
  }

  #remove(connection: Connection): void {
    clearTimeout(this.#idle.get(connection));
    this.#idle.delete(connection);
  }
}
