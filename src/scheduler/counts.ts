/**
 * How many requests wait or are active for each model that has a limit, as a value.
 *
 * A change shares all but one path with the counts before, O(log32 n); models without a limit are not counted at all.
 *
 * @module
 */

import { append, emptyQueue, find, type Queue, replace } from "./queue.ts";

/** The counts of the models with a limit; never changed in place. */
export interface Counts {
  /** Where a model's count is kept. */
  readonly places: ReadonlyMap<string, number>;
  /** A count for every place. */
  readonly kept: Queue<Count>;
}

/** One model's count. */
export interface Count {
  /** Its place. */
  readonly ticket: number;
  /** Waiting and active requests. */
  readonly requests: number;
}

/** What has to be known of a model. */
export interface Limited {
  /** Requests that may wait and be active together; absent means any number. */
  readonly limit?: number;
}

/** Counts for these models; `present` are the models of the requests that are there already. */
export function countsFor(models: ReadonlyMap<string, Limited>, present: Iterable<string> = []): Counts {
  const requests = new Map<string, number>();
  for (const [model, { limit }] of models) if (limit !== undefined) requests.set(model, 0);
  for (const model of present) {
    const known = requests.get(model);
    if (known !== undefined) requests.set(model, known + 1);
  }
  const places = new Map([...requests.keys()].map((model, place) => [model, place]));
  const kept = [...requests.values()].reduce(
    (line, count, place) => append(line, { ticket: place, requests: count }),
    emptyQueue<Count>(),
  );
  return { places, kept };
}

/** Waiting and active requests for a model; 0 for one without a limit. */
export function countOf(counts: Counts, model: string): number {
  const place = counts.places.get(model);
  return place === undefined ? 0 : find(counts.kept, place)?.requests ?? 0;
}

/** The counts with one request more or less for a model; the same counts when it has no limit. */
export function counted(counts: Counts, model: string, by: 1 | -1): Counts {
  if (counts.places.size === 0) return counts;
  const place = counts.places.get(model);
  if (place === undefined) return counts;
  const requests = countOf(counts, model) + by;
  return { places: counts.places, kept: replace(counts.kept, { ticket: place, requests }) };
}
