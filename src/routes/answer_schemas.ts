/**
 * What the gateway's own operations answer with, as JSON Schemas for the OpenAPI document.
 *
 * @module
 */

/** A JSON Schema, as far as these tables need it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Any text. */
export const TEXT: JsonSchema = { type: "string" };
/** A text, or nothing. */
export const TEXT_OR_NULL: JsonSchema = { type: ["string", "null"] };
const COUNT: JsonSchema = { type: "integer", minimum: 0 };
const NUMBER: JsonSchema = { type: "number", minimum: 0 };
const TIME: JsonSchema = { type: "string", description: "ISO 8601" };
const TEXTS: JsonSchema = listOf(TEXT);
const HEADERS: JsonSchema = { type: "object", additionalProperties: TEXT };

/** An object of these members; those of `optional` may be absent. */
export function object(
  properties: Readonly<Record<string, JsonSchema>>,
  optional: Readonly<Record<string, JsonSchema>> = {},
): JsonSchema {
  return { type: "object", properties: { ...properties, ...optional }, required: Object.keys(properties) };
}

function listOf(items: JsonSchema): JsonSchema {
  return { type: "array", items };
}

/** What was asked for is done. */
export const DONE: JsonSchema = object({ msg: { const: "ok" } });

/** One name that may be asked for. */
export const MODEL: JsonSchema = object({
  id: TEXT,
  object: { const: "model" },
  created: COUNT,
  owned_by: TEXT,
  meta: object({
    llamaswap: {
      type: "object",
      description: "The model's metadata from the config, and what kind of name this is",
      properties: { type: { enum: ["model", "alias", "peer", "selector", "profile"] } },
      required: ["type"],
      additionalProperties: true,
    },
  }, { n_ctx: COUNT }),
  status: object({ value: { enum: ["loaded", "unloaded"] } }),
}, {
  name: TEXT,
  description: TEXT,
  architecture: object({}, { modality: TEXT, input_modalities: TEXTS, output_modalities: TEXTS }),
  capabilities: { type: "object", additionalProperties: { const: true } },
  supported_parameters: TEXTS,
  context_length: COUNT,
});

/** All names that may be asked for. */
export const MODELS: JsonSchema = object({ data: listOf(MODEL), object: { const: "list" } });

/** Profiles, and which is in force. */
export const PROFILES: JsonSchema = object({
  active: TEXT_OR_NULL,
  profiles: listOf(object({ id: TEXT, description: TEXT, pins: { type: "object", additionalProperties: TEXT } })),
});

/** The profile that is in force. */
export const ACTIVE_PROFILE: JsonSchema = object({ active: TEXT_OR_NULL });

const RUNNING_PHASE: JsonSchema = { enum: ["starting", "ready", "stopping"] };

/** The backends that are not stopped. */
export const RUNNING: JsonSchema = object({
  running: listOf(object({
    model: TEXT,
    state: RUNNING_PHASE,
    cmd: TEXT,
    proxy: TEXT,
    ttl: COUNT,
    name: TEXT,
    description: TEXT,
  })),
});

/** Who is served and who waits. */
export const QUEUE: JsonSchema = object({
  resident: TEXT_OR_NULL,
  running: listOf(object({ model: TEXT, phase: RUNNING_PHASE })),
  active: listOf(object({ id: TEXT, model: TEXT, phase: { enum: ["loading", "serving"] }, ageMs: NUMBER })),
  waiting: listOf(
    object({
      id: TEXT,
      model: TEXT,
      position: { type: "integer", minimum: 1 },
      ageMs: NUMBER,
      estimatedWaitMs: NUMBER,
    }),
  ),
  total: COUNT,
});

/** A request that is in flight. */
export const IN_FLIGHT: JsonSchema = object({
  id: TEXT,
  request_id: TEXT,
  timestamp: TIME,
  model: TEXT,
  requested: TEXT,
  req_path: TEXT,
  method: TEXT,
  req_headers: HEADERS,
  remote_ip: TEXT,
  key: TEXT_OR_NULL,
  stream: { type: "boolean" },
  phase: { enum: ["queued", "loading", "serving", "streaming"] },
  position: { type: ["integer", "null"], minimum: 1 },
  resp_status: { type: ["integer", "null"] },
  resp_headers: HEADERS,
  resp_bytes: COUNT,
  elapsed_ms: COUNT,
}, { metadata: HEADERS });

/** The requests that are in flight. */
export const ALL_IN_FLIGHT: JsonSchema = object({ requests: listOf(IN_FLIGHT) });

/** Where the config in force is from. */
export const CONFIG_ORIGIN: JsonSchema = object({
  files: TEXTS,
  loadedAt: TIME,
  generation: { type: "integer", minimum: 1 },
  warnings: TEXTS,
  rejected: { anyOf: [object({ at: TIME, problems: TEXTS }), { type: "null" }] },
  models: TEXTS,
});

/** What came of a reload. */
export const RELOADED: JsonSchema = object({
  status: { enum: ["reloaded", "unchanged", "rejected"] },
  problems: TEXTS,
  warnings: TEXTS,
  added: TEXTS,
  changed: TEXTS,
  removed: TEXTS,
  settings: TEXTS,
  draining: TEXTS,
});

/** Which version this is. */
export const VERSION: JsonSchema = object({ version: TEXT, commit: TEXT, build_date: TEXT });
