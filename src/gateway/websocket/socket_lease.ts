/**
 * The lease of a websocket: given back while nothing is said, asked for again by the next message, never a reason to load.
 *
 * @module
 */

import type { Clock } from "../../clock.ts";
import { type GatewayError, toGatewayError } from "../../errors.ts";

/** A right to use the backend, as far as a websocket needs it; releasing twice is harmless. */
export interface HeldLease {
  onInterrupt(listener: (reason: GatewayError) => void): void;
  release(): void;
}

/** Where a websocket's lease comes from. */
export interface LeaseSource {
  /** The one that the websocket was opened with. */
  readonly held: HeldLease;
  /** Waits in line for another one; rejects when `signal` aborts. */
  readonly acquire: (signal: AbortSignal) => Promise<HeldLease>;
  /** How long it is kept without a message, in milliseconds; null keeps it as long as the websocket is open. */
  readonly idleMs: number | null;
}

/** What a {@link SocketLease} is made of. */
export interface SocketLeaseOptions extends LeaseSource {
  /**
   * Aborts when the process that the websocket leads to is being stopped, before the scheduler hears of that. From then on
   * nothing is asked for: a lease could only be had by starting another process.
   */
  readonly leaving: AbortSignal;
  readonly clock: Clock;
  /** It is held again. */
  readonly onHeld: () => void;
  /** It was cut by an operator, or refused; it is over. */
  readonly onLost: (error: GatewayError) => void;
}

/** A lease that comes and goes. */
export class SocketLease {
  readonly #options: SocketLeaseOptions;
  #held: HeldLease | null = null;
  /** Ends the wait in line; null while there is none. */
  #asking: AbortController | null = null;
  #isOver = false;
  #lastMs = 0;
  #cancelTimer: (() => void) | null = null;
  readonly #onLeaving = () => this.#asking?.abort(this.#options.leaving.reason);

  /** Holds the lease that the websocket was opened with, and is responsible for it from now on. */
  constructor(options: SocketLeaseOptions) {
    this.#options = options;
    options.leaving.addEventListener("abort", this.#onLeaving);
    this.#hold(options.held);
  }

  /** Whether it is held now. */
  get isHeld(): boolean {
    return this.#held !== null;
  }

  /** A message passes, or wants to: whether the lease is held. If it is not, it is asked for, and `onHeld` tells. */
  touch(): boolean {
    this.#lastMs = this.#options.clock.now();
    if (this.#held !== null) return true;
    if (this.#asking === null && !this.#isOver && !this.#options.leaving.aborted) this.#ask();
    return false;
  }

  /** The websocket has ended: the lease is given back, or not waited for any more. */
  end(): void {
    this.#isOver = true;
    this.#options.leaving.removeEventListener("abort", this.#onLeaving);
    this.#release();
    this.#asking?.abort();
  }

  #hold(lease: HeldLease): void {
    this.#held = lease;
    this.#lastMs = this.#options.clock.now();
    if (this.#options.idleMs !== null) this.#wakeAfter(this.#options.idleMs);
    lease.onInterrupt((reason) => {
      if (this.#held === lease) this.#lose(reason);
    });
  }

  /** One timer for many messages: where it comes too early, it is set for the rest. */
  #wakeAfter(delayMs: number): void {
    this.#cancelTimer = this.#options.clock.after(delayMs, () => {
      const leftMs = this.#lastMs + (this.#options.idleMs ?? 0) - this.#options.clock.now();
      if (leftMs > 0) this.#wakeAfter(leftMs);
      else this.#release();
    });
  }

  #release(): void {
    const held = this.#held;
    this.#held = null;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    held?.release();
  }

  #ask(): void {
    const asking = this.#asking = new AbortController();
    this.#options.acquire(asking.signal).then((lease) => {
      this.#asking = null;
      if (asking.signal.aborted) return lease.release(); // it was granted in the same moment
      this.#hold(lease);
      if (this.#held !== null) this.#options.onHeld();
    }, (thrown) => {
      this.#asking = null;
      if (!asking.signal.aborted) this.#lose(toGatewayError(thrown));
    });
  }

  #lose(error: GatewayError): void {
    if (this.#isOver) return;
    this.end();
    this.#options.onLost(error);
  }
}
