/**
 * What the scheduler needs from the backends.
 *
 * @module
 */

import type { BackendPhase } from "./types.ts";

/** A backend that may not go away by itself (idle unload) while it is held. */
export interface Hold<T> {
  /** Where the backend is reached. */
  readonly target: T;
  /** Ends the hold; called exactly once. */
  release(): void;
}

/** The backends as the scheduler sees them; `T` says where one is reached. */
export interface BackendPort<T> {
  /**
   * Stops `evict` in this order, waits until they have exited, then brings `model` to ready, also from *stopping*.
   *
   * After `signal` aborts it starts nothing any more; its end is then of no interest. Rejects with a `GatewayError`.
   */
  load(model: string, options: { readonly evict: readonly string[]; readonly signal: AbortSignal }): Promise<void>;
  /** Stops these backends (null: all); resolves when they have exited, rejects with a `GatewayError` if one has not. */
  stop(models: readonly string[] | null): Promise<void>;
  /** Takes hold of a ready backend, at once; throws a `GatewayError` if it is not ready. */
  hold(model: string): Hold<T>;
  /**
   * Tells every change of phase when it happens, and at once the phase of every backend that is not stopped; returns
   * the end of the subscription. A phase is told before the promise that it belongs to settles.
   */
  subscribe(listener: (model: string, phase: BackendPhase) => void): () => void;
}
