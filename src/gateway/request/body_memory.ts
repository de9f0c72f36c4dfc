/**
 * The bound over the bodies of all requests together: what would go beyond it is refused, and nothing waits for room.
 *
 * Small bodies may go beyond it by a reserve: a few clients that send half of large ones keep nobody else out.
 *
 * @module
 */

import { GatewayError } from "../../errors.ts";

/** After this many seconds a refused client may find room: bodies leave as fast as their requests are sent on. */
const RETRY_AFTER_S = 5;
/** The read that meets the end of a body needs a byte of room: a body as large as the bound still has a place. */
const SLACK_BYTES = 1;
/** The reserve as a part of the bound. */
const RESERVE_PART = 1 / 16;
const LEAST_RESERVE_BYTES = 4 * 1024 * 1024;

/** Counts the bytes of bodies that are held. */
export class BodyMemory {
  /** For all bodies but small ones. */
  #maxBytes: number;
  #heldBytes = 0;

  /** `maxBytes` is `limits.bodyMemory` in bytes. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** How much is held now. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Another bound, as after a reload; what is held already stays. */
  setMax(maxBytes: number): void {
    this.#maxBytes = maxBytes;
  }

  /**
   * Counts `bytes` more, all of them or none; `mayUseReserve` is for a small body that is here as a whole.
   *
   * @throws {GatewayError} `too_busy` when there is no room for them.
   */
  take(bytes: number, { mayUseReserve = false }: { readonly mayUseReserve?: boolean } = {}): void {
    const after = this.#heldBytes + bytes;
    const reserve = mayUseReserve ? Math.max(this.#maxBytes * RESERVE_PART, LEAST_RESERVE_BYTES) : 0;
    if (after > this.#maxBytes + reserve + SLACK_BYTES) {
      throw new GatewayError("too_busy", "The gateway holds as many request bodies as it may (limits.bodyMemory)", {
        retryAfterS: RETRY_AFTER_S,
      });
    }
    this.#heldBytes = after;
  }

  /** Counts `bytes` less, that were taken before. */
  give(bytes: number): void {
    this.#heldBytes -= bytes;
  }
}
