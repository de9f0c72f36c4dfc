/**
 * A request of a model-dispatched route: read, resolve, hand on.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import type { OpenRequests } from "../gateway/open_requests.ts";
import type { BodyMemory } from "../gateway/request/body_memory.ts";
import { readNamedRequest } from "../gateway/request/named_request.ts";
import { pathOf, queryOf } from "../gateway/request_url.ts";
import { fullName } from "../routing/destination.ts";
import type { Names } from "../routing/names.ts";
import { dispatch, type DispatchEnv } from "../serving/dispatch.ts";
import { Owed } from "../serving/owed.ts";
import type { RequestContext } from "../serving/request_context.ts";
import type { InferenceRoute } from "./inference_table.ts";
import type { ResponseOwners } from "./response_owners.ts";

/** What serving a model request needs. */
export interface InferenceEnv extends DispatchEnv {
  /** What names mean. */
  readonly names: Pick<Names, "resolve" | "resolvePath">;
  /** How many requests each key has open. */
  readonly openRequests: OpenRequests;
  /** What the bodies of all requests take up. */
  readonly bodyMemory: BodyMemory;
  /** Which model made a stored response. */
  readonly responseOwners: ResponseOwners;
  /** Time. */
  readonly clock: Clock;
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
  context: RequestContext,
): Promise<Response> {
  void request.signal; // wired lazily by the runtime: touched before anything is awaited
  const { config, client } = context;
  const owed = new Owed();
  try {
    owed.add(env.openRequests.enter(client, config.limits.openRequestsPerKey));
    const path = pathOf(request.url).slice(route.prefix.length);
    const owner = route.modelIn === "query" ? ownerOf(env.responseOwners, path, context) : undefined;
    const named = await readNamedRequest(request, {
      url: context.url,
      modelIn: owner === undefined ? route.modelIn : { known: owner },
      maxBytes: config.limits.requestBodyBytes,
      deadlineMs: config.limits.bodyTimeoutMs,
      memory: env.bodyMemory,
      clock: env.clock,
    });
    owed.add(() => named.drop());
    const resolution = env.names.resolve(config, named.model);
    owed.add(() => resolution.release());
    // By the model that was found, not by the name that was sent: a selector would choose anew, a profile may be gone.
    const onPiece = isNewResponse(route) ? env.responseOwners.listen(fullName(resolution.destination)) : undefined;
    return await dispatch(env, { request, context, resolution, named, path, route, owed, onPiece });
  } catch (error) {
    owed.settle();
    throw error;
  }
}

/**
 * The model that made the response which the path names, if the query names none. Of a model that the client may not use a
 * response is as unknown as any: neither that it exists nor whose it is shows.
 */
function ownerOf(owners: ResponseOwners, path: string, { url, client }: RequestContext): string | undefined {
  const id = /^(?:\/v1)?\/responses\/([^/]+)/.exec(path)?.[1];
  if (id === undefined || new URLSearchParams(queryOf(url)).has("model")) return undefined;
  const model = owners.modelOf(id);
  return model !== undefined && client.mayUse(model) ? model : undefined;
}

function isNewResponse({ method, path }: InferenceRoute): boolean {
  return method === "POST" && (path === "/v1/responses" || path === "/responses" || path === "/v/responses");
}
