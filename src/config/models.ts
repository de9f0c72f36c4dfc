/**
 * The `models` block: macros, ports, leftovers, schema and names, model by model in ascending order of id.
 *
 * @module
 */

import { checkAgainst, type Findings } from "./check.ts";
import { stripComments } from "./command.ts";
import { describeValue } from "./issues.ts";
import {
  type Complain,
  expandMacros,
  type Macros,
  mergeMacros,
  readMacros,
  rejectLeftoversInModel,
  usesPlaceholder,
} from "./macros.ts";
import { buildModel } from "./model_config.ts";
import { givePorts } from "./ports.ts";
import { processKeyOf } from "./process_key.ts";
import { modelSchema, type TopSettings } from "./schema.ts";
import type { KeptPort } from "./sources.ts";
import { emptyTree, isTree, type Tree } from "./tree.ts";
import type { ModelConfig } from "./types.ts";

/** What {@link loadModels} needs besides the block. */
export interface ModelsContext {
  /** The global macros. */
  readonly globals: Macros;
  /** The settings besides models. */
  readonly top: TopSettings;
  /** Takes problems and warnings. */
  readonly findings: Findings;
  /** Ports that are not given out anew. */
  readonly kept?: ReadonlyMap<string, KeptPort> | undefined;
}

/** Models and the names that lead to them. */
export interface LoadedModels {
  /** Models by id, ascending. */
  readonly models: ReadonlyMap<string, ModelConfig>;
  /** Ids by alias. */
  readonly aliases: ReadonlyMap<string, string>;
}

/** A model after its macros and before its port. */
interface Draft {
  readonly id: string;
  readonly node: Tree;
  readonly expanded: Tree;
  readonly processKey: string;
}

const DEFAULT_PROXY = "http://localhost:${PORT}";

/** Reads the whole block. */
export function loadModels(block: unknown, { globals, top, findings, kept }: ModelsContext): LoadedModels {
  const models = new Map<string, ModelConfig>();
  if (block === undefined || block === null) return { models, aliases: new Map() };
  if (!isTree(block)) {
    findings.problem({ path: ["models"], message: "must be a mapping", found: describeValue(block) });
    return { models, aliases: new Map() };
  }
  const complain: Complain = (path, message) => findings.problem({ path, message });
  const drafts: Draft[] = [];
  for (const id of Object.keys(block).sort(byBytes)) {
    const draft = expandModel(id, block[id], { globals, findings, complain });
    if (draft !== null) drafts.push(draft);
  }
  const ports = givePorts(drafts, { startPort: top.startPort, kept, findings });
  for (const { id, node, expanded, processKey } of drafts) {
    const path = ["models", id];
    const port = ports.get(id) ?? null;
    let effective = expanded;
    if (port !== null) effective = asTree(expandMacros(expanded, new Map([["PORT", port]]), path, complain));
    else if (usesPlaceholder(expanded.proxy, "PORT") && expanded.cmd !== undefined) {
      findings.problem({
        path: node.proxy === undefined || node.proxy === null ? path : [...path, "proxy"],
        message: `model ${id}: proxy uses \${PORT} but cmd does not - \${PORT} is only available when used in cmd`,
      });
      effective = { ...withoutPrototype(expanded), proxy: "http://localhost" };
    } else if (expanded.cmd === undefined) effective = { ...withoutPrototype(expanded), proxy: "http://localhost" };
    rejectLeftoversInModel(effective, id, complain);
    const settings = checkAgainst(modelSchema, effective, { path, findings });
    const model = settings === undefined ? null : buildModel(settings, { id, port, processKey, top, findings });
    if (model !== null) models.set(id, model);
  }
  return { models, aliases: collectAliases(models, block, findings) };
}

interface ExpandContext {
  readonly globals: Macros;
  readonly findings: Findings;
  readonly complain: Complain;
}

function expandModel(id: string, node: unknown, { globals, findings, complain }: ExpandContext): Draft | null {
  const path = ["models", id];
  if (id.trim() === "") findings.problem({ path, message: "a model id must not be blank" });
  if (!isTree(node)) {
    findings.problem({ path, message: "a model must be a mapping", found: describeValue(node) });
    return null;
  }
  const own = readMacros(node.macros, [...path, "macros"], `model ${id}: `, complain);
  const expanded = asTree(expandMacros(prepare(node), mergeMacros(id, globals, own), path, complain));
  return { id, node, expanded, processKey: processKeyOf(expanded) };
}

/** Comments leave the commands before macros are expanded, so that a macro named in one leaks nothing (spec §2.9.6). */
function prepare(node: Tree): Tree {
  const prepared = emptyTree();
  for (const key of Object.keys(node)) {
    const value = node[key];
    if (key === "macros" || value === null) continue;
    const command = key === "cmd" || key === "cmdStop" || key === "worker";
    prepared[key] = command && typeof value === "string" ? stripComments(value) : value;
  }
  if (prepared.proxy === undefined && prepared.worker === undefined) prepared.proxy = DEFAULT_PROXY;
  return prepared;
}

function collectAliases(
  models: ReadonlyMap<string, ModelConfig>,
  block: Tree,
  findings: Findings,
): ReadonlyMap<string, string> {
  const aliases = new Map<string, string>();
  for (const model of models.values()) {
    model.aliases.forEach((alias, i) => {
      const path = ["models", model.id, "aliases", i];
      if (aliases.has(alias)) {
        findings.problem({ path, message: `duplicate alias ${alias} found in model: ${model.id}` });
      } else if (alias.trim() === "") findings.problem({ path, message: "an alias must not be blank" });
      else aliases.set(alias, model.id);
      if (Object.hasOwn(block, alias)) {
        findings.warning({ path, message: `The alias ${JSON.stringify(alias)} is also a model's id: the model wins` });
      }
    });
  }
  return aliases;
}

function asTree(node: unknown): Tree {
  return isTree(node) ? node : emptyTree();
}

function withoutPrototype(node: Tree): Tree {
  return Object.assign(emptyTree(), node);
}

const encoder = new TextEncoder();

/** Ascending order of the UTF-8 bytes, in which ports are given out (spec §2.5.4). */
function byBytes(a: string, b: string): number {
  const [left, right] = [encoder.encode(a), encoder.encode(b)];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
