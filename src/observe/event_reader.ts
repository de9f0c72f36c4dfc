/**
 * One reader of the event feed: the state of things at first, then what happens.
 *
 * @module
 */

import { type EventItem, EventQueue, type LogSource, type QueueBounds, type State } from "./event_queue.ts";
import { ChunkDecoder, commentText, type EventForm, type EventKind, eventText } from "./event_text.ts";
import type { InFlight } from "./in_flight.ts";
import type { InFlightUpdate, InFlightWatch } from "./in_flight_watch.ts";
import type { LogListener } from "./log_history.ts";
import type { Logs } from "./logs.ts";

/** A model as the feed tells it; all but the id is its owner's. */
export interface ModelStatus {
  readonly id: string;
}

/** What the feed tells of. The functions are asked when something is told. */
export interface EventSources {
  readonly logs: Logs;
  readonly inFlight: InFlight;
  /** The models and their states, in order. */
  readonly modelStatus: () => readonly ModelStatus[];
  /** The profile in force. */
  readonly activeProfile: () => string | null;
  /** The headers that name a session, in order. */
  readonly sessionHeaders: () => readonly string[];
}

/** What a reader wants and may see. */
export interface EventReaderOptions {
  readonly form: EventForm;
  /** Whether the reader may know of requests for this model, and of the model itself. */
  readonly mayUse: (model: string) => boolean;
  /** Without, the logs seem to be empty. */
  readonly mayReadLogs: boolean;
}

/** Who keeps the readers. */
export interface EventReaderOwner {
  readonly bounds: QueueBounds;
  /** The reader is over; `isTooSlow` when that was not its wish. */
  onEnd(reader: EventReader, isTooSlow: boolean): void;
}

/** How many times a keep-alive may find the last one still waiting. */
const MISSED_BEATS = 4;

/** How much of the requests goes into one message of a snapshot, in characters; the others follow one by one. */
const MOST_SNAPSHOT = 256 * 1024;

/** Begins with the first {@link EventReader.next}. */
export class EventReader {
  readonly #sources: EventSources;
  readonly #options: EventReaderOptions;
  readonly #owner: EventReaderOwner;
  readonly #queue: EventQueue;
  readonly #decoders = { proxy: new ChunkDecoder(), upstream: new ChunkDecoder() };
  readonly #listeners: Readonly<Record<LogSource, LogListener>>;
  #watch: InFlightWatch | null = null;
  #toldModels = "";
  #missedBeats = 0;
  #lastWord: string | null = null;
  #isOver = false;
  #wake: (() => void) | null = null;
  readonly #encoder = new TextEncoder();

  /** Made by the feed. */
  constructor(sources: EventSources, options: EventReaderOptions, owner: EventReaderOwner) {
    this.#sources = sources;
    this.#options = options;
    this.#owner = owner;
    this.#queue = new EventQueue(owner.bounds);
    this.#listeners = { proxy: this.#listenerOf("proxy"), upstream: this.#listenerOf("upstream") };
  }

  /** How much waits for the reader. */
  get waiting(): number {
    return this.#queue.size;
  }

  /** The next messages; null at the end. One call at a time. */
  async next(): Promise<Uint8Array<ArrayBuffer> | null> {
    if (this.#watch === null && !this.#isOver) return this.#encoder.encode(this.#begin());
    for (;;) {
      this.#missedBeats = 0;
      const text = this.#queue.takeAll().map((item) => this.#textOf(item)).join("");
      if (text !== "") return this.#encoder.encode(text);
      if (this.#isOver) return this.#sayLastWord();
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  /** A state has changed. */
  changed(state: State): void {
    if (this.#watch === null || this.#isOver) return;
    this.#queue.addState(state);
    this.#woken();
  }

  /** A request has been put on record. */
  stored({ id, model }: { readonly id: number; readonly model: string }): void {
    if (this.#watch === null || this.#isOver || !this.#options.mayUse(model)) return;
    this.#queue.addActivity(id);
    this.#woken();
  }

  /** Says something when there is nothing else to say, so that neither end takes the other for gone. */
  beat(): void {
    if (this.#watch === null || this.#isOver) return;
    if (this.#queue.size === 0) this.changed("comment");
    else if (++this.#missedBeats >= MISSED_BEATS) this.#drop();
  }

  /** No more comes; what waits can still be read. */
  finish(): void {
    this.#end(false);
  }

  /** The reader has left. */
  cancel(): void {
    this.#queue.clear();
    this.#end(false);
  }

  /** All is subscribed and read in one go: nothing happens in between, so nothing is missed or told twice. */
  #begin(): string {
    const { logs, inFlight, sessionHeaders } = this.#sources;
    const { mayUse, mayReadLogs } = this.#options;
    let text = "";
    for (const source of ["proxy", "upstream"] as const) {
      const history = mayReadLogs ? logs[source].attach(this.#listeners[source]) : new Uint8Array(0);
      text += this.#logText(source, this.#decoders[source].decode(history));
    }
    this.#watch = inFlight.subscribe({ sees: mayUse, onChange: () => this.changed("inflight") });
    text += this.#modelsText();
    text += this.#text("uiConfig", { activity: { session_id: sessionHeaders() } });
    text += this.#profileText();
    return text + this.#inFlightText();
  }

  #textOf(item: EventItem): string {
    switch (item.kind) {
      case "log": {
        const text = item.chunks.map((chunk) => this.#decoders[item.source].decode(chunk)).join("");
        return text === "" ? "" : this.#logText(item.source, text);
      }
      case "activity":
        return this.#text("activity", { id: item.id });
      case "inflight":
        return this.#inFlightText();
      case "modelStatus":
        return this.#modelsText();
      case "profileChanged":
        return this.#profileText();
      case "comment":
        return commentText("keep-alive");
      default:
        return item satisfies never;
    }
  }

  #text(kind: EventKind, told: unknown): string {
    return eventText(this.#options.form, kind, JSON.stringify(told));
  }

  #logText(source: LogSource, data: string): string {
    return this.#text("logData", { data, source });
  }

  /** Nothing when the reader knows it all. */
  #modelsText(): string {
    const models = this.#sources.modelStatus().filter(({ id }) => this.#options.mayUse(id));
    const json = JSON.stringify(models);
    if (json === this.#toldModels) return "";
    this.#toldModels = json;
    return eventText(this.#options.form, "modelStatus", json);
  }

  #profileText(): string {
    return this.#text("profileChanged", { active: this.#sources.activeProfile() });
  }

  #inFlightText(): string {
    return this.#watch?.take().map((update) => this.#updateText(update)).join("") ?? "";
  }

  /** A snapshot of more than a message should hold goes on as single requests, which mean the same. */
  #updateText(update: InFlightUpdate): string {
    if (update.operation !== "snapshot") return this.#text("inflight", update);
    const { form } = this.#options;
    const requests = update.requests.map((request) => JSON.stringify(request));
    let size = 0;
    const isTooMany = requests.findIndex((request) => (size += request.length) > MOST_SNAPSHOT);
    const count = isTooMany < 0 ? requests.length : Math.max(1, isTooMany);
    const snapshot = `{"operation":"snapshot","requests":[${requests.slice(0, count).join(",")}]}`;
    const single = requests.slice(count).map((request) => `{"operation":"upsert","request":${request}}`);
    return [snapshot, ...single].map((json) => eventText(form, "inflight", json)).join("");
  }

  #listenerOf(source: LogSource): LogListener {
    return {
      offer: (chunk) => {
        this.#queue.addLog(source, chunk);
        this.#woken();
      },
      finish() {},
    };
  }

  #woken(): void {
    const wake = this.#wake;
    this.#wake = null;
    if (wake !== null) wake();
    else if (this.#queue.isOverfull) this.#drop();
  }

  #drop(): void {
    this.#queue.clear();
    this.#lastWord = commentText("this reader was too slow: connect again");
    this.#end(true);
  }

  #sayLastWord(): Uint8Array<ArrayBuffer> | null {
    const word = this.#lastWord;
    this.#lastWord = null;
    return word === null ? null : this.#encoder.encode(word);
  }

  #end(isTooSlow: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const source of ["proxy", "upstream"] as const) this.#sources.logs[source].detach(this.#listeners[source]);
    this.#watch?.cancel();
    this.#owner.onEnd(this, isTooSlow);
    this.#wake?.();
    this.#wake = null;
  }
}
