/**
 * How many requests each key has open.
 *
 * @module
 */

import type { ApiKey } from "../config/types.ts";
import { GatewayError } from "../errors.ts";

/** Counts open requests by key. One for the life of the gateway: a key that a reload keeps goes on counting. */
export class OpenRequests {
  readonly #open = new Map<string, number>();

  /**
   * Lets one more request in; the function that is returned says that it is over, and may be called again. `perKey`: the
   * bound for keys that have none of their own; 0 = none. Clients without a key count as one.
   *
   * @throws {GatewayError} `too_many_requests` when as many are open as may be.
   */
  enter({ key }: { readonly key: ApiKey | null }, perKey: number): () => void {
    const id = key?.key ?? "";
    const open = this.#open.get(id) ?? 0;
    const most = key?.maxOpen ?? perKey;
    if (most > 0 && open >= most) {
      const whose = key === null ? "Too many requests are open" : "Too many requests are open with this API key";
      throw new GatewayError("too_many_requests", `${whose}: ${most} may be`, { retryAfterS: 1 });
    }
    this.#open.set(id, open + 1);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      const left = (this.#open.get(id) ?? 0) - 1;
      if (left > 0) this.#open.set(id, left);
      else this.#open.delete(id);
    };
  }

  /** How many are open with a key; with none when it is `null`. */
  count(key: ApiKey | null): number {
    return this.#open.get(key?.key ?? "") ?? 0;
  }
}
