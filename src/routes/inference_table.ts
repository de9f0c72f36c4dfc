/**
 * The model-dispatched routes: which paths carry a model, and which path the backend sees (llama-swap spec §1.2).
 *
 * @module
 */

import { type Dialect, dialectOf } from "../gateway/error_response.ts";

/** One row: a method and path of the gateway, and the path that the backend is asked for. */
export interface InferenceRoute {
  /** HTTP method. GET rows read the model from the query and answer HEAD too. */
  readonly method: "POST" | "GET";
  /** Path at the gateway. */
  readonly path: string;
  /** Path at the backend. */
  readonly upstreamPath: string;
  /** The protocol of its clients. */
  readonly dialect: Dialect;
}

const SAME_PATH_POSTS = [
  "/v1/chat/completions",
  "/v1/responses",
  "/v1/completions",
  "/v1/messages",
  "/v1/messages/count_tokens",
  "/v1/embeddings",
  "/reranking",
  "/rerank",
  "/v1/rerank",
  "/v1/reranking",
  "/infill",
  "/completion",
  "/v1/audio/speech",
  "/v1/audio/voices",
  "/v1/images/generations",
  "/sdapi/v1/txt2img",
  "/sdapi/v1/img2img",
];

const VERSIONLESS_POSTS = [
  "/chat/completions",
  "/responses",
  "/completions",
  "/messages",
  "/messages/count_tokens",
  "/embeddings",
  "/rerank",
  "/reranking",
];

const SAME_PATH_GETS = ["/v1/audio/voices", "/sdapi/v1/loras", "/props"];

/** Every model-dispatched route with a JSON body or a query. */
export const INFERENCE_ROUTES: readonly InferenceRoute[] = [
  ...SAME_PATH_POSTS.map((path) => row("POST", path, path)),
  row("POST", "/audioapi/v1/tasks/run", "/v1/tasks/run"),
  ...VERSIONLESS_POSTS.map((path) => row("POST", "/v" + path, path)),
  ...SAME_PATH_GETS.map((path) => row("GET", path, path)),
];

function row(method: "POST" | "GET", path: string, upstreamPath: string): InferenceRoute {
  return { method, path, upstreamPath, dialect: dialectOf(path) };
}

const BY_PATH: Readonly<Record<string, ReadonlyMap<string, InferenceRoute>>> = {
  POST: byPath("POST"),
  GET: byPath("GET"),
  HEAD: byPath("GET"),
};

/** The row for a request, found by comparing texts: most requests of a gateway are for one of these. */
export function findInferenceRoute(method: string, path: string): InferenceRoute | undefined {
  return BY_PATH[method]?.get(path);
}

function byPath(method: string): ReadonlyMap<string, InferenceRoute> {
  return new Map(INFERENCE_ROUTES.filter((route) => route.method === method).map((route) => [route.path, route]));
}
