/**
 * What is passed on to one backend whatever it is: everything below `/upstream/MODEL` and below `/comfyui` (llama-swap spec
 * §1.8, §1.9).
 *
 * What a page loads besides itself never causes a load: such requests need no place in the line, and end with the backend.
 *
 * @module
 */

import { GatewayError } from "../errors.ts";
import { mayEverything, requireModel } from "../gateway/auth.ts";
import { type ModelPlace, readNamedRequest } from "../gateway/request/named_request.ts";
import { pathOf, queryOf } from "../gateway/request_url.ts";
import { type Destination, fullName } from "../routing/destination.ts";
import type { Resolution } from "../routing/names.ts";
import { dispatch } from "../serving/dispatch.ts";
import type { LineRule } from "../serving/line_rules.ts";
import { Owed } from "../serving/owed.ts";
import type { RequestContext } from "../serving/request_context.ts";
import type { InferenceEnv } from "./inference.ts";
import { findInferenceRoute, type InferenceRoute } from "./inference_table.ts";

/** The one model that `/comfyui` leads to. */
const COMFY_MODEL = "comfyui_auto";

/** Whether a path is passed on as it is. */
export function isPassedThrough(path: string): boolean {
  return path.startsWith("/upstream/") || path === "/comfyui" || path.startsWith("/comfyui/");
}

/**
 * Passes a request on.
 *
 * @throws {GatewayError} for everything that goes wrong before the first byte of the answer.
 */
export async function servePassThrough(
  env: InferenceEnv,
  request: Request,
  context: RequestContext,
): Promise<Response> {
  void request.signal; // wired lazily by the runtime: touched before anything is awaited
  const path = pathOf(request.url);
  const owed = new Owed();
  try {
    const { resolution, rest } = path.startsWith("/upstream/")
      ? resolveUpstream(env, context, path)
      : resolveComfy(context, path);
    owed.add(() => resolution.release());
    const { destination } = resolution;
    requireModel(context.client, { model: fullName(destination), asked: nameIn(path, rest) });
    if (rest === "/" && !path.endsWith("/")) {
      owed.settle();
      return redirectTo(`${path}/${queryOf(context.url)}`, { method: request.method, id: context.id });
    }
    const line = path.startsWith("/upstream/")
      ? ruleOfUpstream(env, context, { destination, rest })
      : ruleOfComfy(env, rest);
    const { config, client } = context;
    const route = findInferenceRoute(request.method, rest) ?? null;
    const modelIn = placeOfModel(context, resolution, route);
    owed.add(env.openRequests.enter(client, config.limits.openRequestsPerKey));
    const named = await readNamedRequest(request, {
      url: context.url,
      modelIn,
      maxBytes: config.limits.requestBodyBytes,
      deadlineMs: config.limits.bodyTimeoutMs,
      memory: env.bodyMemory,
      clock: env.clock,
    });
    owed.add(() => named.drop());
    if (destination.kind === "peer" && typeof modelIn === "string") {
      requireModel(client, { model: fullName({ ...destination, model: named.model }), asked: named.model });
    }
    return await dispatch(env, {
      request,
      context,
      resolution,
      named,
      path: rest,
      route,
      isAsItIs: true,
      line,
      owed,
    });
  } catch (error) {
    owed.settle();
    throw error;
  }
}

/**
 * Who decides about the model. A backend has one; a peer is a whole gateway, which takes the model from the request itself and
 * knows this gateway's key alone, whatever the client's own is good for: a client with fewer rights may ask the peer nothing
 * but models, and only those that it may use.
 *
 * @throws {GatewayError} `forbidden` for another of the peer's routes.
 */
function placeOfModel(
  { client }: RequestContext,
  { destination, requested }: Resolution,
  route: InferenceRoute | null,
): ModelPlace {
  if (destination.kind === "local" || mayEverything(client)) return { known: requested };
  if (route === null) {
    throw new GatewayError(
      "forbidden",
      "This API key is not good for everything: of a peer it reaches the routes of models alone",
    );
  }
  return client.key?.models === null ? { known: requested } : route.modelIn;
}

interface Passed {
  readonly resolution: Resolution;
  /** What the backend sees of the path. */
  readonly rest: string;
}

function resolveUpstream({ names }: InferenceEnv, { config }: RequestContext, path: string): Passed {
  const found = names.resolvePath(config, path.slice("/upstream".length));
  if (found !== null) return found;
  throw new GatewayError("unknown_model", "model not found: no name of a model is at the beginning of this path", {
    param: "model",
  });
}

function resolveComfy({ config }: RequestContext, path: string): Passed {
  if (!config.models.has(COMFY_MODEL)) {
    throw new GatewayError("unknown_model", `local model ${COMFY_MODEL} not found`, { param: "model" });
  }
  const destination: Destination = { kind: "local", model: COMFY_MODEL };
  const rest = path.slice("/comfyui".length);
  return {
    resolution: { destination, requested: COMFY_MODEL, selector: null, shownModel: COMFY_MODEL, release() {} },
    rest: rest === "" ? "/" : rest,
  };
}

interface Beginning {
  readonly destination: Destination;
  readonly rest: string;
}

/** A model that is not ready is not loaded for paths that are to be ignored, and one that is ready serves them at once. */
function ruleOfUpstream(
  { backends }: InferenceEnv,
  { config }: RequestContext,
  { destination, rest }: Beginning,
): LineRule {
  if (destination.kind === "peer" || !config.ignorePaths.some(({ expression }) => expression.test(rest))) return "wait";
  const { model } = destination;
  if (backends.phaseOf(model) === "ready") return "pass";
  throw new GatewayError("conflict", `model ${model} is not loaded; path matches upstream.ignorePaths`);
}

/** Only the page itself may start the model: what the page goes on asking for would load it again and again. */
function ruleOfComfy({ backends }: InferenceEnv, rest: string): LineRule {
  if (rest === "/") return "wait";
  if (backends.phaseOf(COMFY_MODEL) === "ready") return "waitWhileReady";
  throw new GatewayError("conflict", `model ${COMFY_MODEL} is not loaded; only /comfyui/ can start it`);
}

function redirectTo(
  location: string,
  { method, id }: { readonly method: string; readonly id: string },
): Response {
  const isRead = method === "GET" || method === "HEAD";
  return new Response(null, { status: isRead ? 301 : 308, headers: { location, "x-request-id": id } });
}

/** What the client has called the model, which need not know where a profile leads that name. */
function nameIn(path: string, rest: string): string {
  const named = path.slice(path.startsWith("/upstream/") ? "/upstream/".length : 1);
  return named.endsWith(rest) ? named.slice(0, -rest.length) : named;
}
