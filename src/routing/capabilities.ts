/**
 * What a model can do, in the words of the lists (spec §1.11).
 *
 * @module
 */

import type { Capabilities } from "../config/types.ts";

/** What a record says about capabilities; what is not there is not said. */
export interface DescribedCapabilities {
  /** Kinds of input and output. */
  readonly architecture?: Readonly<Record<string, unknown>>;
  /** The flags that are on. */
  readonly capabilities?: Readonly<Record<string, true>>;
  /** Request parameters that only some models know. */
  readonly supported_parameters?: readonly string[];
  /** Tokens. */
  readonly context_length?: number;
}

/** Names of the fields, which metadata may not take when capabilities are configured. */
export const CAPABILITY_FIELDS = ["architecture", "capabilities", "supported_parameters", "context_length"] as const;

/** Describes what is configured, keys in the order of the lists; `null` when nothing is. */
export function describeCapabilities(capabilities: Capabilities | null): DescribedCapabilities | null {
  const inputs = capabilities?.in ?? [];
  const outputs = capabilities?.out ?? [];
  const tools = capabilities?.tools ?? false;
  const reranker = capabilities?.reranker ?? false;
  const context = capabilities?.context ?? 0;
  if (inputs.length === 0 && outputs.length === 0 && !tools && !reranker && context === 0) return null;
  const can = (from: string, to: string) => inputs.some((m) => m === from) && outputs.some((m) => m === to);
  const on = flagsOf({
    vision: inputs.some((m) => m === "image"),
    audio_transcriptions: can("audio", "text"),
    audio_speech: can("text", "audio"),
    image_generation: can("text", "image"),
    image_to_image: can("image", "image"),
    function_calling: tools,
    reranker,
  });
  const architecture = {
    ...(inputs.length > 0 && outputs.length > 0 ? { modality: `${inputs.join("+")}->${outputs.join("+")}` } : {}),
    ...(inputs.length > 0 ? { input_modalities: inputs } : {}),
    ...(outputs.length > 0 ? { output_modalities: outputs } : {}),
  };
  return {
    ...(Object.keys(architecture).length > 0 ? { architecture } : {}),
    ...(Object.keys(on).length > 0 ? { capabilities: on } : {}),
    ...(tools ? { supported_parameters: ["tools", "tool_choice"] } : {}),
    ...(context > 0 ? { context_length: context } : {}),
  };
}

function flagsOf(flags: Readonly<Record<string, boolean>>): Readonly<Record<string, true>> {
  return Object.fromEntries(Object.keys(flags).filter((flag) => flags[flag]).map((flag) => [flag, true]));
}
