/**
 * Which models may not stay in memory together once other rules are in force.
 *
 * @module
 */

import type { EvictionPolicyLike, SchedulerSettings } from "./types.ts";

/** The rules until now, and those from now on. */
export interface RuleChange {
  /** Under these what runs was allowed. */
  readonly before: SchedulerSettings;
  /** Under these it has to be from now on. */
  readonly after: SchedulerSettings;
}

/**
 * Lists those of `running` that have to go so that the rest is allowed. Under `serial` all have to, when there are several:
 * none of them has more of a right to stay. Rules that say the same about what runs leave it alone.
 */
export function misfitsOf({ before, after }: RuleChange, running: readonly string[]): readonly string[] {
  if (after.use === "serial") return running.length > 1 ? running : [];
  const { policy } = after;
  if (before.use === "serial" || running.every((model) => saysSame(before.policy, policy, { model, running }))) {
    return [];
  }
  // A set is allowed if its models can be loaded in some order without one ending another: two orders are tried.
  const tries = [running, running.toReversed()].map((order) => {
    const stay: string[] = [];
    const go: string[] = [];
    for (const model of order) (policy.evictedBy(model, stay).length === 0 ? stay : go).push(model);
    return go;
  });
  return tries.reduce((best, other) => other.length < best.length ? other : best);
}

function saysSame(
  before: EvictionPolicyLike,
  after: EvictionPolicyLike,
  { model, running }: { readonly model: string; readonly running: readonly string[] },
): boolean {
  return running.every((other) => before.evictedBy(model, [other]).length === after.evictedBy(model, [other]).length) &&
    before.evictedBy(model, running).length === after.evictedBy(model, running).length;
}
