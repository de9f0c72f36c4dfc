/**
 * One request that is being answered, as its owner tells it and as others may see it.
 *
 * @module
 */

import type { Link } from "./chain.ts";
import { shownHeaders, shownText, withoutQuery } from "./shown_headers.ts";

/** Where a request is: in the line, while its model is loaded, at the backend, or on its way back to the client. */
export type InFlightPhase = "queued" | "loading" | "serving" | "streaming";

/** How a request ended. */
export type InFlightOutcome = "complete" | "failed" | "clientLeft" | "clientStalled";

/** Names and values of headers; a `Headers` is one. */
export type HeaderPairs = Iterable<readonly [string, string]>;

/** What is known of a request when it begins. */
export interface InFlightFacts {
  /** The id that names it everywhere: `x-request-id`. */
  readonly requestId: string;
  /** The model that serves it. */
  readonly model: string;
  /** The model's name as the client sent it; the same unless given. */
  readonly requested?: string;
  readonly method: string;
  /** Its path; a query is not shown. */
  readonly path: string;
  /** Kept as they are, and read only when somebody looks. */
  readonly headers: HeaderPairs;
  /** The client's address, if it is known. */
  readonly remoteAddr: string | null;
  /** The name of the key that the client used; null without one. */
  readonly key?: string | null;
  /** Whether the client asked for a stream. */
  readonly stream?: boolean;
  /** When it arrived, by the table's clock in milliseconds; now unless given. */
  readonly at?: number;
  /**
   * Its place in the line, the head being 1; null once it has left the line, which it does for its model's load. Asked when
   * somebody looks, and only until the owner tells another phase: so nobody has to tell each of them at each step of the line.
   */
  readonly place?: (() => number | null) | undefined;
  /** What else is known of it. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** Ends it from outside; false when there is nothing to end any more. */
  readonly cancel: () => boolean;
}

/** What others may see of a request; the names are those of the events on the wire. */
export interface InFlightView {
  readonly id: string;
  readonly request_id: string;
  /** When it arrived; ISO 8601. */
  readonly timestamp: string;
  readonly model: string;
  readonly requested: string;
  readonly req_path: string;
  readonly method: string;
  readonly req_headers: Readonly<Record<string, string>>;
  readonly remote_ip: string;
  readonly key: string | null;
  readonly stream: boolean;
  readonly phase: InFlightPhase;
  /** Its place in the line, the head being 1; null when it does not wait or nobody told it. */
  readonly position: number | null;
  /** The status of the answer; null while there is none. */
  readonly resp_status: number | null;
  readonly resp_headers: Readonly<Record<string, string>>;
  readonly resp_bytes: number;
  readonly elapsed_ms: number;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** What an entry needs of its table. */
export interface InFlightTable {
  /** Whether anybody wants to know of changes. */
  readonly isWatched: boolean;
  /** Milliseconds by the clock that started the entry. */
  now(): number;
  /** Milliseconds since 1970. */
  wallNow(): number;
  /** Something changed that is to be told at once. */
  changed(entry: InFlightEntry): void;
  /** Something changed that changes often. */
  changedAgain(entry: InFlightEntry): void;
  /** It is over. */
  ended(entry: InFlightEntry, outcome: InFlightOutcome): void;
}

/** One request in the table; all but {@link InFlightEntry.look} and {@link InFlightEntry.cancel} is for its owner. */
export class InFlightEntry implements Link<InFlightEntry> {
  /** See {@link Link}. */
  earlier: InFlightEntry | null = null;
  /** See {@link Link}. */
  later: InFlightEntry | null = null;
  /** Counts up from 1 in each process. */
  readonly number: number;
  /** What was known when it began. */
  readonly facts: InFlightFacts;
  /** When it arrived, by the table's clock. */
  readonly startedAt: number;
  readonly #table: InFlightTable;
  #phase: InFlightPhase = "queued";
  #position: number | null = null;
  #checkedPlace: number | null | undefined;
  #status: number | null = null;
  #answerHeaders: HeaderPairs | null = null;
  #bytes = 0;
  #metadata: Readonly<Record<string, string>> | undefined;
  #isOver = false;
  #timestamp: string | null = null;
  #shownRequest: Readonly<Record<string, string>> | null = null;
  #shownAnswer: Readonly<Record<string, string>> | null = null;

  /** Made by the table, which tells nobody of it yet. */
  constructor(table: InFlightTable, { number, facts }: { readonly number: number; readonly facts: InFlightFacts }) {
    this.#table = table;
    this.number = number;
    this.facts = facts;
    this.startedAt = facts.at ?? table.now();
    this.#metadata = facts.metadata;
  }

  /** The number as text. */
  get id(): string {
    return String(this.number);
  }

  /** It waits; `position` is its place, the head being 1, where {@link InFlightFacts.place} does not tell it. */
  queued(position: number | null = null): void {
    if (this.#phase === "queued" && this.#position === position) return;
    const isNew = this.#phase !== "queued";
    this.#phase = "queued";
    this.#position = position;
    this.#tell(isNew);
  }

  /** Its model is being loaded. */
  loading(): void {
    this.#enter("loading");
  }

  /** It is at the backend; its answer goes on there if it has begun while it waited. */
  serving(): void {
    this.#enter(this.#status === null ? "serving" : "streaming");
  }

  /** The head of the answer is here; the headers are kept as they are. One that still waits goes on waiting. */
  responded(status: number, headers: HeaderPairs): void {
    this.#status = status;
    this.#answerHeaders = headers;
    this.#shownAnswer = null;
    if (this.#phase === "serving") this.#phase = "streaming";
    this.#tell(true);
  }

  /** More of the answer's body has gone by. Costs next to nothing: it is called for every chunk. */
  bytes(count: number): void {
    this.#bytes += count;
    if (this.#table.isWatched && !this.#isOver) this.#table.changedAgain(this);
  }

  /** More is known of it; what was known under the same name is replaced. */
  describe(metadata: Readonly<Record<string, string>>): void {
    this.#metadata = { ...this.#metadata, ...metadata };
    this.#tell(true);
  }

  /** It is over; a second call does nothing. */
  end(outcome: InFlightOutcome): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#table.ended(this, outcome);
  }

  /** Asks the owner to end it; false when it is over. The entry goes when the owner says so. */
  cancel(): boolean {
    return !this.#isOver && this.facts.cancel();
  }

  /** Whether somebody has to ask for its place. */
  get isInLine(): boolean {
    return this.#phase === "queued" && this.facts.place !== undefined;
  }

  /** Whether its place is another one than at the last call. */
  hasMoved(): boolean {
    if (!this.isInLine) return false;
    const before = this.#checkedPlace;
    this.#checkedPlace = this.facts.place?.() ?? null;
    return before !== this.#checkedPlace;
  }

  /** How it stands now. */
  look(): InFlightView {
    const { facts } = this;
    const elapsedMs = Math.max(0, this.#table.now() - this.startedAt);
    this.#timestamp ??= new Date(this.#table.wallNow() - elapsedMs).toISOString();
    this.#shownRequest ??= shownHeaders(facts.headers);
    this.#shownAnswer ??= shownHeaders(this.#answerHeaders ?? []);
    const position = this.isInLine ? facts.place?.() ?? null : this.#position;
    return {
      id: this.id,
      request_id: facts.requestId,
      timestamp: this.#timestamp,
      model: facts.model,
      requested: shownText(facts.requested ?? facts.model),
      req_path: shownText(withoutQuery(facts.path)),
      method: facts.method,
      req_headers: this.#shownRequest,
      remote_ip: facts.remoteAddr ?? "",
      key: facts.key ?? null,
      stream: facts.stream ?? false,
      phase: this.isInLine && position === null ? "loading" : this.#phase,
      position,
      resp_status: this.#status,
      resp_headers: this.#shownAnswer,
      resp_bytes: this.#bytes,
      elapsed_ms: Math.floor(elapsedMs),
      ...(this.#metadata === undefined || Object.keys(this.#metadata).length === 0 ? {} : { metadata: this.#metadata }),
    };
  }

  #enter(phase: Exclude<InFlightPhase, "queued">): void {
    if (this.#phase === phase) return;
    this.#phase = phase;
    this.#position = null;
    this.#tell(true);
  }

  #tell(atOnce: boolean): void {
    if (!this.#table.isWatched || this.#isOver) return;
    if (atOnce) this.#table.changed(this);
    else this.#table.changedAgain(this);
  }
}
