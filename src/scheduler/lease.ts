/**
 * The right to use a ready backend, and the caller who waits for it.
 *
 * @module
 */

import { GatewayError } from "../errors.ts";
import type { Hold } from "./backend_port.ts";
import type { Ticket } from "./types.ts";

/** The right to use a ready backend; given back exactly once, by whichever of the ways comes first. */
export interface Lease<T> extends Disposable, AsyncDisposable {
  /** The request's public id. */
  readonly id: string;
  /** The model in memory. */
  readonly model: string;
  /** Where its backend is reached; another one after {@link Lease.renew}. */
  readonly target: T;
  /** What the request's activity record shall say of how it was scheduled. */
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * Names the one listener that is told when an operator cuts this request: at once if that has happened, at most once,
   * and never after the release. A later listener takes the earlier one's place.
   */
  onInterrupt(listener: (reason: GatewayError) => void): void;
  /**
   * Says that the backend is gone and has not seen the request; resolves when the model is ready again.
   *
   * The slot is kept. Rejects with the load's `GatewayError`, or with the caller's reason when it leaves; the lease is
   * then over.
   */
  renew(): Promise<void>;
  /** Gives the slot back; a second call does nothing. */
  release(): void;
}

/** What a caller tells the scheduler. */
export interface CallerPort {
  /** Its signal aborted while it waited. */
  left(ticket: Ticket): void;
  /** It gives its lease back. */
  served(ticket: Ticket): void;
  /** Its backend is gone. */
  lost(ticket: Ticket): void;
  /** Its public id, made up when nobody has asked for it yet. */
  idOf(ticket: Ticket): string;
}

const NO_METADATA: Readonly<Record<string, string>> = {};

/** What {@link Caller} is made of. */
export interface CallerOptions {
  /** Its name in the core. */
  readonly ticket: Ticket;
  /** The model it needs. */
  readonly model: string;
  /** Its public id, if it has one. */
  readonly id: string | undefined;
  /** Aborts when the caller leaves. */
  readonly signal: AbortSignal | undefined;
}

/**
 * One request from its arrival to the end of its lease: its own abort listener and its own lease, to stay small. What is
 * granted at once has neither promise functions nor a listener.
 */
export class Caller<T> implements Lease<T>, EventListenerObject {
  /** Its name in the core. */
  readonly ticket: Ticket;
  /** The model it needs. */
  readonly model: string;
  /** The public id as far as one was given or made up. */
  knownId: string | undefined;
  /** See {@link Lease.metadata}. */
  metadata: Readonly<Record<string, string>> = NO_METADATA;
  readonly #port: CallerPort;
  #callerSignal: AbortSignal | undefined;
  /** It waits until it is granted or answered, and again while it is renewed. */
  #stage: "waiting" | "granted" | "over" = "waiting";
  /** Both are set while somebody waits for the promise. */
  #resolve: ((lease: Lease<T>) => void) | null = null;
  #reject: ((reason: unknown) => void) | null = null;
  #hold: Hold<T> | null = null;
  #refusal: unknown = undefined;
  #interrupted: GatewayError | null = null;
  #onInterrupt: ((reason: GatewayError) => void) | null = null;

  /** Waits from now on; {@link Caller.wait} gives the promise. */
  constructor(port: CallerPort, options: CallerOptions) {
    this.#port = port;
    this.ticket = options.ticket;
    this.model = options.model;
    this.knownId = options.id;
    this.#callerSignal = options.signal;
  }

  /** The public id, made up now if there is none. */
  get id(): string {
    this.knownId ??= this.#port.idOf(this.ticket);
    return this.knownId;
  }

  /** Whether it waits for its turn, or for its renewal. */
  get isWaiting(): boolean {
    return this.#stage === "waiting" && this.#hold === null;
  }

  /** Where the backend is reached; throws while nothing is held. */
  get target(): T {
    if (this.#hold === null) throw new GatewayError("internal", "A lease was used without being held");
    return this.#hold.target;
  }

  /** See {@link Lease.onInterrupt}. */
  onInterrupt(listener: (reason: GatewayError) => void): void {
    if (this.#stage === "over") return;
    if (this.#interrupted !== null) return listener(this.#interrupted);
    this.#onInterrupt = listener;
  }

  /** Settles exactly once, by {@link granted}, {@link refused} or the caller's signal; may have been settled before. */
  wait(): Promise<Lease<T>> {
    if (this.#hold !== null) return Promise.resolve(this);
    if (this.#stage !== "waiting") return Promise.reject(this.#refusal);
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      if (this.#callerSignal?.aborted) this.handleEvent();
      else this.#callerSignal?.addEventListener("abort", this);
    });
  }

  /** The caller's signal aborted. */
  handleEvent(): void {
    this.#leave(this.#callerSignal?.reason);
  }

  /** The caller has left: it waits no more, or what it is served is cut. */
  leave(reason: GatewayError): void {
    if (this.#stage === "waiting") this.#leave(reason);
    else this.interrupt(reason);
  }

  /** It is told first, then the scheduler. */
  #leave(reason: unknown): void {
    this.refused(reason);
    this.#port.left(this.ticket);
  }

  /** The backend is ready and held; a caller that was answered already gives it straight back. */
  granted(hold: Hold<T>): void {
    if (this.#stage !== "waiting") {
      hold.release();
      return this.#port.served(this.ticket);
    }
    const resolve = this.#resolve;
    this.#stage = "granted";
    this.#stopListening();
    this.#hold = hold;
    resolve?.(this);
  }

  /** The wait ends with an error, and with it the lease if there is one. */
  refused(reason: unknown): void {
    if (this.#stage !== "waiting") return;
    const reject = this.#reject;
    this.#end();
    this.#stopListening();
    if (reject === null) this.#refusal = reason;
    else reject(reason);
  }

  /** An operator cuts the request; only the first time counts. */
  interrupt(reason: GatewayError): void {
    if (this.#stage === "over" || this.#interrupted !== null) return;
    this.#interrupted = reason;
    const listener = this.#onInterrupt;
    this.#onInterrupt = null;
    listener?.(reason);
  }

  /** See {@link Lease.renew}. */
  async renew(): Promise<void> {
    if (this.#stage === "over" || this.#hold === null) {
      throw new GatewayError("internal", "A lease was renewed after its end");
    }
    const signal = this.#callerSignal;
    if (signal?.aborted) {
      this.release();
      throw signal.reason;
    }
    this.#releaseHold();
    this.#stage = "waiting";
    this.#port.lost(this.ticket);
    await this.wait();
  }

  /** See {@link Lease.release}. */
  release(): void {
    if (this.#stage === "over") return;
    if (this.#stage === "waiting") {
      this.refused(new GatewayError("client_closed", "The lease was given back while it was renewed"));
    }
    this.#end();
    this.#releaseHold();
    this.#callerSignal = undefined; // the tables of the scheduler may keep this for a while, and with it the whole request
    this.#port.served(this.ticket);
  }

  /** Gives the lease back. */
  [Symbol.dispose](): void {
    this.release();
  }

  /** Gives the lease back; resolved at once. */
  [Symbol.asyncDispose](): Promise<void> {
    this.release();
    return Promise.resolve();
  }

  #end(): void {
    this.#stage = "over";
    this.#onInterrupt = null;
  }

  #releaseHold(): void {
    const hold = this.#hold;
    this.#hold = null;
    hold?.release();
  }

  #stopListening(): void {
    if (this.#reject === null) return;
    this.#resolve = null;
    this.#reject = null;
    this.#callerSignal?.removeEventListener("abort", this);
  }
}
