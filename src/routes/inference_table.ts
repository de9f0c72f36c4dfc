/**
 * The model-dispatched routes: which paths carry a model, where it is named, and which path its backend sees
 * (llama-swap spec §1.2; the rest is what llama.cpp's server and the clients of OpenAI know besides).
 *
 * @module
 */

import { type Dialect, dialectOf } from "../gateway/error_response.ts";

/** One row: a method and path of the gateway, and what is to be known to serve it. */
export interface InferenceRoute {
  /** HTTP method; GET rows answer HEAD too. */
  readonly method: "GET" | "POST" | "DELETE";
  /** Path at the gateway; `{name}` stands for one segment. */
  readonly path: string;
  /** What the backend does not see of it. */
  readonly prefix: string;
  /** Where the model is named: in the body, with the query to help out, or in the query alone. */
  readonly modelIn: "body" | "query";
  /** What the body is, for those who read the table; the Content-Type of a request decides. */
  readonly body: "json" | "form" | "none";
  /** The protocol of its clients. */
  readonly dialect: Dialect;
  /** What it is for. */
  readonly summary: string;
}

/** Every model-dispatched route. */
export const INFERENCE_ROUTES: readonly InferenceRoute[] = [
  ...json("/v1/chat/completions", "Answer a chat", { also: ["/chat/completions"], v: true }),
  ...json("/v1/chat/completions/input_tokens", "Count the tokens of a chat, as llama.cpp has it", {
    also: ["/chat/completions/input_tokens"],
  }),
  ...json("/v1/completions", "Continue a text", { also: ["/completions"], v: true }),
  ...json("/v1/embeddings", "Embed texts", { also: ["/embeddings", "/embedding"], v: true }),
  ...json("/v1/responses", "Create a response", { also: ["/responses"], v: true }),
  ...json("/v1/responses/input_tokens", "Count the tokens of a response's input", {
    also: ["/responses/input_tokens"],
  }),
  ...json("/v1/responses/compact", "Compact a conversation", { also: ["/responses/compact"] }),
  ...["/v1/responses", "/responses"].flatMap((path) => [
    ...query("GET", `${path}/{id}`, "Read a stored response"),
    ...query("DELETE", `${path}/{id}`, "Delete a stored response"),
    ...query("POST", `${path}/{id}/cancel`, "Cancel a response in the background"),
    ...query("GET", `${path}/{id}/input_items`, "List the input of a stored response"),
  ]),
  ...json("/v1/messages", "Answer a conversation, as Anthropic has it", { v: "/messages" }),
  ...json("/v1/messages/count_tokens", "Count the tokens of a conversation, as Anthropic has it", {
    v: "/messages/count_tokens",
  }),
  ...json("/v1/rerank", "Order documents by relevance", { also: ["/rerank"], v: true }),
  ...json("/v1/reranking", "Order documents by relevance", { also: ["/reranking"], v: true }),
  ...json("/v1/moderations", "Classify texts", { also: ["/moderations"] }),
  ...json("/infill", "Fill in code"),
  ...json("/completion", "Continue a text, as llama.cpp has it"),
  ...json("/tokenize", "Make tokens of a text", { also: ["/v1/tokenize"] }),
  ...json("/detokenize", "Make a text of tokens", { also: ["/v1/detokenize"] }),
  ...json("/apply-template", "Make a prompt of a chat"),
  ...json("/v1/audio/speech", "Speak a text", { also: ["/audio/speech"] }),
  ...json("/v1/audio/voices", "Add a voice", { also: ["/audio/voices"] }),
  ...query("GET", "/v1/audio/voices", "List voices"),
  ...query("GET", "/audio/voices", "List voices"),
  ...form("/v1/audio/transcriptions", "Write down speech", ["/audio/transcriptions"]),
  ...form("/v1/audio/translations", "Write down speech in English", ["/audio/translations"]),
  ...json("/v1/images/generations", "Make images", { also: ["/images/generations"] }),
  ...form("/v1/images/edits", "Change images", ["/images/edits"]),
  ...form("/v1/images/variations", "Vary an image", ["/images/variations"]),
  ...json("/sdapi/v1/txt2img", "Make images of a text, as Stable Diffusion's web UI has it"),
  ...json("/sdapi/v1/img2img", "Make images of an image, as Stable Diffusion's web UI has it"),
  ...query("GET", "/sdapi/v1/loras", "List adapters, as Stable Diffusion's web UI has it"),
  row("POST", "/audioapi/v1/tasks/run", { modelIn: "body", body: "json", summary: "Run a task", prefix: "/audioapi" }),
  ...query("GET", "/v1/realtime", "Talk live, through a websocket"),
  ...query("GET", "/props", "Read the properties of a llama.cpp server"),
  ...query("POST", "/props", "Change the properties of a llama.cpp server", "json"),
  ...query("GET", "/slots", "List the slots of a llama.cpp server"),
  ...query("POST", "/slots/{id}", "Save, restore or erase a slot of a llama.cpp server", "json"),
  ...query("GET", "/lora-adapters", "List the adapters of a llama.cpp server"),
  ...query("POST", "/lora-adapters", "Set the adapters of a llama.cpp server", "json"),
];

interface Twins {
  /** Other paths for the same, which the backend sees as they are. */
  readonly also?: readonly string[];
  /** Whether `/v` before the path without `/v1` is answered too, as llama-swap does for versionless backends; or that path. */
  readonly v?: boolean | string;
}

function json(path: string, summary: string, { also = [], v = false }: Twins = {}): InferenceRoute[] {
  const rows = [path, ...also].map((at) => row("POST", at, { modelIn: "body", body: "json", summary }));
  if (v === false) return rows;
  const bare = v === true ? path.slice("/v1".length) : v;
  return [...rows, row("POST", `/v${bare}`, { modelIn: "body", body: "json", summary, prefix: "/v" })];
}

function form(path: string, summary: string, also: readonly string[]): InferenceRoute[] {
  return [path, ...also].map((at) => row("POST", at, { modelIn: "body", body: "form", summary }));
}

function query(
  method: InferenceRoute["method"],
  path: string,
  summary: string,
  body: InferenceRoute["body"] = "none",
): InferenceRoute[] {
  return [row(method, path, { modelIn: "query", body, summary })];
}

type RowFacts = Pick<InferenceRoute, "modelIn" | "body" | "summary"> & { readonly prefix?: string };

function row(method: InferenceRoute["method"], path: string, { prefix = "", ...facts }: RowFacts): InferenceRoute {
  return { method, path, prefix, dialect: dialectOf(path), ...facts };
}

const EXACT: ReadonlyMap<string, InferenceRoute> = byMethodAndPath(({ path }) => !path.includes("{"));
const TEMPLATES = INFERENCE_ROUTES.filter(({ path }) => path.includes("{")).map((route) => ({
  route,
  pattern: new RegExp(`^${route.path.replace(/\{\w+\}/g, "[^/]+")}$`),
}));

/** The row for a request, found by comparing texts: most requests of a gateway are for one of these. */
export function findInferenceRoute(method: string, path: string): InferenceRoute | undefined {
  const asked = method === "HEAD" ? "GET" : method;
  const exact = EXACT.get(asked + path);
  if (exact !== undefined) return exact;
  if (!/^\/(?:v1\/responses|responses|slots)\//.test(path)) return undefined;
  return TEMPLATES.find(({ route, pattern }) => route.method === asked && pattern.test(path))?.route;
}

function byMethodAndPath(wanted: (route: InferenceRoute) => boolean): ReadonlyMap<string, InferenceRoute> {
  return new Map(INFERENCE_ROUTES.filter(wanted).map((route) => [route.method + route.path, route]));
}
