/**
 * The requests that are being answered, and whoever watches them. Nothing here makes a request wait.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { Chain } from "./chain.ts";
import { InFlightEntry, type InFlightFacts, type InFlightTable, type InFlightView } from "./in_flight_entry.ts";
import { InFlightWatch, type WatchOptions } from "./in_flight_watch.ts";

/** How long between two tellings of what changes often, in milliseconds. */
const AGAIN_MS = 250;

/** How many changes wait for a watcher one by one. */
const CHANGES_KEPT = 128;

/** What {@link InFlight} is made of. */
export interface InFlightOptions {
  readonly clock: Clock;
  /** Milliseconds since 1970; the system's time unless given. */
  readonly wallNow?: () => number;
  /** How many changes wait for a watcher one by one; 128 unless given. */
  readonly changesKept?: number;
}

/** Which entries are wanted; all unless something is given. */
export interface ListOptions {
  /** Requests for this model, by its id or by the name that the client sent. */
  readonly model?: string;
  /** Whether requests for this model may be seen. */
  readonly sees?: (model: string) => boolean;
}

/** The table. */
export class InFlight {
  readonly #entries = new Chain<InFlightEntry>();
  readonly #watches = new Set<InFlightWatch>();
  readonly #clock: Clock;
  readonly #changesKept: number;
  /** What changed since the last telling of what changes often. */
  readonly #changedAgain = new Set<InFlightEntry>();
  #cancelRound: (() => void) | null = null;
  #last = 0;
  readonly #table: InFlightTable & { isWatched: boolean };

  /** Nothing is in flight yet. */
  constructor({ clock, wallNow = () => Date.now(), changesKept = CHANGES_KEPT }: InFlightOptions) {
    this.#clock = clock;
    this.#changesKept = changesKept;
    this.#table = {
      isWatched: false,
      now: () => clock.now(),
      wallNow,
      changed: (entry) => this.#tell(entry),
      changedAgain: (entry) => this.#tellSoon(entry),
      ended: (entry, outcome) => {
        this.#entries.remove(entry);
        if (!this.#table.isWatched) return;
        this.#changedAgain.delete(entry);
        for (const watch of this.#watches) watch.removed(entry, outcome);
      },
    };
  }

  /** How many are in flight. */
  get size(): number {
    return this.#entries.size;
  }

  /** Takes a request in; the caller says when it ends. */
  begin(facts: InFlightFacts): InFlightEntry {
    const entry = new InFlightEntry(this.#table, { number: ++this.#last, facts });
    this.#entries.append(entry);
    if (this.#table.isWatched) {
      for (const watch of this.#watches) watch.upserted(entry, true);
      if (entry.isInLine) this.#goRound();
    }
    return entry;
  }

  /** What is in flight, the oldest first. */
  list({ model, sees = () => true }: ListOptions = {}): readonly InFlightView[] {
    return [...this.#entries]
      .filter(({ facts }) => sees(facts.model) && (model === undefined || isFor(facts, model)))
      .sort((a, b) => a.startedAt - b.startedAt || a.number - b.number)
      .map((entry) => entry.look());
  }

  /** The entry with this id or request id. */
  find(id: string): InFlightEntry | undefined {
    for (const entry of this.#entries) if (entry.id === id || entry.facts.requestId === id) return entry;
    return undefined;
  }

  /** Watches from now on, beginning with a snapshot. */
  subscribe(options: WatchOptions = {}): InFlightWatch {
    const { sees } = options;
    const watch: InFlightWatch = new InFlightWatch({
      bound: this.#changesKept,
      list: () => this.list(sees === undefined ? {} : { sees }),
      onEnd: () => this.#forget(watch),
    }, options);
    this.#watches.add(watch);
    this.#table.isWatched = true;
    if (this.#entries.size > 0) this.#goRound();
    return watch;
  }

  #tell(entry: InFlightEntry): void {
    for (const watch of this.#watches) watch.upserted(entry, false);
  }

  /** At once after a quiet while, else with the next round. */
  #tellSoon(entry: InFlightEntry): void {
    if (this.#cancelRound !== null) return void this.#changedAgain.add(entry);
    this.#tell(entry);
    this.#goRound();
  }

  #goRound(delayMs = AGAIN_MS): void {
    this.#cancelRound ??= this.#clock.after(delayMs, this.#round);
  }

  /** Tells what changes often, and who has moved on in the line. */
  readonly #round = (): void => {
    let isAnyInLine = false;
    for (const entry of this.#entries) {
      isAnyInLine ||= entry.isInLine;
      if (entry.hasMoved()) this.#changedAgain.add(entry);
    }
    const changed = [...this.#changedAgain];
    this.#changedAgain.clear();
    this.#cancelRound = null;
    // A line of thousands moves as a whole: the more there is to tell, the more seldom it is told.
    if (isAnyInLine || changed.length > 0) this.#goRound(AGAIN_MS + Math.floor(changed.length / 4));
    for (const entry of changed) this.#tell(entry);
  };

  #forget(watch: InFlightWatch): void {
    this.#watches.delete(watch);
    if (this.#watches.size > 0) return;
    this.#table.isWatched = false;
    this.#changedAgain.clear();
    this.#cancelRound?.();
    this.#cancelRound = null;
  }
}

function isFor({ model, requested }: InFlightFacts, name: string): boolean {
  return model === name || requested === name;
}
