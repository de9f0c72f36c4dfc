/**
 * What waits for one reader of the event feed: bounded, in order.
 *
 * @module
 */

/** Which of the two logs. */
export type LogSource = "proxy" | "upstream";

/** What is to be told. Of what only its present state matters there is one at most, and the state is read when it is told. */
export type EventItem =
  | { readonly kind: "log"; readonly source: LogSource; readonly chunks: Uint8Array[]; bytes: number }
  | { readonly kind: "activity"; readonly id: number }
  | { readonly kind: State };

/** What is told by its present state. */
export type State = "inflight" | "modelStatus" | "profileChanged" | "comment";

/** How much may wait for a reader. */
export interface QueueBounds {
  readonly messages: number;
  readonly bytes: number;
}

/** What an item costs besides its bytes. */
const ITEM_COST = 128;

/** How much of a log is told in one message, in bytes: written as JSON twice it can grow sevenfold. */
const MOST_LOG = 64 * 1024;

/** The items that wait, first come first. */
export class EventQueue {
  readonly #bounds: QueueBounds;
  #items: EventItem[] = [];
  readonly #states = new Set<State>();
  #cost = 0;

  /** Empty. */
  constructor(bounds: QueueBounds) {
    this.#bounds = bounds;
  }

  /** How many wait. */
  get size(): number {
    return this.#items.length;
  }

  /** Whether more waits than may. */
  get isOverfull(): boolean {
    return this.#items.length > this.#bounds.messages || this.#cost > this.#bounds.bytes;
  }

  /** Puts a piece of a log in, with the piece before it where that fits. */
  addLog(source: LogSource, chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; at += MOST_LOG) {
      const piece = chunk.subarray(at, at + MOST_LOG);
      this.#cost += piece.length + ITEM_COST;
      const last = this.#items.at(-1);
      if (last?.kind === "log" && last.source === source && last.bytes + piece.length <= MOST_LOG) {
        last.chunks.push(piece);
        last.bytes += piece.length;
      } else this.#items.push({ kind: "log", source, chunks: [piece], bytes: piece.length });
    }
  }

  /** Puts a finished request in. */
  addActivity(id: number): void {
    this.#cost += ITEM_COST;
    this.#items.push({ kind: "activity", id });
  }

  /** Says that a state has to be told, if that does not wait already. */
  addState(kind: State): void {
    if (this.#states.has(kind)) return;
    this.#states.add(kind);
    this.#items.push({ kind });
  }

  /** Takes all out. */
  takeAll(): readonly EventItem[] {
    const items = this.#items;
    this.clear();
    return items;
  }

  /** Throws all away. */
  clear(): void {
    this.#items = [];
    this.#states.clear();
    this.#cost = 0;
  }
}
