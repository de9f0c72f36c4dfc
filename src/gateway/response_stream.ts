/**
 * The way out: the one stream between a backend's body and the client.
 *
 * What the backend sends is taken at once, up to a bound, so that the backend is free when it has finished and not when a
 * slow client has read. A client that lets the buffer stand full for too long is cut.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { GatewayError, toGatewayError } from "../errors.ts";
import { errorEvent, sequenceAfter, type StreamDialect } from "./error_event.ts";
import type { UpstreamBody } from "./upstream/message.ts";

/** How a response ended. */
export type Outcome =
  | ServedOutcome
  | { readonly kind: "clientLeft" }
  /** The client was there, but took nothing for too long. */
  | { readonly kind: "clientStalled" };

/** How the backend's part ended. */
type ServedOutcome =
  /** The client's end was handed the last byte. */
  | { readonly kind: "complete" }
  | { readonly kind: "failed"; readonly error: GatewayError };

/** Ends an answer of which a rest waits for its client; nothing when it has ended. */
export type CutRest = (reason: GatewayError) => void;

/** How long a slow client may keep the backend waiting. */
export interface SlowClientBounds {
  /** How many bytes are kept for a client that reads slower than the backend writes. */
  readonly bufferBytes: number;
  /** How long a full buffer may take to become half empty, in milliseconds; null without limit. */
  readonly stalledMs: number | null;
}

/** What {@link responseStream} forwards and tells. */
export interface ResponseStreamOptions {
  readonly body: UpstreamBody;
  /** Ends the backend's work; its reason becomes the stream's error. */
  readonly abort: (reason: unknown) => void;
  /** What a failure of `body` is told as; as it is unless given. */
  readonly tellAs?: ((error: unknown) => unknown) | undefined;
  /** Whether the client reads server-sent events, so that a failure can be told as one more event. */
  readonly mayAddEvents: boolean;
  readonly dialect: StreamDialect;
  readonly bounds: SlowClientBounds;
  readonly clock: Clock;
  /** Sees each chunk before the client does. */
  readonly tap?: ((chunk: Uint8Array) => void) | undefined;
  /** The backend has nothing more to do with this answer; called exactly once, never later than `onEnd`. */
  readonly onBackendFree: () => void;
  /** The backend is free, and a rest waits for the client: is told how to drop it and break the stream. */
  readonly onRest?: ((cut: CutRest) => void) | undefined;
  /** Called exactly once. */
  readonly onEnd: (outcome: Outcome) => void;
}

/**
 * How long the rest of an answer is kept for a client that takes nothing, once the backend is free, in milliseconds: as
 * long as Linux goes on sending to a peer that has vanished (tcp_retries2, about 15 minutes).
 */
const REST_KEPT_MS = 15 * 60_000;

/** A stream of `body`; a failure is told in-band to readers of events, between two events, and never ends cleanly. */
export function responseStream(options: ResponseStreamOptions): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream(new AnswerSource(options), {
    highWaterMark: options.bounds.bufferBytes,
    size: (chunk) => chunk.byteLength,
  });
}

class AnswerSource implements UnderlyingDefaultSource<Uint8Array<ArrayBuffer>> {
  readonly #options: ResponseStreamOptions;
  #controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | null = null;
  #isBackendFree = false;
  #hasEnded = false;
  /** How the stream is to end when the client has taken what was buffered; null while the backend writes. */
  #last: ServedOutcome | null = null;
  /** Lets the backend go on. */
  #resume: (() => void) | null = null;
  #cancelDeadline: (() => void) | null = null;
  /** The last piece of an event stream, and the one before it where that is shorter than four bytes. */
  #tail: Uint8Array = new Uint8Array(0);

  constructor(options: ResponseStreamOptions) {
    this.#options = options;
  }

  start(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): void {
    this.#controller = controller;
    const { body, tellAs } = this.#options;
    body.deliver((piece) => this.#take(piece)).then(
      () => this.#finish({ kind: "complete" }),
      (reason) => this.#fail(toGatewayError(tellAs?.(reason) ?? reason)),
    );
  }

  /** The client has taken something. */
  pull(): void {
    if (this.#last !== null) return this.#endWhenTaken();
    if (this.#resume === null || this.#buffered() > this.#options.bounds.bufferBytes / 2) return;
    this.#clearDeadline();
    const resume = this.#resume;
    this.#resume = null;
    resume();
  }

  /** The client has left. */
  cancel(): void {
    this.#options.body.cancel();
    this.#resume?.();
    this.#end({ kind: "clientLeft" });
  }

  #take(piece: Uint8Array<ArrayBuffer>): Promise<void> | undefined {
    const { tap, mayAddEvents, abort, bounds } = this.#options;
    const controller = this.#controller;
    if (this.#hasEnded || controller === null) return;
    if (tap !== undefined) {
      try {
        tap(piece);
      } catch (thrown) {
        abort(toGatewayError(thrown));
        return;
      }
    }
    if (mayAddEvents) this.#tail = piece.length >= 4 ? piece : joinTail(this.#tail, piece);
    controller.enqueue(piece);
    if ((controller.desiredSize ?? 1) > 0) return;
    if (bounds.stalledMs !== null) this.#setDeadline(bounds.stalledMs);
    return new Promise((resolve) => void (this.#resume = resolve));
  }

  /** The backend's part is over, well or not: what is buffered goes out, then the stream ends as `outcome` says. */
  #finish(outcome: ServedOutcome): void {
    if (this.#hasEnded) return;
    this.#clearDeadline();
    this.#freeBackend();
    this.#last = outcome;
    this.#endWhenTaken();
    if (this.#hasEnded) return;
    this.#setDeadline(REST_KEPT_MS);
    this.#options.onRest?.((reason) => this.#cutRest(reason));
  }

  #fail(error: GatewayError): void {
    if (this.#hasEnded) return;
    if (error.code === "client_closed") { // nobody is there to take the rest
      this.#controller?.error(error);
      return this.#end({ kind: "clientLeft" });
    }
    const { mayAddEvents, dialect } = this.#options;
    // Behind half an event nothing can be said: whatever follows would make a client take the half for a whole one.
    if (mayAddEvents && endsEvent(this.#tail)) {
      const sequence = dialect === "responses" ? sequenceAfter(this.#tail) : 0;
      this.#controller?.enqueue(new TextEncoder().encode(errorEvent(error, dialect, sequence)));
    }
    this.#finish({ kind: "failed", error });
  }

  #endWhenTaken(): void {
    const outcome = this.#last;
    if (outcome === null || this.#hasEnded || this.#buffered() > 0) return;
    if (outcome.kind === "failed") this.#controller?.error(outcome.error);
    else this.#controller?.close();
    this.#end(outcome);
  }

  #cutRest(reason: GatewayError): void {
    if (this.#hasEnded) return;
    this.#controller?.error(reason);
    this.#end({ kind: "failed", error: reason });
  }

  #stalled(): void {
    const error = new GatewayError("client_closed", "The client took nothing for too long");
    this.#hasEnded = true; // from here on no piece is wanted
    this.#cancelDeadline = null;
    this.#options.abort(error);
    this.#options.body.cancel();
    this.#resume?.();
    this.#controller?.error(error);
    this.#freeBackend();
    this.#options.onEnd({ kind: "clientStalled" });
  }

  #end(outcome: Outcome): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#clearDeadline();
    this.#freeBackend();
    this.#options.onEnd(outcome);
  }

  #freeBackend(): void {
    if (this.#isBackendFree) return;
    this.#isBackendFree = true;
    this.#options.onBackendFree();
  }

  #buffered(): number {
    return this.#options.bounds.bufferBytes - (this.#controller?.desiredSize ?? 0);
  }

  #setDeadline(delayMs: number): void {
    this.#cancelDeadline ??= this.#options.clock.after(delayMs, () => this.#stalled());
  }

  #clearDeadline(): void {
    this.#cancelDeadline?.();
    this.#cancelDeadline = null;
  }
}

function joinTail(tail: Uint8Array, piece: Uint8Array): Uint8Array {
  return Uint8Array.of(...tail.subarray(-4), ...piece);
}

/** Whether nothing was sent yet, or an event is complete, so that another may follow. */
function endsEvent(tail: Uint8Array): boolean {
  const text = String.fromCharCode(...tail.subarray(-4));
  return text === "" || text.endsWith("\n\n") || text.endsWith("\r\n\r\n");
}
