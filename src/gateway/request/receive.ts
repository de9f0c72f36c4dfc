/**
 * Receiving a body: bounded in size, in time and by the memory of all bodies together, straight into the place where it
 * stays.
 *
 * @module
 */

import type { Clock } from "../../clock.ts";
import { GatewayError } from "../../errors.ts";
import type { BodyMemory } from "./body_memory.ts";
import { HeldBody } from "./held_body.ts";

/** The bounds of {@link receiveBody}. */
export interface ReceiveBounds {
  /** Most bytes. */
  readonly maxBytes: number;
  /** Milliseconds in which all of it must have come; null = no bound. */
  readonly deadlineMs: number | null;
  /** What all bodies together take up. */
  readonly memory: BodyMemory;
  /** Time. */
  readonly clock: Clock;
}

/** How a body is to lie in memory, and who looks at it meanwhile. */
export interface ReceiveShape {
  /** Whether it comes in one array; otherwise in several, so that each can be let go of by itself. */
  readonly isWhole: boolean;
  /** Sees the bytes as they come, in views that are good until it returns; what it throws ends the receiving. */
  readonly onBytes: ((bytes: Uint8Array) => void) | null;
}

/**
 * Up to here a body has usually come together with its head, and is had without a stream. It counts when it is whole: half of it
 * keeps nothing of the reserve for small bodies. Its length must have been announced, so that no large one begins as a small one.
 */
const SMALL_BYTES = 64 * 1024;
/** A client may announce much and send nothing: memory is taken as bytes come, beginning with this. */
const FIRST_BYTES = 16 * 1024;
const GROWTH = 4;
/**
 * Whoever has sent so much is believed more of what was announced: each growth copies what is there, and most bodies that are
 * long at all then need one more. Memory that nothing has been put into yet is only counted.
 */
const MUCH_BYTES = 1024 * 1024;
const LARGE_GROWTH = 32;
const PIECE_BYTES = 256 * 1024;
/** The runtime makes a buffer of the size that is asked for, besides ours: larger ones double what a long body takes up. */
const READ_BYTES = 64 * 1024;
/**
 * The runtime decodes a chunked body where it is asked to put it: a read with less room than the line of the next chunk, or the
 * last one with its trailers, never ends. With less room than this, it gets a place of its own.
 */
const LEAST_READ_BYTES = 4 * 1024;
/** A body that came with its head is there after two turns of the microtask queue; a timer for it would be wasted. */
const TURNS_WITHOUT_TIMER = 4;

/**
 * Receives the body of `request`.
 *
 * @throws {GatewayError} `body_too_large`, `body_timeout`, `too_busy`, or `client_closed` when it breaks off; then nothing
 * of it is held, and the rest is not read.
 */
export async function receiveBody(
  request: Request,
  bounds: ReceiveBounds,
  shape: ReceiveShape,
): Promise<HeldBody> {
  const { maxBytes, memory } = bounds;
  const header = request.headers.get("content-length");
  const announced = header === null ? null : Number(header);
  if (announced !== null && announced > maxBytes) throw tooLarge(maxBytes);
  try {
    if (announced === null || announced > SMALL_BYTES) {
      return await new Receiver({ bounds, shape, announced }).run(request.body);
    }
    // `request.body` is not touched for a small body: making its stream costs more than all the rest of reading it.
    let bytes: Uint8Array<ArrayBuffer> | null = null;
    const reading = request.bytes().then((all) => bytes = all);
    for (let turn = 0; bytes === null && turn < TURNS_WITHOUT_TIMER; turn++) await null;
    bytes ??= await inTime(reading, bounds);
    memory.take(bytes.buffer.byteLength, { mayUseReserve: true });
    return seen(new HeldBody([bytes], memory), shape);
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause;
    throw new GatewayError("client_closed", "The client left before its request was whole", { cause });
  }
}

function seen(held: HeldBody, { onBytes }: ReceiveShape): HeldBody {
  try {
    onBytes?.(held.bytes);
    return held;
  } catch (error) {
    held.drop();
    throw error;
  }
}

async function inTime<Bytes>(reading: Promise<Bytes>, { deadlineMs, clock }: ReceiveBounds): Promise<Bytes> {
  if (deadlineMs === null) return await reading;
  reading.catch(() => {}); // it may fail long after the deadline
  const late = Promise.withResolvers<never>();
  const cancelTimer = clock.after(deadlineMs, () => late.reject(tooSlow(deadlineMs)));
  try {
    return await Promise.race([reading, late.promise]);
  } finally {
    cancelTimer();
  }
}

/** What a {@link Receiver} needs; `announced` is the length that the client has told, or null. */
interface ReceiverOptions {
  readonly bounds: ReceiveBounds;
  readonly shape: ReceiveShape;
  readonly announced: number | null;
}

/** Reads a stream into buffers of its own, taking their size from the memory of all bodies first. */
class Receiver {
  readonly #bounds: ReceiveBounds;
  readonly #shape: ReceiveShape;
  readonly #announced: number | null;
  readonly #full: Uint8Array<ArrayBuffer>[] = [];
  #buffer = new ArrayBuffer(0);
  /** Bytes in `#buffer`. */
  #filled = 0;
  /** Bytes in all buffers. */
  #length = 0;
  #taken = 0;

  constructor({ bounds, shape, announced }: ReceiverOptions) {
    this.#bounds = bounds;
    this.#shape = shape;
    this.#announced = announced;
  }

  async run(body: ReadableStream<Uint8Array<ArrayBuffer>> | null): Promise<HeldBody> {
    const { memory } = this.#bounds;
    if (body === null) return new HeldBody([], memory);
    try {
      await this.#receive(body);
      this.#trim();
      return new HeldBody(this.#pieces(), memory);
    } catch (error) {
      memory.give(this.#taken);
      throw error;
    }
  }

  async #receive(body: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    const { deadlineMs, clock } = this.#bounds;
    const filling = byteReaderOf(body);
    const reader = filling ?? body.getReader();
    let failure: GatewayError | null = null;
    const cancelTimer = deadlineMs === null ? null : clock.after(deadlineMs, () => {
      failure = tooSlow(deadlineMs);
      reader.cancel(failure).catch(() => {});
    });
    try {
      if (filling !== null) await this.#fill(filling);
      else await this.#copy(reader as ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>);
      if (failure !== null) throw failure;
    } catch (error) {
      const reason = failure ?? error;
      reader.cancel(reason).catch(() => {});
      throw reason;
    } finally {
      cancelTimer?.();
    }
  }

  /** Reads into the place where the bytes are to stay. */
  async #fill(reader: ReadableStreamBYOBReader): Promise<void> {
    while (true) {
      this.#makeRoom();
      const room = Math.min(this.#buffer.byteLength - this.#filled, READ_BYTES);
      if (room < LEAST_READ_BYTES) {
        const { done, value } = await reader.read(new Uint8Array(LEAST_READ_BYTES));
        if (done) return;
        this.#keep(value);
        continue;
      }
      const { done, value } = await reader.read(new Uint8Array(this.#buffer, this.#filled, room));
      if (value === undefined) return; // cancelled, for a reason that our caller knows
      this.#buffer = value.buffer;
      if (done) return;
      this.#add(value.length);
    }
  }

  /** For a stream that cannot fill memory of its reader's choice, as one that was made by hand. */
  async #copy(reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>): Promise<void> {
    for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
      this.#keep(value ?? NOTHING);
    }
  }

  /** Takes in what lies elsewhere. */
  #keep(bytes: Uint8Array): void {
    for (let rest = bytes; rest.length > 0;) {
      this.#makeRoom();
      const part = rest.subarray(0, this.#buffer.byteLength - this.#filled);
      new Uint8Array(this.#buffer).set(part, this.#filled);
      rest = rest.subarray(part.length);
      this.#add(part.length);
    }
  }

  #add(count: number): void {
    const { maxBytes } = this.#bounds;
    this.#length += count;
    if (this.#length > maxBytes) throw tooLarge(maxBytes);
    this.#shape.onBytes?.(new Uint8Array(this.#buffer, this.#filled, count));
    this.#filled += count;
  }

  /** There is room left for the read that meets the end. */
  #makeRoom(): void {
    const size = this.#buffer.byteLength;
    if (this.#filled < size) return;
    const left = (this.#announced ?? this.#bounds.maxBytes) - this.#length + 1;
    if (this.#shape.isWhole) {
      const growth = size < MUCH_BYTES ? GROWTH : LARGE_GROWTH;
      const larger = Math.min(Math.max(size * growth, FIRST_BYTES), size + left);
      this.#take(larger - size);
      this.#buffer = moved(this.#buffer, larger);
      return;
    }
    const next = Math.min(Math.max(size * GROWTH, FIRST_BYTES), PIECE_BYTES, left);
    this.#take(next);
    if (size > 0) this.#full.push(new Uint8Array(this.#buffer));
    this.#buffer = new ArrayBuffer(next);
    this.#filled = 0;
  }

  #take(bytes: number): void {
    this.#bounds.memory.take(bytes);
    this.#taken += bytes;
  }

  /** Gives back what the last buffer has too much, where that is worth a copy. */
  #trim(): void {
    const spare = this.#buffer.byteLength - this.#filled;
    if (spare * 4 < this.#buffer.byteLength) return;
    this.#buffer = this.#buffer.transfer(this.#filled);
    this.#bounds.memory.give(spare);
    this.#taken -= spare;
  }

  #pieces(): readonly Uint8Array<ArrayBuffer>[] {
    return [...this.#full, new Uint8Array(this.#buffer, 0, this.#filled)];
  }
}

const NOTHING = new Uint8Array(0);

function byteReaderOf(body: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | null {
  try {
    return body.getReader({ mode: "byob" });
  } catch {
    return null;
  }
}

function tooLarge(maxBytes: number): GatewayError {
  return new GatewayError("body_too_large", `The body is larger than ${maxBytes} bytes`);
}

function tooSlow(deadlineMs: number): GatewayError {
  return new GatewayError("body_timeout", `The body did not come within ${deadlineMs / 1000} s (limits.bodyTimeout)`);
}

/** What is in `buffer`, in a larger one; a transfer would write zeros into the rest, which is as large as the body. */
function moved(buffer: ArrayBuffer, size: number): ArrayBuffer {
  const larger = new ArrayBuffer(size);
  new Uint8Array(larger).set(new Uint8Array(buffer));
  if (buffer.byteLength >= MUCH_BYTES) buffer.transfer(0); // waiting for the garbage collector shows in the memory
  return larger;
}
