/**
 * The `models` block: macros, ports, leftovers, schema and names, model by model in ascending order of id.
 *
 * @module
 */

import { checkAgainst } from "./check.ts";
import type { Findings } from "./findings.ts";
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
import { expandFilterNames, rejectLeftoverNames } from "./filters.ts";
import { buildModel, filterNamesOf } from "./model_config.ts";
import { collectNames, type LocalNames, type NamedModel } from "./names.ts";
import { givePorts } from "./ports.ts";
import { processKeyOf } from "./process_key.ts";
import type { TopSettings } from "./schema.ts";
import { modelSchema } from "./schema/model.ts";
import type { KeptPort } from "./sources.ts";
import { emptyTree, isTree, type Tree } from "./tree.ts";
import type { ModelConfig } from "./types.ts";
import type { ReadWritten } from "./written.ts";

/** What {@link loadModels} needs besides the block. */
export interface ModelsContext {
  /** The global macros. */
  readonly globals: Macros;
  /** The settings besides models. */
  readonly top: TopSettings;
  /** Takes problems and warnings. */
  readonly findings: Findings;
  /** Looks up what the author wrote. */
  readonly written: ReadWritten;
  /** Keys without effect that were told already. */
  readonly told: Set<string>;
  /** Ports that are not given out anew. */
  readonly kept?: ReadonlyMap<string, KeptPort> | undefined;
}

/** Models and the names that lead to them. */
export interface LoadedModels {
  /** Models by id, ascending; those with a problem are left out. */
  readonly models: ReadonlyMap<string, ModelConfig>;
  /** The names of all models. */
  readonly names: LocalNames;
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
export function loadModels(block: unknown, context: ModelsContext): LoadedModels {
  const { globals, top, findings, kept } = context;
  const models = new Map<string, ModelConfig>();
  if (block !== undefined && block !== null && !isTree(block)) {
    findings.problem({ path: ["models"], message: "must be a mapping", found: describeValue(block) });
  }
  const nodes = asTree(block);
  const complain: Complain = (path, message) => findings.problem({ path, message });
  const ids = Object.keys(nodes).sort(byBytes);
  const drafts = ids.map((id) => expandModel(id, nodes[id], { globals, findings, complain }))
    .filter((draft) => draft !== null);
  const ports = givePorts(drafts, { startPort: top.startPort, kept, findings });
  const named = new Map<string, NamedModel>(ids.map((id) => [id, { id, aliases: [], filterNames: [] }]));
  for (const draft of drafts) {
    const { id, processKey } = draft;
    const path = ["models", id];
    const port = ports.get(id) ?? null;
    const effective = withPort(draft, { port, findings, complain });
    rejectLeftoversInModel(effective, id, complain);
    rejectLeftoverNames(effective, id, complain);
    const settings = checkAgainst(modelSchema, effective, { ...context, path });
    if (settings === undefined) continue;
    named.set(id, { id, aliases: settings.aliases, filterNames: filterNamesOf(settings) });
    const model = buildModel(settings, { id, given: effective, port, processKey, top, findings });
    if (model !== null) models.set(id, model);
  }
  return { models, names: collectNames([...named.values()], findings) };
}

interface PortContext {
  readonly port: number | null;
  readonly findings: Findings;
  readonly complain: Complain;
}

function withPort({ id, node, expanded }: Draft, { port, findings, complain }: PortContext): Tree {
  const path = ["models", id];
  if (port !== null) {
    const macros: Macros = new Map([["PORT", port]]);
    return expandFilterNames(asTree(expandMacros(expanded, macros, path, complain)), macros, path, complain);
  }
  // A command that is no text is complained about as such.
  const isCommand = expanded.cmd !== undefined && typeof expanded.cmd !== "object";
  if (usesPlaceholder(expanded.proxy, "PORT") && isCommand) {
    findings.problem({
      path: node.proxy === undefined || node.proxy === null ? path : [...path, "proxy"],
      message: `model ${id}: proxy uses \${PORT} but cmd does not - \${PORT} is only available when used in cmd`,
    });
    return { ...withoutPrototype(expanded), proxy: "http://localhost" };
  }
  return isCommand ? expanded : { ...withoutPrototype(expanded), proxy: "http://localhost" };
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
  const macros = mergeMacros(id, globals, own);
  const expanded = expandFilterNames(
    asTree(expandMacros(tidy(node), macros, path, complain)),
    macros,
    path,
    complain,
  );
  return { id, node, expanded, processKey: processKeyOf(expanded) };
}

/** Comments leave the commands before macros are expanded, so that a macro named in one leaks nothing (spec §2.9.6). */
function tidy(node: Tree): Tree {
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
