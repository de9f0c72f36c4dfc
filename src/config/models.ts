/**
 * The `models` block: macros, ports, leftovers, schema and names, model by model in ascending order of id.
 *
 * @module
 */

import { checkAgainst } from "./check.ts";
import type { Findings } from "./findings.ts";
import { dropsQuotedLine, type Platform, stripComments } from "./command.ts";
import { type ConfigPath, describeKind } from "./issues.ts";
import { type ConfigCache, type Draft, type FinishedModel, forgetOthers, recall, textOfNode } from "./cache.ts";
import {
  type Complain,
  complainTo,
  createBudget,
  expandFurther,
  expandMacros,
  type Macros,
  type MacroValue,
  mergeMacros,
  unmark,
  usesPlaceholder,
} from "./expansion.ts";
import { settleModel } from "./leftovers.ts";
import { readMacros } from "./macros.ts";
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
import type { WrittenSource } from "./written.ts";

/** What {@link loadModels} needs besides the block. */
export interface ModelsContext {
  /** The global macros. */
  readonly globals: ReadonlyMap<string, MacroValue>;
  /** The settings besides models. */
  readonly top: TopSettings;
  /** Takes problems and warnings. */
  readonly findings: Findings;
  /** Looks up what the author wrote. */
  readonly source: WrittenSource;
  /** Whose rules split commands. */
  readonly platform: Platform;
  /** Ports that are not given out anew. */
  readonly kept?: ReadonlyMap<string, KeptPort> | undefined;
  /** What may be taken over from the load before. */
  readonly cache?: ConfigCache | undefined;
}

/** Models and the names that lead to them. */
export interface LoadedModels {
  /** Models by id, ascending; those with a problem are left out. */
  readonly models: ReadonlyMap<string, ModelConfig>;
  /** The names of all models. */
  readonly names: LocalNames;
}

/** Keys that are split into words. */
const COMMANDS: readonly string[] = ["cmd", "cmdStop", "worker"];
const DEFAULT_PROXY = "http://localhost:${PORT}";

/** Reads the whole block. */
export function loadModels(block: unknown, context: ModelsContext): LoadedModels {
  const { globals, top, findings, kept, cache } = context;
  const models = new Map<string, ModelConfig>();
  if (block !== undefined && block !== null && !isTree(block)) {
    findings.problem({ path: ["models"], message: "must be a mapping", found: describeKind(block), hides: "model" });
  }
  const nodes = asTree(block);
  const ids = Object.keys(nodes).sort(byBytes);
  const spend = createBudget();
  const globalsText = textOfNode([...globals]);
  const drafts = ids.map((id) => {
    const from = [nodes[id], globalsText, context.platform];
    const { source, wasAsked } = listening(context.source);
    const draft = recall(
      cache?.drafts,
      { slot: id, from, findings },
      (heard) =>
        expandModel(id, nodes[id], { ...context, source, findings: heard, complain: complainTo(heard, spend) }),
    );
    if (wasAsked()) cache?.drafts.delete(id);
    return draft;
  }).filter((draft) => draft !== null);
  const ports = givePorts(drafts, { startPort: top.startPort, kept, findings });
  const named = new Map<string, NamedModel>(ids.map((id) => [id, { id, aliases: [], filterNames: [] }]));
  const topText = textOfNode(top);
  for (const draft of drafts) {
    const { id } = draft;
    const port = ports.get(id) ?? null;
    const { source, wasAsked } = listening(context.source);
    const { model, aliases, filterNames } = recall(
      cache?.models,
      { slot: id, from: [draft, port, topText, context.platform], findings },
      (heard) => finishModel(draft, { ...context, port, source, findings: heard, complain: complainTo(heard, spend) }),
    );
    if (wasAsked()) cache?.models.delete(id);
    named.set(id, { id, aliases, filterNames });
    if (model !== null) models.set(id, model);
  }
  if (cache !== undefined) [cache.drafts, cache.models].forEach((entries) => forgetOthers(entries, ids));
  return { models, names: collectNames([...named.values()], findings) };
}

/** Notices whether the texts were asked: what was made then depends on more than the tree. */
function listening(source: WrittenSource): { readonly source: WrittenSource; wasAsked(): boolean } {
  let asked = false;
  const noticing = <Answer>(ask: (path: ConfigPath) => Answer) => (path: ConfigPath): Answer => {
    asked = true;
    return ask(path);
  };
  return { source: { written: noticing(source.written), keysOf: noticing(source.keysOf) }, wasAsked: () => asked };
}

interface FinishContext extends PortContext {
  readonly source: WrittenSource;
  readonly platform: Platform;
  readonly top: TopSettings;
}

function finishModel(draft: Draft, context: FinishContext): FinishedModel {
  const { port, source: { written }, platform, top, findings, complain } = context;
  const { id, processKey } = draft;
  const effective = withPort(draft, context);
  const settled = settleModel(effective, id, complain);
  rejectLeftoverNames(effective, id, complain);
  const told = new Set<string>();
  const settings = checkAgainst(modelSchema, settled, { findings, written, told, path: ["models", id] });
  if (settings === undefined) return { model: null, aliases: [], filterNames: [] };
  return {
    model: buildModel(settings, { id, given: effective, port, processKey, platform, top, findings }),
    aliases: settings.aliases,
    filterNames: filterNamesOf(settings),
  };
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
    return expandFilterNames(asTree(expandFurther(expanded, macros, path, complain)), macros, path, complain);
  }
  // A command that is no text is complained about as such.
  const isCommand = expanded.cmd !== undefined && typeof expanded.cmd !== "object";
  if (usesPlaceholder(expanded.proxy, "PORT") && isCommand) {
    // Without a command, or with an unknown macro in it, nobody knows whether it would use the port.
    if (isUnsettled(expanded.cmd)) return { ...withoutPrototype(expanded), proxy: "http://localhost" };
    findings.problem({
      path: node.proxy === undefined || node.proxy === null ? path : [...path, "proxy"],
      message: `model ${id}: proxy uses \${PORT} but cmd does not - \${PORT} is only available when used in cmd`,
    });
    return { ...withoutPrototype(expanded), proxy: "http://localhost" };
  }
  return isCommand ? expanded : { ...withoutPrototype(expanded), proxy: "http://localhost" };
}

/** Whether a command is empty, or holds placeholders that nothing replaced. */
function isUnsettled(cmd: unknown): boolean {
  let unsettled = String(cmd).trim() === "";
  unmark(String(cmd), (placeholder, _name, literal) => {
    unsettled ||= !literal;
    return placeholder;
  });
  return unsettled;
}

interface ExpandContext {
  readonly globals: Macros;
  readonly source: WrittenSource;
  readonly platform: Platform;
  readonly findings: Findings;
  readonly complain: Complain;
}

function expandModel(id: string, node: unknown, context: ExpandContext): Draft | null {
  const { globals, source, platform, findings, complain } = context;
  const path = ["models", id];
  if (id.trim() === "") findings.problem({ path, message: "a model id must not be blank" });
  if (!isTree(node)) {
    findings.problem({ path, message: "a model must be a mapping", found: describeKind(node), hides: "model" });
    return null;
  }
  for (const key of COMMANDS) {
    if (typeof node[key] !== "string" || !dropsQuotedLine(node[key], platform)) continue;
    const message = "A line that begins with # is a comment, also between quotes: it is not part of the argument";
    findings.warning({ path: [...path, key], message });
  }
  const own = readMacros(node.macros, [...path, "macros"], { owner: `model ${id}: `, findings, complain, source });
  const macros = mergeMacros(id, globals, own);
  const expanded = expandFilterNames(
    asTree(expandMacros(tidy(node), macros, path, complain)),
    macros,
    path,
    complain,
  );
  return { id, node, expanded, processKey: processKeyOf(expanded, platform) };
}

/** Comments leave the commands before macros are expanded, so that a macro named in one leaks nothing (spec §2.9.6). */
function tidy(node: Tree): Tree {
  const prepared = emptyTree();
  for (const key of Object.keys(node)) {
    const value = node[key];
    if (key === "macros" || value === null) continue;
    prepared[key] = COMMANDS.includes(key) && typeof value === "string" ? stripComments(value) : value;
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

/** Ascending order of the UTF-8 bytes, in which ports are given out (spec §2.5.4). */
function byBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [left, right] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (left !== right) return rankOf(left) - rankOf(right);
  }
  return a.length - b.length;
}

/** Halves of a pair come behind all other characters, as what they stand for does. */
function rankOf(code: number): number {
  return code >= 0xd800 && code <= 0xdfff ? code + 0x10000 : code;
}
