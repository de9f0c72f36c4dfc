/**
 * What one watcher of the in-flight table has not seen yet: bounded, and never in anybody's way.
 *
 * @module
 */

import type { InFlightEntry, InFlightOutcome, InFlightView } from "./in_flight_entry.ts";

/** A change of the table; a snapshot replaces all that was known. */
export type InFlightUpdate =
  | { readonly operation: "snapshot"; readonly requests: readonly InFlightView[] }
  | { readonly operation: "upsert"; readonly request: InFlightView }
  | { readonly operation: "remove"; readonly id: string; readonly outcome: InFlightOutcome };

/** What a watcher wants. */
export interface WatchOptions {
  /** Whether requests for this model are seen; all unless given. */
  readonly sees?: (model: string) => boolean;
  /** Told once when there is something to {@link InFlightWatch.take}, and again only after that was taken. */
  readonly onChange?: () => void;
}

/** What {@link InFlightWatch} is made of besides what the watcher wants. */
export interface WatchSource {
  /** How many changed requests are remembered one by one. */
  readonly bound: number;
  /** What the watcher may see of the table, in order. */
  readonly list: () => readonly InFlightView[];
  /** The watcher has left. */
  readonly onEnd: () => void;
}

type Change =
  | { readonly kind: "upsert"; readonly entry: InFlightEntry; readonly isNew: boolean }
  | { readonly kind: "remove"; readonly outcome: InFlightOutcome };

/**
 * One watcher. Of each request only that it changed is remembered: how it stands is read when the change is taken. When more
 * requests have changed than the bound, a snapshot takes their place.
 */
export class InFlightWatch {
  readonly #source: WatchSource;
  readonly #sees: (model: string) => boolean;
  readonly #onChange: () => void;
  readonly #changes = new Map<number, Change>();
  #wantsSnapshot = true;
  #isTold = true;

  /** Begins with a snapshot; made by the table. */
  constructor(source: WatchSource, { sees = () => true, onChange = () => {} }: WatchOptions) {
    this.#source = source;
    this.#sees = sees;
    this.#onChange = onChange;
  }

  /** How many changes wait one by one. */
  get size(): number {
    return this.#changes.size;
  }

  /** All that has changed since the last call; at first a snapshot. */
  take(): readonly InFlightUpdate[] {
    this.#isTold = false;
    if (this.#wantsSnapshot) {
      this.#wantsSnapshot = false;
      return [{ operation: "snapshot", requests: this.#source.list() }];
    }
    const updates = [...this.#changes].map(([number, change]): InFlightUpdate =>
      change.kind === "upsert"
        ? { operation: "upsert", request: change.entry.look() }
        : { operation: "remove", id: String(number), outcome: change.outcome }
    );
    this.#changes.clear();
    return updates;
  }

  /** A request came or changed. */
  upserted(entry: InFlightEntry, isNew: boolean): void {
    if (this.#wantsSnapshot || !this.#sees(entry.facts.model)) return;
    if (!this.#changes.has(entry.number)) this.#remember(entry.number, { kind: "upsert", entry, isNew });
  }

  /** A request is over. One that was never seen is not spoken of. */
  removed(entry: InFlightEntry, outcome: InFlightOutcome): void {
    if (this.#wantsSnapshot || !this.#sees(entry.facts.model)) return;
    const known = this.#changes.get(entry.number);
    this.#changes.delete(entry.number);
    if (known?.kind === "upsert" && known.isNew) return;
    this.#remember(entry.number, { kind: "remove", outcome });
  }

  /** The watcher leaves. */
  cancel(): void {
    this.#changes.clear();
    this.#wantsSnapshot = true;
    this.#isTold = true;
    this.#source.onEnd();
  }

  #remember(number: number, change: Change): void {
    if (this.#changes.size < this.#source.bound) this.#changes.set(number, change);
    else {
      this.#changes.clear();
      this.#wantsSnapshot = true;
    }
    if (this.#isTold) return;
    this.#isTold = true;
    this.#onChange();
  }
}
