/**
 * The last output of a backend, in bounded memory however much it prints.
 *
 * @module
 */

/** Keeps the newest bytes of what it is given. */
export class OutputRing {
  readonly #bytes: Uint8Array;
  #written = 0;

  /** Makes a ring of `capacity` bytes, 100 KiB unless told. */
  constructor(capacity = 100 * 1024) {
    this.#bytes = new Uint8Array(capacity);
  }

  /** Copies a chunk in, over the oldest bytes. */
  push(chunk: Uint8Array): void {
    const size = this.#bytes.length;
    const kept = chunk.length > size ? chunk.subarray(chunk.length - size) : chunk;
    const at = (this.#written + chunk.length - kept.length) % size;
    const first = kept.subarray(0, size - at);
    this.#bytes.set(first, at);
    this.#bytes.set(kept.subarray(first.length), 0);
    this.#written += chunk.length;
  }

  /** The kept output, oldest first; a character cut at the start reads as U+FFFD. */
  text(): string {
    const size = this.#bytes.length;
    const decoder = new TextDecoder();
    if (this.#written <= size) return decoder.decode(this.#bytes.subarray(0, this.#written));
    const at = this.#written % size;
    return decoder.decode(this.#bytes.subarray(at), { stream: true }) + decoder.decode(this.#bytes.subarray(0, at));
  }

  /** The last `count` lines. */
  lastLines(count: number): string {
    return this.text().trimEnd().split("\n").slice(-count).join("\n");
  }
}
