/**
 * The gateway's own routes, as a table: who may use them, and what they take and give. `openapi.ts` makes the document of
 * it, and `app.ts` the check of keys.
 *
 * @module
 */

import type { Scope } from "../config/types.ts";
import {
  ACTIVE_PROFILE,
  ALL_IN_FLIGHT,
  CONFIG_ORIGIN,
  DONE,
  IN_FLIGHT,
  type JsonSchema,
  MODEL,
  MODELS,
  object,
  PROFILES,
  QUEUE,
  RELOADED,
  RUNNING,
  TEXT,
  TEXT_OR_NULL,
  VERSION,
} from "./answer_schemas.ts";

/** A parameter in the query. */
export interface QueryParameter {
  readonly name: string;
  readonly schema: JsonSchema;
  readonly about: string;
}

/** One route. */
export interface Operation {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** `{name}` stands for one segment, `{name…}` for any number of them. */
  readonly path: string;
  /** What a key must be allowed to do; `any` = a key is enough; `null` = no key is asked for. */
  readonly scope: Scope | "any" | null;
  readonly summary: string;
  readonly query?: readonly QueryParameter[];
  /** The body, where one is read. */
  readonly body?: JsonSchema;
  /** What a success is. */
  readonly answer: Answer;
  /** A refusal whose body is no error's. */
  readonly refusal?: Answer & { readonly status: number };
  /** Whether a GET does more than read. */
  readonly changes?: boolean;
  /** Whether the key may stand in the query, for clients that cannot send headers. */
  readonly takesQueryKey?: boolean;
}

/** A successful answer. */
export interface Answer {
  readonly type: "application/json" | "text/plain" | "text/event-stream";
  readonly about: string;
  readonly schema?: JsonSchema;
}

const OK_TEXT: Answer = { type: "text/plain", about: "The text OK" };
const IS_DONE = json("Done", DONE);
const LOG: Answer = { type: "text/plain", about: "Bytes of the log" };
const LOG_QUERY: readonly QueryParameter[] = [
  { name: "no-history", schema: TEXT, about: "Leaves out what was logged before; the value means nothing" },
  { name: "no-follow", schema: TEXT, about: "Ends with what was logged before; the value means nothing" },
];

/** Every route besides those of models. */
export const OPERATIONS: readonly Operation[] = [
  get("/health", null, "Whether the gateway lives", OK_TEXT),
  get("/wol-health", null, "Whether the gateway lives", OK_TEXT),
  get("/openapi.json", null, "This document", { type: "application/json", about: "An OpenAPI 3.1 document" }),
  get("/api/version", "any", "Which version this is", {
    type: "application/json",
    about: "The version",
    schema: VERSION,
  }),

  get("/v1/models", "models", "List the models", json("The models that may be asked for", MODELS)),
  get("/models", "models", "List the models", json("The models that may be asked for", MODELS)),
  get("/v1/models/{model…}", "models", "Describe a model", json("The model", MODEL)),
  get("/models/{model…}", "models", "Describe a model", json("The model", MODEL)),
  get("/api/profiles", "models", "List the profiles", json("The profiles", PROFILES)),
  {
    ...get(
      "/api/profiles/active",
      "operate",
      "Put a profile in force, or none",
      json("The profile in force", ACTIVE_PROFILE),
    ),
    method: "PUT",
    body: object({ name: TEXT_OR_NULL }),
  },

  get("/running", "operate", "List the backends that run", json("The backends", RUNNING)),
  { ...get("/unload", "operate", "Unload every model", OK_TEXT), changes: true },
  post("/api/models/unload", "operate", "Unload every model", IS_DONE),
  post("/api/models/unload/{model…}", "operate", "Unload a model", OK_TEXT),

  {
    ...get("/api/queue", "operate", "Look at the queue", json("Who is served and a page of who waits", QUEUE)),
    query: [
      { name: "limit", schema: { type: "integer", minimum: 1, maximum: 1000, default: 100 }, about: "Most entries" },
      { name: "after", schema: TEXT, about: "The id after which the page begins" },
    ],
  },
  {
    ...get("/api/queue/{id}", "operate", "Take a request out of the queue, or cut it while it is served", IS_DONE),
    method: "DELETE",
  },
  {
    ...get("/api/inflight", "operate", "List the requests that are in flight", json("The requests", ALL_IN_FLIGHT)),
    query: [{ name: "model", schema: TEXT, about: "Only those of this model" }],
  },
  get("/api/inflight/{id}", "operate", "Look at a request that is in flight", json("The request", IN_FLIGHT)),
  post("/api/inflight/{id}/cancel", "operate", "Cancel a request that is in flight", IS_DONE),

  get("/logs", "logs", "The newest log", LOG),
  { ...get("/logs/stream", "logs", "Follow the log", LOG), query: LOG_QUERY, takesQueryKey: true },
  {
    ...get("/logs/stream/{source…}", "logs", "Follow one log: `proxy`, `upstream`, or that of a model", LOG),
    query: LOG_QUERY,
    takesQueryKey: true,
  },
  {
    ...get("/api/events", "operate", "Follow what happens: models, requests in flight, profiles, logs", {
      type: "text/event-stream",
      about: "Events of the name `message`; `data` is a JSON object of `type` and `data`, which is JSON in a text",
    }),
    query: [{
      name: "format",
      schema: { enum: ["message", "plain"], default: "message" },
      about: "`plain` names each event by its type, with JSON as its data",
    }],
    takesQueryKey: true,
  },

  get("/api/config", "config", "Where the config in force is from", json("Its origin", CONFIG_ORIGIN)),
  {
    ...post("/api/config/reload", "config", "Read the config's files again", json("What came of it", RELOADED)),
    refusal: { status: 422, ...json("The config before stays in force", RELOADED) },
  },
];

function get(path: string, scope: Operation["scope"], summary: string, answer: Answer): Operation {
  return { method: "GET", path, scope, summary, answer };
}

function post(path: string, scope: Operation["scope"], summary: string, answer: Answer): Operation {
  return { method: "POST", path, scope, summary, answer };
}

function json(about: string, schema: JsonSchema): Answer {
  return { type: "application/json", about, schema };
}

const EXACT: ReadonlyMap<string, Operation> = new Map(OPERATIONS.map((row) => [`${row.method} ${row.path}`, row]));
const TEMPLATES = OPERATIONS.filter(({ path }) => path.includes("{")).map((operation) => ({
  operation,
  pattern: patternOf(operation.path),
}));

/** The row for a request; HEAD is answered like GET. */
export function findOperation(method: string, path: string): Operation | undefined {
  const asked = method === "HEAD" ? "GET" : method;
  const exact = EXACT.get(`${asked} ${path}`);
  if (exact !== undefined) return exact;
  return TEMPLATES.find(({ operation, pattern }) => operation.method === asked && pattern.test(path))?.operation;
}

function patternOf(template: string): RegExp {
  return new RegExp(`^${template.replace(/\{\w+…\}/g, ".*").replace(/\{\w+\}/g, "[^/]+")}$`);
}
