/**
 * Which models may not stay in memory together once other rules are in force.
 *
 * @module
 */

import type { SchedulerSettings } from "./types.ts";

/**
 * Lists those of `running` that have to go so that the rest is a set which `settings` allow. Under `serial` all have to, when
 * there are several: none of them has more of a right to stay.
 */
export function misfitsOf(settings: SchedulerSettings, running: readonly string[]): readonly string[] {
  if (settings.use === "serial") return running.length > 1 ? running : [];
  const { policy } = settings;
  // A set is allowed if its models can be loaded in some order without one ending another: two orders are tried.
  const tries = [running, running.toReversed()].map((order) => {
    const stay: string[] = [];
    const go: string[] = [];
    for (const model of order) (policy.evictedBy(model, stay).length === 0 ? stay : go).push(model);
    return go;
  });
  return tries.reduce((best, other) => other.length < best.length ? other : best);
}
