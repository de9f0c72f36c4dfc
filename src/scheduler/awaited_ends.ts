/**
 * The ends that somebody waits for: of an unload, of a reload, and of all requests.
 *
 * @module
 */

import type { GatewayError } from "../errors.ts";

/** Who waits for which end. */
export class AwaitedEnds {
  #nextAskId = 1;
  readonly #asked = new Map<number, PromiseWithResolvers<void>>();
  readonly #drains: PromiseWithResolvers<void>[] = [];

  /**
   * Begins an unload or a reload: `begin` gets the identity under which its end is told to {@link AwaitedEnds.ended}.
   *
   * Resolves or rejects as that says.
   */
  ask(begin: (askId: number) => void): Promise<void> {
    const askId = this.#nextAskId++;
    const end = Promise.withResolvers<void>();
    this.#asked.set(askId, end);
    begin(askId);
    return end.promise;
  }

  /** An unload or a reload has ended, well (null) or not. */
  ended(askId: number, error: GatewayError | null): void {
    const end = this.#asked.get(askId);
    this.#asked.delete(askId);
    if (error === null) end?.resolve();
    else end?.reject(error);
  }

  /** Resolves at the next {@link AwaitedEnds.drained}. */
  drain(): Promise<void> {
    const drain = Promise.withResolvers<void>();
    this.#drains.push(drain);
    return drain.promise;
  }

  /** Whether anybody waits for the end of all requests. */
  get isDrainAwaited(): boolean {
    return this.#drains.length > 0;
  }

  /** No request is active or waiting. */
  drained(): void {
    for (const drain of this.#drains.splice(0)) drain.resolve();
  }
}
