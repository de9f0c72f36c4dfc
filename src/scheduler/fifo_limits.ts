/**
 * How many requests a model may have under `fifo`.
 *
 * @module
 */

import type { Limited } from "./counts.ts";
import type { SchedulerModel } from "./types.ts";

/** How many requests for a model may wait and be active together unless its config says so; llama-swap's number. */
const DEFAULT_LIMIT = 10;

/** How many requests for a model may wait and be active together. */
export function limitOf({ limit }: SchedulerModel): number {
  return limit !== undefined && limit > 0 ? limit : DEFAULT_LIMIT;
}

/** Every model with its limit. */
export function limitsOf(models: ReadonlyMap<string, SchedulerModel>): ReadonlyMap<string, Limited> {
  return new Map([...models].map(([model, configured]) => [model, { limit: limitOf(configured) }]));
}
