/**
 * The newest bytes of a stream, in bounded memory however much flows.
 *
 * @module
 */

/** Keeps the newest bytes of what it is given. */
export class ByteRing {
  readonly #capacity: number;
  #bytes: Uint8Array<ArrayBuffer> | null = null;
  #written = 0;

  /** Makes a ring of `capacity` bytes, 100 KiB unless told; the memory is taken with the first byte. */
  constructor(capacity = 100 * 1024) {
    this.#capacity = capacity;
  }

  /** Copies a chunk in, over the oldest bytes. */
  push(chunk: Uint8Array): void {
    const size = this.#capacity;
    const bytes = this.#bytes ??= new Uint8Array(size);
    const kept = chunk.length > size ? chunk.subarray(chunk.length - size) : chunk;
    const at = (this.#written + chunk.length - kept.length) % size;
    const first = kept.subarray(0, size - at);
    bytes.set(first, at);
    bytes.set(kept.subarray(first.length), 0);
    this.#written += chunk.length;
  }

  /** A copy of what is kept, oldest first. */
  bytes(): Uint8Array<ArrayBuffer> {
    const size = this.#capacity;
    if (this.#bytes === null) return new Uint8Array(0);
    if (this.#written <= size) return this.#bytes.slice(0, this.#written);
    const at = this.#written % size;
    const copy = new Uint8Array(size);
    copy.set(this.#bytes.subarray(at), 0);
    copy.set(this.#bytes.subarray(0, at), size - at);
    return copy;
  }

  /** What is kept as text; a character cut at the start reads as U+FFFD. */
  text(): string {
    return new TextDecoder().decode(this.bytes());
  }

  /** The last `count` lines. */
  lastLines(count: number): string {
    return this.text().trimEnd().split("\n").slice(-count).join("\n");
  }
}
