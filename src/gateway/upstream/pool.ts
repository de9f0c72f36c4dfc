/**
 * The idle connections to one backend.
 *
 * @module
 */

import type { Connection } from "./connection.ts";

/** Common Python servers close an idle socket at 5 s: what is not safe to send twice uses only younger ones. */
const UNSAFE_IDLE_MS = 3000;
const MAX_IDLE_MS = 90_000;
const MAX_IDLE = 32;

/** Keeps idle connections, the youngest first out. */
export class ConnectionPool {
  readonly #idle: Connection[] = [];
  #isClosed = false;

  /** Takes a connection that may carry a request, or undefined; those that are too old are closed. */
  take(isSafe: boolean): Connection | undefined {
    const connection = this.#idle.pop();
    if (connection === undefined) return undefined;
    if (performance.now() - connection.idleSinceMs < (isSafe ? MAX_IDLE_MS : UNSAFE_IDLE_MS)) return connection;
    connection.close(); // the others are older still, but a safe request may want them
    if (isSafe) this.#drop();
    return undefined;
  }

  /** Gives a connection back; it is closed when the pool is closed or full. */
  put(connection: Connection): void {
    if (this.#isClosed || this.#idle.length >= MAX_IDLE) return connection.close();
    connection.idleSinceMs = performance.now();
    this.#idle.push(connection);
  }

  /** Closes every idle connection, and each that is given back later. */
  close(): void {
    this.#isClosed = true;
    this.#drop();
  }

  #drop(): void {
    for (const connection of this.#idle.splice(0)) connection.close();
  }
}
