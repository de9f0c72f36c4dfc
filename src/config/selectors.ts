/**
 * Selectors: names that choose among models (spec §2.13).
 *
 * @module
 */

import type { Effort } from "../eviction/policy.ts";
import type { Findings } from "./findings.ts";
import { complainUnknown, localModel, type LocalNames } from "./names.ts";
import type { SelectorSettings } from "./schema/names.ts";
import { nearestName } from "./suggestions.ts";
import { isTree } from "./tree.ts";
import type { PeerModel, SelectorConfig } from "./types.ts";

/** What {@link loadSelectors} needs besides the block. */
export interface SelectorsContext {
  /** Names of local models. */
  readonly local: LocalNames;
  /** Models of peers by name. */
  readonly peerModels: ReadonlyMap<string, PeerModel>;
  /**
   * Why these local models cannot be loaded side by side, as the end of a sentence about them; `null` when they can, when
   * the rules for that are themselves broken, or when it would take more than `effort` has left.
   */
  whyNotTogether(models: readonly string[], effort: Effort): string | null;
  /** Takes problems. */
  readonly findings: Findings;
}

/** What the checks of all selectors may cost: about a third of a second, six times what one may cost. */
const MAX_COMPARISONS = 25_000_000;

const STRATEGIES = ["pin", "warm", "spillover"] as const;

type Selectors = Readonly<Record<string, SelectorSettings>>;

/** Checks and collects the selectors. */
export function loadSelectors(block: Selectors, context: SelectorsContext): ReadonlyMap<string, SelectorConfig> {
  const selectors = new Map<string, SelectorConfig>();
  const effort = { left: MAX_COMPARISONS };
  for (const [id, settings] of Object.entries(block)) {
    checkId(id, context);
    const strategy = strategyOf(id, settings, context.findings);
    checkTargets(id, settings, { ...context, block, strategy, effort });
    selectors.set(id, {
      id,
      strategy: strategy ?? "pin",
      targets: settings.targets,
      spillover: settings.settings.spillover,
      name: settings.name,
      description: settings.description,
      unlisted: settings.unlisted,
      metadata: isTree(settings.metadata) ? settings.metadata : {},
    });
  }
  return selectors;
}

function checkId(id: string, { local, findings }: SelectorsContext): void {
  const path = ["selectors", id];
  if (id.trim() === "") findings.problem({ path, message: "a selector id must not be blank" });
  if (local.ids.has(id)) {
    findings.problem({ path, message: `selector ${id}: name conflicts with model ID "${id}"` });
  } else if (local.aliases.has(id)) {
    const model = local.aliases.get(id);
    findings.problem({ path, message: `selector ${id}: name conflicts with model alias "${id}" of model "${model}"` });
  }
}

function strategyOf(
  id: string,
  { strategy }: SelectorSettings,
  findings: Findings,
): SelectorConfig["strategy"] | undefined {
  const known = STRATEGIES.find((name) => name === strategy);
  if (strategy === "") {
    const message = `selector ${id}: strategy is required`;
    const path = ["selectors", id];
    findings.problem({ path, message, expected: STRATEGIES.join(", "), missing: [...path, "strategy"] });
  } else if (known === undefined) {
    findings.problem({
      path: ["selectors", id, "strategy"],
      message: `selector ${id}: unknown strategy`,
      found: JSON.stringify(strategy.slice(0, 60)),
      expected: STRATEGIES.join(", "),
      suggestion: nearestName(strategy, STRATEGIES),
    });
  }
  return known;
}

interface TargetsContext extends SelectorsContext {
  readonly block: Selectors;
  readonly effort: Effort;
  readonly strategy: SelectorConfig["strategy"] | undefined;
}

function checkTargets(id: string, { targets, settings }: SelectorSettings, context: TargetsContext): void {
  const { block, local, peerModels, strategy, effort, findings } = context;
  const path = ["selectors", id];
  if (targets.length === 0) {
    const message = `selector ${id}: targets must contain at least one entry`;
    findings.problem({ path, message, missing: [...path, "targets"] });
  }
  /** The target that first led to a model. */
  const leading = new Map<string, string>();
  const localTargets: string[] = [];
  targets.forEach((target, i) => {
    const at = [...path, "targets", i];
    const model = localModel(target, local);
    const peerModel = peerModels.get(target);
    if (Object.hasOwn(block, target)) {
      const message = `selector ${id}: target "${target}" is a selector: selector chaining is not supported`;
      return findings.problem({ path: at, message, expected: "a model, alias or model of a peer" });
    }
    if (model === undefined && peerModel === undefined) {
      const known = [local.ids, local.aliases, peerModels];
      return complainUnknown(target, { path: at, subject: `selector ${id}: target ${i + 1}`, known, findings });
    }
    if (strategy === "warm" && model === undefined) {
      findings.problem({ path: at, message: `selector ${id}: warm target "${target}" must resolve to a local model` });
    }
    const resolved = model ?? `${peerModel?.peer}/${peerModel?.model}`;
    const other = leading.get(resolved);
    if (strategy === "spillover" && other !== undefined) {
      const message = `selector ${id}: duplicate resolved model "${resolved}" of targets "${other}" and "${target}"`;
      findings.problem({ path: at, message });
    } else if (model !== undefined) localTargets.push(model);
    leading.set(resolved, target);
  });
  if (strategy !== "spillover") return;
  if (settings.spillover < 1) {
    findings.problem({
      path: [...path, "settings", "spillover"],
      message: `selector ${id}: settings.spillover must be >= 1`,
      found: String(settings.spillover),
    });
  }
  const reason = localTargets.length < 2 ? null : context.whyNotTogether(localTargets, effort);
  if (localTargets.length > 1 && effort.left < 0) {
    const message = "The sets are too entangled to check whether these targets may be loaded side by side";
    findings.warning({ path: [...path, "targets"], message });
  } else if (reason !== null) {
    findings.problem({ path: [...path, "targets"], message: `selector ${id}: its local spillover targets ${reason}` });
  }
}
