/**
 * A model request from its body to the one who serves it: read, resolve, hand on.
 *
 * @module
 */

import type { Config } from "../config/types.ts";
import { GatewayError } from "../errors.ts";
import { readModelRequest, replaceModel } from "../gateway/body.ts";
import { pathOf, queryOf } from "../gateway/request_url.ts";
import { resolveModel } from "../routing/resolve.ts";
import type { InferenceRoute } from "./inference_table.ts";
import { type LocalEnv, serveLocal } from "./local.ts";

/** What serving a model request needs. */
export type InferenceEnv = LocalEnv;

/** What is known about a request besides itself. */
export interface InferenceCall {
  /** The id that names this request everywhere. */
  readonly id: string;
  /** Address of the client, if the transport tells it. */
  readonly remoteAddr: string | null;
  /** The config that was in force when it arrived. */
  readonly config: Config;
}

/**
 * Serves one request of a model-dispatched route.
 *
 * @throws {GatewayError} for everything that goes wrong before the first byte of the answer.
 */
export async function serveInference(
  env: InferenceEnv,
  route: InferenceRoute,
  request: Request,
  call: InferenceCall,
): Promise<Response> {
  void request.signal; // wired lazily by the runtime: touched before anything is awaited
  const { model, bytes } = await readRequest(call.config, route, request);
  const path = pathOf(request.url).slice(route.prefix.length) + queryOf(request.url);
  return await serveLocal(env, { ...call, request, model, path, bytes, dialect: route.dialect });
}

/** The model that is meant, and the bytes that its backend is to get. */
async function readRequest(
  config: Config,
  route: InferenceRoute,
  request: Request,
): Promise<{ readonly model: string; readonly bytes: Uint8Array<ArrayBuffer> | null }> {
  if (route.modelIn === "query") return { model: resolveModel(config, modelOfQuery(request.url)), bytes: null };
  const read = await readModelRequest(request, { maxBytes: config.limits.requestBodyBytes });
  const model = resolveModel(config, read.model);
  const upstreamName = config.models.get(model)?.useModelName ?? "";
  return { model, bytes: upstreamName === "" ? read.bytes : replaceModel(read, upstreamName) };
}

function modelOfQuery(url: string): string {
  const model = new URLSearchParams(queryOf(url)).get("model") ?? "";
  if (model !== "") return model;
  throw new GatewayError("bad_request", "The query needs a parameter model with the name of a model", {
    param: "model",
  });
}
