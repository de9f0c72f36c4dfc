/**
 * Spreads requests over targets: how many each has, and whose turn it is (spec §2.13).
 *
 * @module
 */

import type { Phase } from "./destination.ts";

/** Something that a request can be given to. */
export interface Candidate {
  /** Names what is counted: two targets with the same key are one. */
  readonly key: string;
  /** What its backend is doing; `null` where there is none to be seen, as with a peer. */
  readonly phase: Phase | null;
}

/** How one request is given away. */
export interface SpilloverRules {
  /** Requests on each target in use before the next one is taken into use. */
  readonly limit: number;
  /**
   * Whether targets with a backend may be in memory together. Where they may not, taking another one into use makes no
   * room, it only makes the two take turns: at most one of them is used at a time, the one that has requests, else the one
   * that is loaded. A stopping one counts as stopped then, because a request that waits for it starts it anew.
   */
  readonly together: boolean;
}

/** A target that was taken, until it is given back. */
export interface Reservation<Target extends Candidate> {
  /** The target. */
  readonly target: Target;
  /** Gives it back; harmless twice. */
  release(): void;
}

/** The requests of one selector on one target. */
export interface SpilloverCount {
  /** Id of the selector. */
  readonly selector: string;
  /** Key of the target. */
  readonly key: string;
  /** How many requests; at least 1. */
  readonly requests: number;
}

/** The counts of all selectors. Requests that came past a selector are not known here. */
export class Spillover {
  readonly #counts = new Map<string, Map<string, number>>();
  /** How many ties each selector has decided. */
  readonly #turns = new Map<string, number>();

  /**
   * Takes the target whose turn it is, at once, so that two requests never see the same counts; `null` when none can be
   * used. In use is a target that has requests or whose backend runs: the least busy of these, in turns, as long as it is
   * below the limit; then the first that is not in use; when there is none, the least busy again.
   */
  reserve<Target extends Candidate>(
    selector: string,
    targets: readonly Target[],
    rules: SpilloverRules,
  ): Reservation<Target> | null {
    const usable = rules.together
      ? targets.filter(({ phase }) => phase !== "stopping")
      : this.#oneLocal(selector, targets);
    const active = usable.filter((target) => runs(target) || this.#count(selector, target) > 0);
    const cold = usable.find((target) => !active.includes(target));
    const least = Math.min(...active.map((target) => this.#count(selector, target)));
    const target = active.length > 0 && (least < rules.limit || cold === undefined)
      ? this.#takeTurn(selector, active.filter((target) => this.#count(selector, target) === least))
      : cold;
    if (target === undefined) return null;
    this.#add(selector, target.key, 1);
    let isHeld = true;
    return {
      target,
      release: () => {
        if (isHeld) this.#add(selector, target.key, -1);
        isHeld = false;
      },
    };
  }

  /** What is taken now, by selector and target. */
  counts(): readonly SpilloverCount[] {
    return [...this.#counts].flatMap(([selector, counts]) =>
      [...counts].map(([key, requests]) => ({ selector, key, requests }))
    );
  }

  /** Lets go of what is remembered about selectors that are gone; what they have given away is still counted. */
  keep(selectors: ReadonlyMap<string, unknown>): void {
    for (const id of this.#turns.keys()) if (!selectors.has(id)) this.#turns.delete(id);
  }

  /** Of the targets with a backend only the one that fits best what is there already. */
  #oneLocal<Target extends Candidate>(selector: string, targets: readonly Target[]): readonly Target[] {
    const rank = (target: Target) => [this.#count(selector, target), LOADED.indexOf(target.phase)] as const;
    const [best] = targets.filter(({ phase }) => phase !== null).toSorted((a, b) => {
      const [[countA, loadedA], [countB, loadedB]] = [rank(a), rank(b)];
      return countB - countA || loadedB - loadedA;
    });
    return targets.filter((target) => target.phase === null || target === best);
  }

  #takeTurn<Target>(selector: string, tied: readonly Target[]): Target | undefined {
    const turn = this.#turns.get(selector) ?? 0;
    this.#turns.set(selector, turn + 1);
    return tied[turn % tied.length];
  }

  #count(selector: string, { key }: Candidate): number {
    return this.#counts.get(selector)?.get(key) ?? 0;
  }

  #add(selector: string, key: string, change: 1 | -1): void {
    const counts = this.#counts.get(selector) ?? new Map<string, number>();
    const count = (counts.get(key) ?? 0) + change;
    if (count > 0) counts.set(key, count);
    else counts.delete(key);
    if (counts.size > 0) this.#counts.set(selector, counts);
    else this.#counts.delete(selector);
  }
}

/** The later, the nearer to being of use; everything else is alike. */
const LOADED: readonly (Phase | null)[] = ["starting", "ready"];

function runs({ phase }: Candidate): boolean {
  return phase === "ready" || phase === "starting";
}
