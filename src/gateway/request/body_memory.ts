/**
 * The bound over the bodies of all requests together: what would go beyond it is refused, and nothing waits for room.
 *
 * @module
 */

import { GatewayError } from "../../errors.ts";

/** After this many seconds a refused client may find room: bodies leave as fast as their requests are sent on. */
const RETRY_AFTER_S = 5;
/** The read that meets the end of a body needs a byte of room: a body as large as the bound still has a place. */
const SLACK_BYTES = 1;

/** Counts the bytes of bodies that are held. */
export class BodyMemory {
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
   * Counts `bytes` more, all of them or none.
   *
   * @throws {GatewayError} `too_busy` when there is no room for them.
   */
  take(bytes: number): void {
    const after = this.#heldBytes + bytes;
    if (after > this.#maxBytes + SLACK_BYTES) {
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
