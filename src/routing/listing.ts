/**
 * The model list that clients see, as llama-swap shapes it (spec §1.11), from the config and the states of the backends.
 *
 * @module
 */

import type { Config, ModelConfig } from "../config/types.ts";

/** One record of `GET /v1/models`. */
export type ModelRecord = Readonly<Record<string, unknown>> & { readonly id: string };

/** What {@link listModels} needs to know besides the config. */
export interface ListingFacts {
  /** Models whose backend is in any state but stopped. */
  readonly loaded: ReadonlySet<string>;
  /** Unix time of the request, in seconds. */
  readonly createdS: number;
}

/** Lists what may be asked for, sorted by id: listed models and, if the config says so, their aliases. */
export function listModels(config: Config, facts: ListingFacts): readonly ModelRecord[] {
  const records: ModelRecord[] = [];
  for (const model of config.models.values()) {
    if (model.unlisted) continue;
    const aliases = [...model.aliases];
    records.push(recordOf(model, facts, model.id, aliases.length > 0 ? { type: "model", aliases } : { type: "model" }));
    if (!config.includeAliasesInList) continue;
    for (const alias of aliases) {
      records.push(recordOf(model, facts, alias.trim(), { type: "alias", modelID: model.id }));
    }
  }
  return records.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

function recordOf(
  model: ModelConfig,
  facts: ListingFacts,
  id: string,
  internal: Readonly<Record<string, unknown>>,
): ModelRecord {
  const described = describeCapabilities(model.capabilities);
  const metadata: Record<string, unknown> = { ...model.metadata };
  if (described !== null) { for (const key of CAPABILITY_FIELDS) delete metadata[key]; }
  const contextLength = described?.contextLength;
  return {
    id,
    object: "model",
    created: facts.createdS,
    owned_by: "llama-swap",
    ...(model.name.trim() === "" ? {} : { name: model.name }),
    ...(model.description.trim() === "" ? {} : { description: model.description }),
    ...(described?.fields ?? {}),
    meta: {
      llamaswap: { ...metadata, ...internal },
      ...(contextLength === undefined ? {} : { n_ctx: contextLength }),
    },
    status: { value: facts.loaded.has(model.id) ? "loaded" : "unloaded" },
  };
}

const CAPABILITY_FIELDS = ["architecture", "capabilities", "supported_parameters", "context_length"] as const;

interface DescribedCapabilities {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly contextLength: number | undefined;
}

function describeCapabilities(capabilities: ModelConfig["capabilities"]): DescribedCapabilities | null {
  const inputs = capabilities?.in ?? [];
  const outputs = capabilities?.out ?? [];
  const tools = capabilities?.tools ?? false;
  const reranker = capabilities?.reranker ?? false;
  const context = capabilities?.context ?? 0;
  if (inputs.length === 0 && outputs.length === 0 && !tools && !reranker && context === 0) return null;
  const can = (from: string, to: string) => inputs.some((m) => m === from) && outputs.some((m) => m === to);
  const flags = {
    vision: inputs.some((m) => m === "image"),
    audio_transcriptions: can("audio", "text"),
    audio_speech: can("text", "audio"),
    image_generation: can("text", "image"),
    image_to_image: can("image", "image"),
    function_calling: tools,
    reranker,
  };
  const on = Object.fromEntries(Object.entries(flags).filter(([, value]) => value));
  const architecture = {
    ...(inputs.length > 0 && outputs.length > 0 ? { modality: `${inputs.join("+")}->${outputs.join("+")}` } : {}),
    ...(inputs.length > 0 ? { input_modalities: inputs } : {}),
    ...(outputs.length > 0 ? { output_modalities: outputs } : {}),
  };
  return {
    fields: {
      ...(Object.keys(architecture).length > 0 ? { architecture } : {}),
      ...(Object.keys(on).length > 0 ? { capabilities: on } : {}),
      ...(tools ? { supported_parameters: ["tools", "tool_choice"] } : {}),
      ...(context > 0 ? { context_length: context } : {}),
    },
    contextLength: context > 0 ? context : undefined,
  };
}
