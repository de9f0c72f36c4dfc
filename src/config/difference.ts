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
    else if (old !== model && textOf(old) !== textOf(model)) changed.push(id);
  }
  const removed = [...before.models.keys()].filter((id) => !after.models.has(id));
  const settings = settingNames(after).filter((name) => textOf(before[name]) !== textOf(after[name]));
  const isAny = added.length + changed.length + removed.length + settings.length > 0;
  return { isAny, added, changed, removed, settings };
}

/** What follows from the models alone is no setting of its own. */
function settingNames(config: Config): readonly (keyof Config)[] {
  return (Object.keys(config) as (keyof Config)[]).filter((name) => name !== "models" && name !== "aliases");
}

/** One text for equal values: configs are built field by field in one place, so equal ones have their keys in one order. */
function textOf(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => part instanceof Map ? [...part] : part);
}
