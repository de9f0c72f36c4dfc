/**
 * One stream of log output: its newest bytes, and readers that follow it live without ever holding it up.
 *
 * @module
 */

import { ByteRing } from "./byte_ring.ts";

/** How much one follower may be behind, in bytes. */
const FOLLOWER_BYTES = 256 * 1024;

/** What keeping a chunk costs besides its bytes, so that many tiny ones are bounded too. */
const CHUNK_COST = 128;

/** Whoever is given what comes, as it comes. It may neither wait nor throw, and leaves the chunk as it is. */
export interface LogListener {
  /** Takes a chunk. */
  offer(chunk: Uint8Array<ArrayBuffer>): void;
  /** No more comes. */
  finish(): void;
}

/** The output of one source. Writing never waits for anybody. */
export class LogHistory {
  readonly #ring: ByteRing;
  readonly #followerBytes: number;
  readonly #followers = new Set<LogListener>();
  #closed = false;

  /** Keeps `historyBytes` (100 KiB), and `followerBytes` (256 KiB) for each follower that is behind. */
  constructor(options: { readonly historyBytes?: number; readonly followerBytes?: number } = {}) {
    this.#ring = new ByteRing(options.historyBytes);
    this.#followerBytes = options.followerBytes ?? FOLLOWER_BYTES;
  }

  /** Keeps a chunk and gives it to every follower. The chunk may be used again afterwards. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#ring.push(chunk);
    if (this.#followers.size === 0) return;
    const copy = chunk.slice(); // a chunk read from a pipe holds a whole block of memory
    for (const follower of this.#followers) follower.offer(copy);
  }

  /** A copy of the newest bytes. */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.#ring.bytes();
  }

  /** The newest bytes as text. */
  text(): string {
    return this.#ring.text();
  }

  /** The last `count` lines. */
  lastLines(count: number): string {
    return this.#ring.lastLines(count);
  }

  /** How many follow. */
  get followers(): number {
    return this.#followers.size;
  }

  /** Follows from now on, after the history if that is wanted; nothing is missed or told twice in between. */
  follow({ withHistory }: { readonly withHistory: boolean }): LogFollower {
    const follower: LogFollower = new LogFollower({
      first: withHistory ? this.#ring.bytes() : new Uint8Array(0),
      limit: this.#followerBytes,
      onEnd: () => this.#followers.delete(follower),
    });
    this.#followers.add(follower);
    if (this.#closed) follower.finish();
    return follower;
  }

  /** Gives `listener` all that comes after the bytes that are returned, until {@link LogHistory.detach}. */
  attach(listener: LogListener): Uint8Array<ArrayBuffer> {
    this.#followers.add(listener);
    if (this.#closed) listener.finish();
    return this.#ring.bytes();
  }

  /** Gives `listener` no more. */
  detach(listener: LogListener): void {
    this.#followers.delete(listener);
  }

  /** Ends every follower once it has read what it was given; later ones get the history and the end. */
  close(): void {
    this.#closed = true;
    for (const follower of [...this.#followers]) follower.finish();
  }
}

/** One reader of a {@link LogHistory}. */
export class LogFollower {
  readonly #chunks: Uint8Array<ArrayBuffer>[] = [];
  readonly #limit: number;
  readonly #onEnd: () => void;
  #queued = 0;
  #skipped = 0;
  #ended = false;
  #waiting: ((chunk: Uint8Array<ArrayBuffer> | null) => void) | null = null;

  /** Begins with `first`; `limit` bounds what is kept besides it. Made by {@link LogHistory.follow}. */
  constructor(
    { first, limit, onEnd }: {
      readonly first: Uint8Array<ArrayBuffer>;
      readonly limit: number;
      readonly onEnd: () => void;
    },
  ) {
    if (first.length > 0) this.#chunks.push(first);
    this.#limit = limit + first.length;
    this.#queued = first.length;
    this.#onEnd = onEnd;
  }

  /** Takes a chunk, or counts it as skipped while the reader is too far behind. */
  offer(chunk: Uint8Array<ArrayBuffer>): void {
    if (this.#ended) return;
    const waiting = this.#waiting;
    if (waiting !== null) {
      this.#waiting = null;
      return waiting(chunk);
    }
    const cost = chunk.length + CHUNK_COST;
    // What was skipped lies in one place: until the reader has caught up nothing more is kept.
    if (this.#skipped > 0 || this.#queued + cost > this.#limit) this.#skipped += chunk.length;
    else {
      this.#queued += cost;
      this.#chunks.push(chunk);
    }
  }

  /** The next bytes; `null` at the end. Where some were skipped, a line says how many. One call at a time. */
  next(): Promise<Uint8Array<ArrayBuffer> | null> {
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      this.#queued = this.#chunks.length === 0 ? 0 : this.#queued - chunk.length - CHUNK_COST;
      return Promise.resolve(chunk);
    }
    if (this.#skipped > 0) {
      const notice = new TextEncoder().encode(`\n— ${this.#skipped} bytes dropped —\n`);
      this.#skipped = 0;
      return Promise.resolve(notice);
    }
    if (this.#ended) return Promise.resolve(null);
    return new Promise((resolve) => this.#waiting = resolve);
  }

  /** No more comes; what was given can still be read. */
  finish(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onEnd();
    this.#waiting?.(null);
    this.#waiting = null;
  }

  /** The reader has left: everything is given up. */
  cancel(): void {
    this.#chunks.length = 0;
    this.#skipped = 0;
    this.finish();
  }
}

/** The body of an answer that follows; it begins to follow with its first read, and ends with the reader or the source. */
export function followStream(
  history: LogHistory,
  options: { readonly withHistory: boolean },
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let follower: LogFollower | null = null;
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      follower ??= history.follow(options);
      const chunk = await follower.next();
      if (chunk === null) controller.close();
      else controller.enqueue(chunk);
    },
    cancel: () => follower?.cancel(),
  }, { highWaterMark: 0 });
}
