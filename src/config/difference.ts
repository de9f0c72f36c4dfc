/**
 * What differs between two configs.
 *
 * @module
 */

import type { Config } from "./types.ts";

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
}

/** Compares two effective configs. */
export function differenceOf(before: Config, after: Config): ConfigDifference {
  const added: string[] = [];
  const changed: string[] = [];
  for (const [id, model] of after.models) {
    const old = before.models.get(id);
    if (old === undefined) added.push(id);
    else if (textOf(old) !== textOf(model)) changed.push(id);
  }
  const removed = [...before.models.keys()].filter((id) => !after.models.has(id));
  const isSame = added.length + changed.length + removed.length === 0 && textOf(rest(before)) === textOf(rest(after));
  return { isAny: !isSame, added, changed, removed };
}

function rest(config: Config): Omit<Config, "models"> {
  const { models: _, ...settings } = config;
  return settings;
}

/** One text for equal values: configs are built field by field in one place, so equal ones have their keys in one order. */
function textOf(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => part instanceof Map ? [...part] : part);
}
