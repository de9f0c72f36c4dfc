/**
 * What differs between two configs.
 *
 * @module
 */

import type { Config, RouterConfig } from "./types.ts";

/** What a config brings compared with the one before it; ids in ascending order. */
export interface ConfigDifference {
  /** Whether anything differs at all. */
  readonly isAny: boolean;
  /** Models that are new. */
  readonly added: readonly string[];
  /** Models of both of which something differs. */
  readonly changed: readonly string[];
  /** Models that are gone. */
  readonly removed: readonly string[];
  /** What else differs: names of fields of the config besides `models`. */
  readonly settings: readonly string[];
}

/** Compares two effective configs. */
export function differenceOf(before: Config, after: Config): ConfigDifference {
  const added: string[] = [];
  const changed: string[] = [];
  for (const [id, model] of after.models) {
    const old = before.models.get(id);
    if (old === undefined) added.push(id);
    else if (!isSame(old, model)) changed.push(id);
  }
  const removed = [...before.models.keys()].filter((id) => !after.models.has(id));
  const isInBoth = (id: string) => before.models.has(id) && after.models.has(id);
  const settings = settingNames(after).filter((name) =>
    name === "router"
      ? !isSame(routerAmong(before.router, isInBoth), routerAmong(after.router, isInBoth))
      : !isSame(before[name], after[name])
  );
  const isAny = added.length + changed.length + removed.length + settings.length > 0;
  return { isAny, added, changed, removed, settings };
}

/** The rules as far as these models go: one that comes or goes is in a group of its own accord. */
function routerAmong(router: RouterConfig, isMeant: (id: string) => boolean): RouterConfig {
  if (router.kind !== "groups") return router;
  const groups = router.groups.map((group) => ({ ...group, members: group.members.filter(isMeant) }));
  return { kind: "groups", groups: groups.filter(({ members }) => members.length > 0) };
}

/** What follows from the models alone is no setting of its own. */
function settingNames(config: Config): readonly (keyof Config)[] {
  return (Object.keys(config) as (keyof Config)[]).filter((name) => name !== "models" && name !== "aliases");
}

/**
 * Whether two values of configs are equal. What only acts, such as a policy, follows from what is written beside it and is
 * passed over.
 */
function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a === "function" && typeof b === "function") return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => isSame(item, b[i]));
  }
  if (a instanceof Map) {
    return b instanceof Map && a.size === b.size &&
      [...a].every(([key, item]) => b.has(key) && isSame(item, b.get(key)));
  }
  if (a instanceof RegExp) return String(a) === String(b);
  const keys = Object.keys(a) as (keyof typeof a)[];
  return !Array.isArray(b) && keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && isSame(a[key], b[key]));
}
