/**
 * Eviction by groups: the target's group says whom it drives out.
 *
 * Two groups that do not name each other's models may still be unequal: a model of an exclusive group drives out one of a
 * group that is not exclusive, while the other way round both stay. That is llama-swap's rule, and it holds for a target
 * that is running already, too: its next request drives out what came beside it (spec §4.3, note on step 5).
 *
 * @module
 */

import { quoteName } from "./findings.ts";
import type { Group } from "./groups.ts";
import type { EvictionDecision, EvictionPolicy } from "./policy.ts";

/** Makes the policy of checked groups. A model that is in no group gives way to any other, and drives out all others. */
export function createGroupsPolicy(groups: readonly Group[]): EvictionPolicy {
  const home = new Map(groups.flatMap((group) => group.members.map((member) => [member, group] as const)));

  function evictedBy(target: string, running: readonly string[]): readonly string[] {
    const group = home.get(target);
    return running.filter((model) => model !== target && mustGo(home.get(model), group));
  }

  function explain(target: string, running: readonly string[]): EvictionDecision {
    const evicted = evictedBy(target, running);
    const gone = new Set(evicted);
    const together = [...new Set([target, ...running.filter((model) => !gone.has(model))])].sort();
    const chosen = home.get(target)?.id ?? null;
    return { kind: "groups", target, evicted, chosen, expression: null, together, cost: evicted.length, exact: true };
  }

  function whyNotTogether(models: readonly string[]): string | null {
    const distinct = new Set(models);
    if (distinct.size < 2) return null;
    const homes = new Set([...distinct].map((model) => home.get(model)));
    const [group] = homes;
    if (homes.size > 1 || group === undefined) return "must share one routing group";
    return group.swap ? `must share a group with swap: false, and ${quoteName(group.id)} swaps` : null;
  }

  return {
    kind: "groups",
    evictedBy,
    explain,
    canCoexist: (models) => whyNotTogether(models) === null,
    whyNotTogether,
  };
}

function mustGo(own: Group | undefined, targets: Group | undefined): boolean {
  if (own === undefined || targets === undefined) return true;
  if (own === targets) return targets.swap;
  return targets.exclusive && !own.persistent;
}
