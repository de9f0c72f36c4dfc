/**
 * A matrix block as it was written, and the check of its short names and costs.
 *
 * @module
 */

import { type Finding, type KnownNames, quoteName, suggestName } from "./findings.ts";

/** A matrix block as it was written; each list in the order of the file, keys that look like numbers included. */
export interface MatrixInput extends KnownNames {
  /** Short name and model id. */
  readonly vars: readonly (readonly [string, string])[];
  /** Var or model id, and what its eviction costs. */
  readonly evictCosts: readonly (readonly [string, number])[];
  /** Set name and expression. */
  readonly sets: readonly (readonly [string, string])[];
}

const VAR_NAME = /^[a-zA-Z0-9.-]{1,32}$/;

/** Costs that add up to more would not be added exactly. */
const MAX_COST_SUM = 2 ** 51;

/** Short name to model id; a name that is wrong is left in, so that no use of it is an error of its own. */
export function checkVars(input: MatrixInput, findings: Finding[]): ReadonlyMap<string, string> {
  const vars = new Map<string, string>();
  for (const [name, model] of input.vars) {
    const path = ["vars", name];
    const shown = `var ${quoteName(name)}`;
    if (vars.has(name)) {
      findings.push({ severity: "error", path, message: `${shown} is defined twice` });
      continue;
    }
    vars.set(name, model);
    if (!VAR_NAME.test(name)) {
      const message = `${shown} may hold only alphanumeric, '-' or '.' characters and must be 1-32 characters long`;
      findings.push({ severity: "error", path, message });
    }
    if (!input.models.has(model)) {
      const message = `${shown} references unknown model ${quoteName(model)}`;
      findings.push({
        severity: "error",
        path,
        message,
        found: model,
        expected: "a model id",
        refersToName: true,
        ...suggestName(model, input),
      });
    }
  }
  return vars;
}

/** Model id to cost. */
export function checkCosts(
  input: MatrixInput,
  vars: ReadonlyMap<string, string>,
  findings: Finding[],
): ReadonlyMap<string, number> {
  const costs = new Map<string, number>();
  const named = new Map<string, string>();
  let sum = input.models.size;
  for (const [name, cost] of input.evictCosts) {
    const path = ["evict_costs", name];
    const shown = quoteName(name);
    const model = vars.get(name) ?? (input.models.has(name) ? name : undefined);
    if (!Number.isSafeInteger(cost) || cost <= 0) {
      const message = `the evict cost of ${shown} must be a positive integer`;
      findings.push({ severity: "error", path, message, found: String(cost), expected: "1 or more" });
      continue;
    }
    if (model === undefined) {
      const near = suggestName(name, input, [vars, input.models]);
      findings.push({ severity: "error", path, message: `unknown var or model ${shown}`, refersToName: true, ...near });
      continue;
    }
    const earlier = costs.get(model);
    if (earlier !== undefined && earlier !== cost) {
      const message = `${shown} and ${quoteName(named.get(model) ?? "")} give two evict costs to the model ${
        quoteName(model)
      }`;
      findings.push({ severity: "error", path, message, found: String(cost), expected: String(earlier) });
      continue;
    }
    costs.set(model, cost);
    named.set(model, name);
    sum += cost;
  }
  if (sum > MAX_COST_SUM) {
    const message = `the evict costs add up to more than ${MAX_COST_SUM}`;
    findings.push({ severity: "error", path: ["evict_costs"], message, found: String(sum) });
  }
  return costs;
}
