/**
 * The idle connections to one backend.
 *
 * @module
 */

import { timerDelay } from "../../clock.ts";
import type { Connection } from "./connection.ts";

/** Common Python servers close an idle socket at 5 s: what is not safe to send twice uses only younger ones. */
const UNSAFE_IDLE_MS = 3000;
/**
 * llama.cpp's server says that it keeps a connection and closes it behind each answer in chunks: so long the end of one may
 * still be on its way, in milliseconds.
 */
const CHUNKS_PROOF_MS = 50;
const MAX_IDLE = 128;

/** Keeps idle connections, the youngest first out; one that ends, speaks unasked or idles too long is closed. */
export class ConnectionPool {
  readonly #maxIdleMs: number;
  /** The youngest last. */
  readonly #idle: Connection[] = [];
  /** One timer for all, set for the oldest when it was set. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;
  /** The backend has closed a young connection without a word: the next one may be closing just now. */
  #closesUnannounced = false;
  /** A connection has been seen to stay open behind an answer in chunks. */
  #keepsBehindChunks = false;

  /** Closes a connection after `maxIdleMs` milliseconds without use; never for that reason when null. */
  constructor(maxIdleMs: number | null) {
    this.#maxIdleMs = maxIdleMs ?? Number.POSITIVE_INFINITY;
  }

  /** Takes a connection that may carry a request, or undefined. */
  take(isSafe: boolean): Connection | undefined {
    const connection = this.#idle.at(-1);
    if (connection === undefined || (!isSafe && this.#closesUnannounced)) return undefined;
    const now = performance.now();
    // Where the youngest is too old for this request, so are all others.
    if (now - connection.idleSinceMs >= (isSafe ? this.#maxIdleMs : UNSAFE_IDLE_MS)) return undefined;
    if (!isSafe && connection.hasHadChunks && !this.#doesKeepBehindChunks(now)) return undefined;
    this.#idle.pop();
    connection.unwatch();
    return connection;
  }

  /** One that has been idle for a while, and is still here, says it of all. */
  #doesKeepBehindChunks(now: number): boolean {
    const oldest = this.#idle[0];
    if (oldest?.hasHadChunks === true && now - oldest.idleSinceMs >= CHUNKS_PROOF_MS) this.#keepsBehindChunks = true;
    return this.#keepsBehindChunks;
  }

  /** Gives a connection back; it is closed when the pool is closed, and the oldest makes room for it in a full pool. */
  put(connection: Connection): void {
    if (this.#isClosed) return connection.close();
    if (this.#idle.length >= MAX_IDLE) this.#idle.shift()?.close();
    connection.idleSinceMs = performance.now();
    this.#idle.push(connection);
    if (Number.isFinite(this.#maxIdleMs)) this.#timer ??= setTimeout(() => this.#sweep(), timerDelay(this.#maxIdleMs));
    connection.watch(() => {
      if (performance.now() - connection.idleSinceMs < UNSAFE_IDLE_MS) this.noteUnannouncedClose();
      const at = this.#idle.indexOf(connection);
      if (at >= 0) this.#idle.splice(at, 1);
    });
  }

  /** From now on nothing that is unsafe to send twice goes over a connection that was used before. */
  noteUnannouncedClose(): void {
    this.#closesUnannounced = true;
  }

  /** Closes every idle connection, and each that is given back later. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const connection of this.#idle.splice(0)) connection.close();
  }

  /** Closes what is too old, and looks again when the oldest of the rest is. */
  #sweep(): void {
    this.#timer = undefined;
    const now = performance.now();
    while (this.#idle[0] !== undefined && now - this.#idle[0].idleSinceMs >= this.#maxIdleMs) {
      this.#idle.shift()?.close();
    }
    const oldest = this.#idle[0];
    if (oldest === undefined) return;
    this.#timer = setTimeout(() => this.#sweep(), timerDelay(oldest.idleSinceMs + this.#maxIdleMs - now));
  }
}
