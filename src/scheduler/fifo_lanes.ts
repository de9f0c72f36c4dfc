/**
 * Who waits under `fifo`, as a value: one line for each priority, the higher before the lower, arrival order in each.
 *
 * A change costs O(log32 n) and one step for each priority in use. How many wait for each model is kept beside, so that
 * whoever walks the lines can stop when every model in them has been decided.
 *
 * @module
 */

import { counted, countOf, type Counts, countsFor, type Limited } from "./counts.ts";
import { append, emptyQueue, find, first, itemsAfter, positionOf, type Queue, remove } from "./queue.ts";
import type { Ticket, Waiting } from "./types.ts";

/** The waiting requests of one priority. */
export interface Lane {
  /** The higher goes first. */
  readonly priority: number;
  /** In arrival order; never empty. */
  readonly line: Queue<Waiting>;
}

/** Everybody who waits. */
export interface Lanes {
  /** In descending order of priority. */
  readonly byPriority: readonly Lane[];
  /** How many wait. */
  readonly size: number;
  /** How many wait for each model. */
  readonly perModel: Counts;
  /** For how many models anybody waits. */
  readonly models: number;
}

/** Nobody waits; `models` are those that can be waited for, each with any limit. */
export function emptyLanes(models: ReadonlyMap<string, Limited>): Lanes {
  return { byPriority: [], size: 0, perModel: countsFor(models), models: 0 };
}

/** With one more who waits, behind all who arrived before it with its priority. */
export function park(lanes: Lanes, waiting: Waiting, priority: number): Lanes {
  const { byPriority } = lanes;
  const index = byPriority.findIndex((lane) => lane.priority <= priority);
  const at = index === -1 ? byPriority.length : index;
  const same = byPriority[at]?.priority === priority ? byPriority[at] : undefined;
  const lane = { priority, line: append(same?.line ?? emptyQueue<Waiting>(), waiting) };
  return {
    byPriority: [...byPriority.slice(0, at), lane, ...byPriority.slice(same === undefined ? at : at + 1)],
    size: lanes.size + 1,
    perModel: counted(lanes.perModel, waiting.model, 1),
    models: lanes.models + (waitsFor(lanes, waiting.model) ? 0 : 1),
  };
}

/** Without this one; the same lanes when it does not wait. */
export function unpark(lanes: Lanes, { ticket, model }: Waiting): Lanes {
  const index = lanes.byPriority.findIndex(({ line }) => find(line, ticket) !== undefined);
  const lane = lanes.byPriority[index];
  if (lane === undefined) return lanes;
  const line = remove(lane.line, ticket);
  const rest = line.size === 0 ? [] : [{ priority: lane.priority, line }];
  const perModel = counted(lanes.perModel, model, -1);
  return {
    byPriority: [...lanes.byPriority.slice(0, index), ...rest, ...lanes.byPriority.slice(index + 1)],
    size: lanes.size - 1,
    perModel,
    models: lanes.models - (countOf(perModel, model) === 0 ? 1 : 0),
  };
}

/** The same lines, counted anew for other models; nobody may wait for one that is not among them. */
export function recount(lanes: Lanes, models: ReadonlyMap<string, Limited>): Lanes {
  const present = [...inOrder(lanes)].map(({ model }) => model);
  return { ...lanes, perModel: countsFor(models, present), models: new Set(present).size };
}

/** Whether anybody waits for a model. */
export function waitsFor(lanes: Lanes, model: string): boolean {
  return countOf(lanes.perModel, model) > 0;
}

/** Who waits under this name; undefined when nobody does. */
export function findWaiting({ byPriority }: Lanes, ticket: Ticket): Waiting | undefined {
  for (const { line } of byPriority) {
    const found = find(line, ticket);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The place of this ticket, the first that is looked at being 1; null when it does not wait. */
export function placeOf({ byPriority }: Lanes, ticket: Ticket): number | null {
  let before = 0;
  for (const { line } of byPriority) {
    const place = positionOf(line, ticket);
    if (place !== null) return before + place;
    before += line.size;
  }
  return null;
}

/** Who waits behind the first `skipped`, in the order in which they are looked at. */
export function* inOrder({ byPriority }: Lanes, skipped = 0): Generator<Waiting> {
  let left = skipped;
  for (const { line } of byPriority) {
    if (left < line.size) yield* itemsAfter(line, left);
    left = Math.max(0, left - line.size);
  }
}

/** Who has waited longest, whatever its priority; undefined when nobody waits. */
export function oldest({ byPriority }: Lanes): Waiting | undefined {
  let found: Waiting | undefined;
  for (const { line } of byPriority) {
    const head = first(line);
    if (head !== undefined && (found === undefined || head.ticket < found.ticket)) found = head;
  }
  return found;
}
