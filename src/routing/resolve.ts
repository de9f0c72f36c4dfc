/**
 * Which model of this gateway a name means, when neither profiles nor selectors nor peers count.
 *
 * @module
 */

import { GatewayError, shorten } from "../errors.ts";
import type { Config } from "../config/types.ts";

/** The part of a config that name resolution reads. */
export type NameTable = Pick<Config, "models" | "aliases">;

/**
 * Finds the model id that `name` stands for: a model id first, then an alias; exact and case-sensitive.
 *
 * @throws {GatewayError} `unknown_model` when nothing has that name.
 */
export function resolveModel(table: NameTable, name: string): string {
  if (table.models.has(name)) return name;
  const model = table.aliases.get(name);
  if (model !== undefined) return model;
  throw unknownModel(name);
}

const LATEST = ":latest";

/** The name before an ending `:latest`, or the name itself. */
export function withoutLatest(name: string): string {
  return name.endsWith(LATEST) ? name.slice(0, -LATEST.length) : name;
}

/** The error for a name that leads nowhere. */
export function unknownModel(name: string): GatewayError {
  return new GatewayError("unknown_model", `The model ${JSON.stringify(shorten(name))} does not exist`, {
    param: "model",
  });
}
