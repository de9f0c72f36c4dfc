/**
 * A backend's body whose every moment is the test's decision, and the stream that is made of it.
 *
 * @module
 */

import { assert } from "@std/assert";
import { GatewayError } from "../../src/errors.ts";
import { type Outcome, responseStream, type ResponseStreamOptions } from "../../src/gateway/response_stream.ts";
import type { UpstreamBody } from "../../src/gateway/upstream/message.ts";
import { type HandClock, handClock } from "../tiny/hand_clock.ts";

/** The backend's end of a body; it keeps the contract of `UpstreamBody` and notices when its user does not. */
export class FakeBody implements UpstreamBody {
  readonly whole = null;
  /** Whether the last piece is still waited for, so that nothing more is read. */
  isHeld = false;
  /** Whether the body has ended, in whatever way. */
  isOver = false;
  /** Why it was aborted. */
  readonly aborts: unknown[] = [];
  cancels = 0;
  #onPiece: ((piece: Uint8Array<ArrayBuffer>) => Promise<void> | undefined) | null = null;
  readonly #end = Promise.withResolvers<void>();

  /** See `UpstreamBody.deliver`. */
  deliver(onPiece: (piece: Uint8Array<ArrayBuffer>) => Promise<void> | undefined): Promise<void> {
    assert(this.#onPiece === null, "delivered twice");
    this.#onPiece = onPiece;
    return this.#end.promise;
  }

  /** See `UpstreamBody.cancel`. */
  cancel(): void {
    this.cancels++;
    this.isOver = true; // whoever is waited for has to let go: only an abort ends the waiting
    this.#end.reject(new GatewayError("backend_lost", "closed"));
  }

  /** The next bytes have come; false when nobody reads them. */
  send(piece: Uint8Array<ArrayBuffer>): boolean {
    if (this.isHeld || this.isOver) return false;
    const wait = this.#onPiece?.(piece);
    if (wait === undefined) return true;
    this.isHeld = true;
    wait.then(() => void (this.isHeld = false));
    return true;
  }

  /** The last piece came together with the end: such an end waits for nobody. */
  finish(): void {
    this.isOver = true;
    this.isHeld = false;
    this.#end.resolve();
  }

  /** Breaks off, or is aborted. */
  fail(reason: unknown): void {
    this.isOver = true;
    this.isHeld = false;
    this.#end.reject(reason);
  }
}

/** A stream with both its ends, and everything that it tells. */
export interface Rig {
  readonly backend: FakeBody;
  readonly clock: HandClock;
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  /** "free" and the kinds of outcomes, in the order in which they were told. */
  readonly told: string[];
  readonly outcomes: Outcome[];
}

/** Starts a stream over a fake body. */
export function rig(options: Partial<ResponseStreamOptions> = {}): Rig {
  const backend = new FakeBody();
  const clock = handClock();
  const told: string[] = [];
  const outcomes: Outcome[] = [];
  const stream = responseStream({
    body: backend,
    abort(reason) {
      backend.aborts.push(reason);
      backend.fail(reason);
    },
    mayAddEvents: false,
    dialect: "openai",
    bounds: { bufferBytes: 10, stalledMs: 1000 },
    clock,
    onBackendFree: () => void told.push("free"),
    onEnd(outcome) {
      told.push(outcome.kind);
      outcomes.push(outcome);
    },
    ...options,
  });
  return { backend, clock, stream, reader: stream.getReader(), told, outcomes };
}

/** Lets everything run that is already resolved, however many steps it takes. */
export async function settled(): Promise<void> {
  for (let step = 0; step < 30; step++) await Promise.resolve();
}
