/**
 * The event feed: tells whoever listens what happens in the gateway, and lets nobody hold it up.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { QueueBounds } from "./event_queue.ts";
import { EventReader, type EventReaderOptions, type EventReaderOwner, type EventSources } from "./event_reader.ts";

/** What {@link EventFeed} is made of. */
export interface EventFeedOptions extends EventSources {
  readonly clock: Clock;
  /** Told once of each reader that was too slow. */
  readonly log: Log;
  /** How much may wait for a reader; 1,024 messages and 4 MiB unless given. */
  readonly bounds?: QueueBounds;
}

const BOUNDS: QueueBounds = { messages: 1024, bytes: 4 * 1024 * 1024 };

/** How long changes of models are collected, in milliseconds. */
const MODELS_MS = 100;

/** How often something is said when nothing happens, in milliseconds. */
const BEAT_MS = 15_000;

/** The feed. Its timers run only while somebody reads. */
export class EventFeed {
  readonly #options: EventFeedOptions;
  readonly #owner: EventReaderOwner;
  readonly #readers = new Set<EventReader>();
  #cancelBeat: (() => void) | null = null;
  #cancelModels: (() => void) | null = null;
  #isClosed = false;

  /** Nobody reads yet. */
  constructor(options: EventFeedOptions) {
    this.#options = options;
    this.#owner = {
      bounds: options.bounds ?? BOUNDS,
      onEnd: (reader, isTooSlow) => this.#ended(reader, isTooSlow),
    };
  }

  /** How many read. */
  get readers(): number {
    return this.#readers.size;
  }

  /** The state of a model may have changed, or the models. */
  modelsChanged(): void {
    if (this.#readers.size === 0) return;
    this.#cancelModels ??= this.#options.clock.after(MODELS_MS, () => {
      this.#cancelModels = null;
      for (const reader of this.#readers) reader.changed("modelStatus");
    });
  }

  /** Another profile is in force, or none. */
  profileChanged(): void {
    for (const reader of this.#readers) reader.changed("profileChanged");
    this.modelsChanged();
  }

  /** A finished request has been put on record. */
  activityStored(record: { readonly id: number; readonly model: string }): void {
    for (const reader of this.#readers) reader.stored(record);
  }

  /** Lets one more read; what happens is told from the first {@link EventReader.next} on. */
  read(options: EventReaderOptions): EventReader {
    const reader = new EventReader(this.#options, options, this.#owner);
    if (this.#isClosed) reader.finish();
    else {
      this.#readers.add(reader);
      this.#cancelBeat ??= this.#options.clock.after(BEAT_MS, this.#beat);
    }
    return reader;
  }

  /** The body of an answer: begins to read with its own first read, and ends with its reader or the feed. */
  stream(options: EventReaderOptions): ReadableStream<Uint8Array<ArrayBuffer>> {
    let reader: EventReader | null = null;
    return new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: async (controller) => {
        reader ??= this.read(options);
        try {
          const chunk = await reader.next();
          if (chunk === null) controller.close();
          else controller.enqueue(chunk);
        } catch (thrown) {
          reader.cancel();
          throw thrown;
        }
      },
      cancel: () => reader?.cancel(),
    }, { highWaterMark: 0 });
  }

  /** Ends every reader once it has read what waits for it; later ones get nothing. */
  close(): void {
    this.#isClosed = true;
    for (const reader of [...this.#readers]) reader.finish();
  }

  readonly #beat = (): void => {
    this.#cancelBeat = this.#options.clock.after(BEAT_MS, this.#beat);
    for (const reader of [...this.#readers]) reader.beat();
  };

  #ended(reader: EventReader, isTooSlow: boolean): void {
    this.#readers.delete(reader);
    if (this.#readers.size === 0) {
      this.#cancelBeat?.();
      this.#cancelModels?.();
      this.#cancelBeat = this.#cancelModels = null;
    }
    if (!isTooSlow) return;
    // The line is itself told to those who still read, after what is being told now: one for each reader that is dropped,
    // never one for each message.
    queueMicrotask(() => this.#options.log.warn("An event stream was ended: its reader did not keep up"));
  }
}
