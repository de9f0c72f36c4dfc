/**
 * The names that lead to models of this gateway: ids, aliases, and the names that filters add (spec §2.10).
 *
 * @module
 */

import type { Misspelt } from "../eviction/findings.ts";
import type { Findings } from "./findings.ts";
import type { ConfigPath } from "./issues.ts";

/** A model and the further names that its settings give it; a model with a problem counts, too. */
export interface NamedModel {
  /** Its id. */
  readonly id: string;
  /** `aliases`. */
  readonly aliases: readonly string[];
  /** The names under `filters.setParamsByID`. */
  readonly filterNames: readonly string[];
}

/** Names of local models. */
export interface LocalNames {
  /** Ids of all models. */
  readonly ids: ReadonlySet<string>;
  /** Ids by alias. */
  readonly aliases: ReadonlyMap<string, string>;
}

/** Collects the names; two models with the same one are a problem. */
export function collectNames(models: readonly NamedModel[], findings: Findings): LocalNames {
  const ids = new Set(models.map(({ id }) => id));
  const aliases = new Map<string, string>();
  for (const { id, aliases: own } of models) {
    own.forEach((alias, i) => {
      const path = ["models", id, "aliases", i];
      if (aliases.has(alias)) {
        findings.problem({ path, message: `duplicate alias ${alias} found in model: ${id}` });
      } else if (alias.trim() === "") findings.problem({ path, message: "an alias must not be blank" });
      else aliases.set(alias, id);
      if (ids.has(alias)) {
        findings.warning({ path, message: `The alias ${JSON.stringify(alias)} is also a model's id: the model wins` });
      }
    });
  }
  for (const { id, filterNames } of models) {
    for (const name of filterNames) {
      if (name === id) continue;
      const path = ["models", id, "filters", "setParamsByID", name];
      const owner = aliases.get(name);
      if (ids.has(name)) {
        findings.problem({
          path,
          message: `model ${id}: setParamsByID key '${name}' conflicts with an existing model ID`,
          expected: "the model's own id or a name of its own",
        });
      } else if (name.trim() === "") findings.problem({ path, message: "a name must not be blank" });
      else if (owner !== undefined && owner !== id) {
        findings.problem({
          path,
          message: `duplicate alias ${name} found in model: ${id} (setParamsByID key); model ${owner} has it already`,
        });
      } else aliases.set(name, id);
    }
  }
  return { ids, aliases };
}

/** The id of the local model that a name leads to. */
export function localModel(name: string, { ids, aliases }: LocalNames): string | undefined {
  return ids.has(name) ? name : aliases.get(name);
}

/** Complains about a name that leads nowhere, with the nearest name that leads somewhere. */
export function complainUnknown(
  name: string,
  { path, subject, known, findings }: {
    readonly path: ConfigPath;
    /** Who names it. */
    readonly subject: string;
    readonly known: Misspelt["among"];
    readonly findings: Findings;
  },
): void {
  findings.problem({
    path,
    message: `${subject} references unknown model "${name.slice(0, 120)}"`,
    suggestion: { name, among: known },
    refersTo: "model",
  });
}
