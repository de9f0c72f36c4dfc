/**
 * The model list that clients see, as llama-swap shapes it (spec §1.11), from the config and the states of the backends.
 *
 * @module
 */

import type { Config, ModelConfig, PeerConfig, SelectorConfig } from "../config/types.ts";
import { CAPABILITY_FIELDS, describeCapabilities, type DescribedCapabilities } from "./capabilities.ts";
import { findDestination, mayReach, type NameTable, type Phase } from "./destination.ts";
import { unknownModel, withoutLatest } from "./resolve.ts";

/** One record of `GET /v1/models`. */
export interface ModelRecord extends DescribedCapabilities {
  /** The name to ask for. */
  readonly id: string;
  readonly object: "model";
  /** Unix time, in seconds. */
  readonly created: number;
  readonly owned_by: "llama-swap";
  /** A name for people. */
  readonly name?: string;
  /** A sentence for people. */
  readonly description?: string;
  readonly meta: {
    /** What is configured for listings, and what kind of name this is. */
    readonly llamaswap: Readonly<Record<string, unknown>>;
    /** Tokens of context. */
    readonly n_ctx?: number;
  };
  readonly status: { readonly value: "loaded" | "unloaded" };
}

/** What {@link listRecords} needs to know besides the config. */
export interface RecordFacts {
  /** What the backend of a model here is doing. */
  readonly phaseOf: (model: string) => Phase;
  /** Unix time since which the config is in force, in seconds. */
  readonly createdS: number;
  /** The profile in force. */
  readonly activeProfile: string | null;
  /** Whether whoever asks may use a model, by its id or `peer/model`; all of them unless given. */
  readonly mayUse?: ((model: string) => boolean) | undefined;
}

/** The part of a config that is listed. */
export type ListedConfig = NameTable & Pick<Config, "profiles" | "selectors" | "includeAliasesInList">;

/**
 * Lists what may be asked for, sorted by id: models, their aliases if the config says so, models of peers, selectors, and
 * names that only the profile in force has. A name is there when every model that it can lead to may be used.
 */
export function listRecords(config: ListedConfig, facts: RecordFacts): readonly ModelRecord[] {
  const records: ModelRecord[] = [];
  const add = (name: string, record: ModelRecord) => {
    if (mayUseName(config, name, facts)) records.push(record);
  };
  for (const model of config.models.values()) {
    if (model.unlisted) continue;
    add(model.id, modelRecordOf(model, facts));
    if (!config.includeAliasesInList) continue;
    for (const alias of model.aliases) {
      if (!config.models.has(alias)) add(alias, aliasRecordOf(model, alias.trim(), facts));
    }
  }
  for (const peer of config.peers.values()) {
    for (const model of peer.models) {
      const name = `${peer.id}/${model}`;
      add(name, peerRecordOf(name, { peer, model }, facts));
    }
  }
  for (const selector of config.selectors.values()) {
    if (!selector.unlisted) add(selector.id, selectorRecordOf(config, selector, facts));
  }
  for (const [pin, target] of pinsOf(config, facts)) {
    const isNew = !config.selectors.has(pin) && findDestination(config, pin) === undefined;
    if (target !== "" && isNew) add(pin, pinRecordOf(pin, facts));
  }
  return records.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

/**
 * The record of one name, listed or not, under the name that was asked for.
 *
 * @throws {GatewayError} `unknown_model` for a name that leads nowhere, or to what whoever asks may not use.
 */
export function findRecord(config: ListedConfig, name: string, facts: RecordFacts): ModelRecord {
  for (const tried of [name, withoutLatest(name)]) {
    const record = recordNamed(config, tried, facts);
    if (record !== undefined && mayUseName(config, tried, facts)) return record;
  }
  throw unknownModel(name);
}

function recordNamed(config: ListedConfig, name: string, facts: RecordFacts): ModelRecord | undefined {
  const model = config.models.get(name);
  if (model !== undefined) return modelRecordOf(model, facts);
  const aliased = config.models.get(config.aliases.get(name) ?? "");
  if (aliased !== undefined) return aliasRecordOf(aliased, name, facts);
  const selector = config.selectors.get(name);
  if (selector !== undefined) return selectorRecordOf(config, selector, facts);
  const remote = findDestination(config, name);
  if (remote?.kind === "peer") return peerRecordOf(name, remote, facts);
  return (pinsOf(config, facts).get(name) ?? "") === "" ? undefined : pinRecordOf(name, facts);
}

/** Whether every model to which a name can lead may be used. */
function mayUseName(config: ListedConfig, name: string, facts: RecordFacts): boolean {
  const { mayUse } = facts;
  if (mayUse === undefined) return true;
  const pinned = pinsOf(config, facts).get(name) ?? "";
  const meant = pinned === "" ? name : pinned;
  const selector = config.selectors.get(meant);
  return (selector === undefined ? [meant] : targetsOf(selector)).every((target) => {
    const destination = findDestination(config, target);
    return destination !== undefined && mayReach(destination, mayUse);
  });
}

/** Whether a name, whatever a profile makes of it, may lead to a model that may not be used. */
export function leadsAstray(config: ListedConfig, name: string, mayUse: (model: string) => boolean): boolean {
  const selector = config.selectors.get(name);
  return (selector === undefined ? [name] : targetsOf(selector)).some((target) => {
    const destination = findDestination(config, target);
    return destination !== undefined && !mayReach(destination, mayUse);
  });
}

const NO_PINS: ReadonlyMap<string, string> = new Map();

function pinsOf({ profiles }: ListedConfig, { activeProfile }: RecordFacts): ReadonlyMap<string, string> {
  return activeProfile === null ? NO_PINS : profiles.get(activeProfile)?.pins ?? NO_PINS;
}

/** The targets that a selector can choose. */
function targetsOf({ strategy, targets }: SelectorConfig): readonly string[] {
  return strategy === "pin" ? targets.slice(0, 1) : targets;
}

interface RecordParts {
  readonly name?: string;
  readonly description?: string;
  readonly described?: DescribedCapabilities | null;
  /** Keys under `meta.llamaswap`. */
  readonly told: Readonly<Record<string, unknown>>;
  readonly loaded: boolean;
}

/** The keys in the order of the spec. */
function recordOf(id: string, parts: RecordParts, { createdS }: RecordFacts): ModelRecord {
  const { name = "", description = "", described, told, loaded } = parts;
  const context = described?.context_length;
  return {
    id,
    object: "model",
    created: createdS,
    owned_by: "llama-swap",
    ...(name.trim() === "" ? {} : { name }),
    ...(description.trim() === "" ? {} : { description }),
    ...(described ?? {}),
    meta: { llamaswap: told, ...(context === undefined ? {} : { n_ctx: context }) },
    status: { value: loaded ? "loaded" : "unloaded" },
  };
}

function modelRecordOf(model: ModelConfig, facts: RecordFacts): ModelRecord {
  const { aliases } = model;
  return localRecordOf(
    model,
    { id: model.id, told: { type: "model", ...(aliases.length > 0 ? { aliases } : {}) } },
    facts,
  );
}

function aliasRecordOf(model: ModelConfig, alias: string, facts: RecordFacts): ModelRecord {
  return localRecordOf(model, { id: alias, told: { type: "alias", modelID: model.id } }, facts);
}

function localRecordOf(
  model: ModelConfig,
  { id, told }: { readonly id: string; readonly told: Readonly<Record<string, unknown>> },
  facts: RecordFacts,
): ModelRecord {
  const { name, description } = model;
  const described = describeCapabilities(model.capabilities);
  const metadata: Record<string, unknown> = { ...model.metadata };
  if (described !== null) { for (const key of CAPABILITY_FIELDS) delete metadata[key]; }
  const loaded = facts.phaseOf(model.id) !== "stopped";
  return recordOf(id, { name, description, described, told: { ...metadata, ...told }, loaded }, facts);
}

function peerRecordOf(
  id: string,
  { peer, model }: { readonly peer: PeerConfig; readonly model: string },
  facts: RecordFacts,
): ModelRecord {
  return recordOf(id, { name: `${peer.id}: ${model}`, told: { type: "peer", peerID: peer.id }, loaded: false }, facts);
}

function selectorRecordOf(config: ListedConfig, selector: SelectorConfig, facts: RecordFacts): ModelRecord {
  const { id, name, description, strategy, targets, spillover } = selector;
  const loaded = targetsOf(selector).some((target) => {
    const destination = findDestination(config, target);
    return destination?.kind === "local" && ["ready", "starting"].includes(facts.phaseOf(destination.model));
  });
  const internal = { type: "selector", strategy, targets, ...(strategy === "spillover" ? { spillover } : {}) };
  return recordOf(id, { name, description, told: { ...selector.metadata, ...internal }, loaded }, facts);
}

function pinRecordOf(pin: string, facts: RecordFacts): ModelRecord {
  return recordOf(pin, { told: { type: "profile" }, loaded: false }, facts);
}
