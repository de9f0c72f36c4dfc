/**
 * The websockets that are open, so that a shutdown can close them before the server cuts them.
 *
 * @module
 */

import type { CloseReason } from "./close_codes.ts";

/** A websocket as far as a shutdown needs it. */
export interface ClosableSocket {
  /** Closes both of its ends; harmless when it has ended. */
  close(reason: CloseReason): void;
}

/** All websockets of a gateway. */
export class OpenSockets {
  readonly #sockets = new Set<ClosableSocket>();
  #closing: CloseReason | null = null;
  #onNone: (() => void)[] = [];

  /** How many have not ended. */
  get size(): number {
    return this.#sockets.size;
  }

  /** Adds one; after {@link OpenSockets.closeAll} it is closed at once. */
  add(socket: ClosableSocket): void {
    this.#sockets.add(socket);
    if (this.#closing !== null) socket.close(this.#closing);
  }

  /** Takes out one that has ended. */
  remove(socket: ClosableSocket): void {
    this.#sockets.delete(socket);
    if (this.#sockets.size > 0) return;
    for (const tell of this.#onNone.splice(0)) tell();
  }

  /** Closes them all, and those that are added from now on; 1001 is the code for a server that goes away. */
  closeAll(code: number, reason: string): void {
    this.#closing = { code, reason };
    for (const socket of [...this.#sockets]) socket.close(this.#closing);
  }

  /** Resolves when none is left: a client that never answers a close frame keeps its own as long as its connection. */
  whenNone(): Promise<void> {
    if (this.#sockets.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onNone.push(resolve));
  }
}
