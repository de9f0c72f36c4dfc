/**
 * The bytes of one request's body while the gateway has them, and how they go out: with some ranges replaced, piece by
 * piece, each let go of once it is sent.
 *
 * @module
 */

import { concat } from "../bytes.ts";
import type { ByteRange } from "../json_scan.ts";
import type { BodyMemory } from "./body_memory.ts";

/** New bytes for a range of a body; an empty range inserts. */
export interface ByteEdit extends ByteRange {
  /** What stands there instead. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Below this a body goes out as one array, which costs no stream and can be sent again. */
const ONE_ARRAY_BYTES = 1024 * 1024;
const NOTHING = new Uint8Array(0);

/** A run of bytes that goes out as it is. */
interface Segment {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The piece that may be let go of when this has been sent; null when more of that piece follows. */
  readonly lastOf: Uint8Array<ArrayBuffer> | null;
}

/** A body in memory; its pieces are its own, nobody else reads them. */
export class HeldBody {
  /** How many bytes came. */
  readonly length: number;
  readonly #memory: BodyMemory;
  #pieces: readonly Uint8Array<ArrayBuffer>[];
  #taken: number;
  #isWhole = true;

  /** For each piece the size of its buffer has been taken from `memory`. */
  constructor(pieces: readonly Uint8Array<ArrayBuffer>[], memory: BodyMemory) {
    this.#pieces = pieces;
    this.#memory = memory;
    let length = 0, taken = 0;
    for (const piece of pieces) {
      length += piece.length;
      taken += piece.buffer.byteLength;
    }
    this.length = length;
    this.#taken = taken;
  }

  /** All of it, where it was received in one piece. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#pieces[0] ?? NOTHING;
  }

  /** Whether nothing has been let go of yet. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /**
   * What goes out: null for no bytes, one array for few, otherwise a stream; `edits` are in order and do not overlap.
   * Asking again is possible while the body {@link HeldBody.isWhole}.
   */
  send(edits: readonly ByteEdit[]): Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>> | null {
    if (!this.#isWhole) throw new Error("The body has been sent or dropped");
    const length = this.length + growthOf(edits);
    if (length === 0) return null;
    if (edits.length === 0 && this.#pieces.length === 1 && length < ONE_ARRAY_BYTES) return this.bytes;
    const segments = segmentsOf(this.#pieces, edits);
    if (length < ONE_ARRAY_BYTES) return concat(segments.map(({ bytes }) => bytes));
    return this.#stream(segments);
  }

  /** Lets go of everything; harmless at any time. */
  drop(): void {
    this.#isWhole = false;
    this.#pieces = [];
    this.#memory.give(this.#taken);
    this.#taken = 0;
  }

  /** Whoever reads asks for the next segment when it has sent the one before. */
  #stream(segments: readonly Segment[]): ReadableStream<Uint8Array<ArrayBuffer>> {
    let next = 0;
    return new ReadableStream({
      pull: (controller) => {
        let segment: Segment | undefined;
        do {
          const sent = segments[next - 1]?.lastOf ?? null;
          if (sent !== null) this.#letGo(sent);
          segment = segments[next++];
        } while (segment?.bytes.length === 0);
        if (segment === undefined) controller.close();
        else controller.enqueue(segment.bytes);
      },
    }, { highWaterMark: 0 });
  }

  #letGo({ buffer }: Uint8Array<ArrayBuffer>): void {
    const size = buffer.byteLength;
    if (size === 0) return; // another stream of this body was as far before
    this.#isWhole = false;
    buffer.transfer(0); // waiting for the garbage collector shows in the memory of the process
    if (this.#taken === 0) return;
    this.#taken -= size;
    this.#memory.give(size);
  }
}

/** By how many bytes `edits` make a body longer. */
export function growthOf(edits: readonly ByteEdit[]): number {
  let growth = 0;
  for (const { start, end, bytes } of edits) growth += bytes.length - (end - start);
  return growth;
}

function segmentsOf(pieces: readonly Uint8Array<ArrayBuffer>[], edits: readonly ByteEdit[]): readonly Segment[] {
  const segments: Segment[] = [];
  let offset = 0; // of the piece in the body
  let kept = 0; // up to here the body has gone into segments or been replaced
  let next = 0;
  for (const piece of pieces) {
    const end = offset + piece.length;
    for (let edit = edits[next]; edit !== undefined && edit.start < end; edit = edits[next]) {
      push(piece.subarray(Math.max(kept - offset, 0), edit.start - offset));
      push(edit.bytes);
      kept = edit.end;
      next++;
    }
    const rest = piece.subarray(Math.min(Math.max(kept - offset, 0), piece.length));
    segments.push({ bytes: rest, lastOf: piece });
    offset = end;
  }
  for (const { bytes } of edits.slice(next)) push(bytes);
  return segments;

  function push(bytes: Uint8Array<ArrayBuffer>): void {
    if (bytes.length > 0) segments.push({ bytes, lastOf: null });
  }
}
