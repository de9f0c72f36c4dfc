/**
 * One request on its way through the line: what its headers tell of it, and whoever watches it.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { ERRORS, GatewayError, withMore } from "../errors.ts";
import type { CutRest, Outcome } from "../gateway/response_stream.ts";
import type { HeaderList } from "../gateway/upstream/message.ts";
import { retryAfterS } from "../scheduler/estimates.ts";
import type { Place } from "../scheduler/scheduler.ts";

/** Is told how a request gets on. */
export interface RequestWatcher {
  /** It waits in the line; the head is 1. */
  queued(position: number): void;
  /** Its model is being loaded, and nobody was before it. */
  loading(): void;
  /** It goes to the backend. */
  serving(): void;
  /** The head of the answer is known. */
  responded(status: number, headers: HeaderList): void;
  /** More of the answer's body. */
  bytes(count: number): void;
  /** Its backend is free; a rest of the answer waits for the client, and can be cut. */
  rest(cut: CutRest): void;
  /** It is over; told exactly once. */
  end(outcome: Outcome["kind"]): void;
}

/** What {@link LocalVisit} is made of. */
export interface LocalVisitOptions {
  /** The request's id. */
  readonly id: string;
  readonly clock: Clock;
  readonly watcher: RequestWatcher | undefined;
  /** How long a request for the model that came now would wait, in milliseconds. */
  readonly estimateNextMs: () => number;
}

/** See the module. Times are seconds in every header. */
export class LocalVisit {
  readonly #options: LocalVisitOptions;
  #place: Place | null = null;
  /** The times are taken only of those that wait: they arrive when they begin to. */
  #waitingSince = 0;
  #grantedAt: number | null = null;
  #hasAnswered = false;
  #hasEnded = false;
  #onEnd: (() => void) | null = null;

  /** It arrives now, and does not wait yet. */
  constructor(options: LocalVisitOptions) {
    this.#options = options;
  }

  /** Has this called once when it is over. */
  set onEnd(listener: () => void) {
    this.#onEnd = listener;
  }

  /** It was neither granted nor refused at once. */
  waits(place: Place): void {
    this.#place = place;
    this.#waitingSince = this.#options.clock.now();
    if (place.position === 0) this.#options.watcher?.loading();
    else this.#options.watcher?.queued(place.position);
  }

  /** It has its backend, now or again. */
  granted(): void {
    if (this.#place !== null) this.#grantedAt ??= this.#options.clock.now();
    this.#options.watcher?.serving();
  }

  /** Its backend was gone; the model is loaded again for it. */
  loadsAgain(): void {
    this.#options.watcher?.loading();
  }

  /** How long it has waited, in milliseconds; so far, while it waits. */
  get waitedMs(): number {
    return this.#place === null ? 0 : (this.#grantedAt ?? this.#options.clock.now()) - this.#waitingSince;
  }

  /** Headers of its answer. */
  answerHeaders(): HeaderList {
    const name = ["x-request-id", this.#options.id] as const;
    return this.#place === null ? [name] : [name, this.#position(this.#place), this.#wait()];
  }

  /** Headers of an answer that begins while it waits. */
  earlyHeaders(): HeaderList {
    const name = ["x-request-id", this.#options.id] as const;
    return this.#place === null ? [name] : [name, this.#position(this.#place), estimate(this.#place.estimateMs)];
  }

  /** The head of the answer is known; the first one counts. */
  responded(status: number, headers: HeaderList): void {
    if (this.#hasAnswered) return;
    this.#hasAnswered = true;
    this.#options.watcher?.responded(status, headers);
  }

  /** More of the answer's body. */
  bytes(count: number): void {
    this.#options.watcher?.bytes(count);
  }

  /** A rest of the answer waits for the client. */
  rest(cut: CutRest): void {
    this.#options.watcher?.rest(cut);
  }

  /** It is over; the first time counts. */
  end(outcome: Outcome["kind"]): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#onEnd?.();
    this.#options.watcher?.end(outcome);
  }

  /** It is over with this error; returns it as the client is to get it. */
  failed(thrown: unknown, hasClientLeft: boolean): unknown {
    const isGone = hasClientLeft || (thrown instanceof GatewayError && thrown.code === "client_closed");
    this.end(isGone ? "clientLeft" : "failed");
    if (isGone || !(thrown instanceof GatewayError)) return thrown;
    const { status, retryable } = ERRORS[thrown.code];
    const place = this.#place;
    const seconds = thrown.retryAfterS ??
      (status === 503 && retryable ? retryAfterS(this.#options.estimateNextMs()) : undefined);
    if (place === null && seconds === undefined) return thrown;
    const headers = place !== null
      ? [this.#position(place), this.#wait(), estimate(place.estimateMs)]
      : status === 429 && seconds !== undefined
      ? [estimate(seconds * 1000)]
      : [];
    return withMore(thrown, {
      headers: [...thrown.headers, ...headers],
      ...(seconds === undefined ? {} : { retryAfterS: seconds }),
    });
  }

  #position({ position }: Place): readonly [string, string] {
    return ["x-berth-queue-position", String(position)];
  }

  #wait(): readonly [string, string] {
    return ["x-berth-queue-wait", (this.waitedMs / 1000).toFixed(3)];
  }
}

function estimate(ms: number): readonly [string, string] {
  return ["x-berth-estimated-wait", String(Math.ceil(ms / 1000))];
}
