/**
 * The way of every request: rules of hosts and pages, key, row of a table, answer.
 *
 * @module
 */

import { Hono } from "hono";
import type { Backends } from "../backend/backends.ts";
import { clientLeft, describeError, GatewayError, isOperatorsWish, shorten, toGatewayError } from "../errors.ts";
import { type Client, requireScope, takeQueryKey } from "../gateway/auth.ts";
import { clientOf } from "../gateway/client_address.ts";
import { applyCors, corsHeaders, preflight } from "../gateway/cors.ts";
import { dialectOf, errorResponse } from "../gateway/error_response.ts";
import { headResponse } from "../gateway/head_response.ts";
import { checkShape, thenHangUp } from "../gateway/request_shape.ts";
import { cleanPath, pathOf, queryOf } from "../gateway/request_url.ts";
import { checkSite, type SiteFacts, siteFactsOf } from "../gateway/site_rules.ts";
import { isWebsocketUpgrade } from "../gateway/websocket/handshake.ts";
import { protocolKeyOf } from "../gateway/websocket/protocol_key.ts";
import type { EventFeed } from "../observe/events.ts";
import type { Logs } from "../observe/logs.ts";
import type { Names } from "../routing/names.ts";
import type { ClientConnection } from "../serving/client_connection.ts";
import type { ConfigInForce, RequestContext } from "../serving/request_context.ts";
import { addConfigRoutes, type ConfigFiles } from "./config.ts";
import { addEventRoutes } from "./events.ts";
import { addInFlightRoutes } from "./in_flight.ts";
import { type InferenceEnv, serveInference } from "./inference.ts";
import { findInferenceRoute } from "./inference_table.ts";
import { addLogRoutes } from "./logs.ts";
import { addModelRoutes } from "./models.ts";
import { openApiDocument } from "./openapi.ts";
import { addOperateRoutes } from "./operate.ts";
import { findOperation } from "./operations.ts";
import { isPassedThrough, servePassThrough } from "./pass_through.ts";
import { methodsAt } from "./route_methods.ts";
import type { RouteContext, Router } from "./router.ts";
import type { Viewer } from "./viewer.ts";

/** What the routes need. */
export interface RoutesEnv extends InferenceEnv {
  /** The config in force; asked once for each request, which then keeps what it got. */
  readonly current: () => ConfigInForce;
  /** Its files. */
  readonly configFiles: ConfigFiles;
  /** The processes. */
  readonly backends: Backends;
  /** What names mean. */
  readonly names: Names;
  /** The gateway's logs. */
  readonly logs: Logs;
  /** The event feed. */
  readonly events: EventFeed;
  /** Why nothing is served any more; null as long as something is. */
  readonly refusal: () => GatewayError | null;
  /** Whether the gateway itself speaks https. */
  readonly isTls: boolean;
  /** The version that `/api/version` tells. */
  readonly version: string;
}

/** What the server tells about a connection, as `Deno.serve` does. */
export interface ConnectionInfo {
  /** The client's end. */
  readonly remoteAddr?: { readonly transport: string; readonly hostname?: string };
  /** The connection itself, where its host looks after it. */
  readonly connection?: ClientConnection;
}

/** What is known of a request before it is looked up. */
interface Asked extends Pick<RequestContext, "id" | "dialect" | "from" | "peerAddress" | "connection"> {
  /** See `pathOf`. */
  readonly path: string;
  /** What the rules of hosts and pages look at. */
  readonly site: SiteFacts;
}

/** Builds the whole HTTP surface: a function from request to response that never rejects. */
export function createRoutes(env: RoutesEnv): (request: Request, info?: ConnectionInfo) => Promise<Response> {
  const own = ownRoutes(env);

  return async (request, info) => {
    if (request.method === "OPTIONS") {
      info?.connection?.answered();
      return preflight(request.headers);
    }
    const id = crypto.randomUUID();
    const inForce = env.current();
    const peerAddress = info?.remoteAddr?.hostname ?? null;
    const connection = info?.connection ?? null;
    const from = clientOf(request.headers, { address: peerAddress, isTls: env.isTls }, inForce.config.trustProxy);
    const site = siteFactsOf(request, from.host);
    const path = pathOf(request.url);
    const dialect = dialectOf(path, request.headers);
    let response: Response;
    try {
      response = await answer(request, inForce, { id, path, dialect, from, peerAddress, connection, site });
    } catch (thrown) {
      response = fail(request, thrown, id); // hono, too, lets a thrown value that is no Error through
    }
    connection?.answered();
    if (response.status === SWITCHED) return response; // its headers have been sent
    if (dialect === "anthropic") response.headers.set("request-id", id); // where Anthropic's own clients look for it
    const cors = corsHeaders(site, inForce.site);
    if (cors.length > 0) applyCors(response.headers, cors); // to touch the headers of an answer costs what making it does
    return response;
  };

  /** Not async itself, as whatever it leads to is: a promise more costs as much as all the headers it looks at. */
  function answer(request: Request, inForce: ConfigInForce, asked: Asked): Response | Promise<Response> {
    const { id, path, dialect, from, peerAddress, connection, site } = asked;
    checkShape(request);
    const inference = findInferenceRoute(request.method, path);
    const isPassed = inference === undefined && isPassedThrough(path);
    const operation = inference === undefined && !isPassed ? findOperation(request.method, path) : undefined;
    const changes = operation === undefined || operation.method !== "GET" || operation.changes === true;
    const refusal = checkSite(site, inForce.site, { changes });
    if (refusal !== null) throw refusal;
    const { hasKeys } = inForce.site;
    const { url, key } = hasKeys ? takeQueryKey(request.url) : { url: request.url, key: null };
    if (inference === undefined && !isPassed && operation === undefined) {
      return elsewhere(path, { url, id }) ?? notServed(request, path, id);
    }
    const queryKey = operation?.takesQueryKey === true ? key : null;
    const protocolKey = hasKeys && isWebsocketUpgrade(request.headers) ? protocolKeyOf(request.headers) : null;
    const client = operation?.scope === null ? NOBODY : inForce.identify(request.headers, { queryKey, protocolKey });
    const context: RequestContext = { ...inForce, id, url, client, dialect, from, peerAddress, connection };
    if (operation === undefined) {
      requireScope(client, "inference");
      if (inference !== undefined) return serveInference(env, inference, request, context);
      return servePassThrough(env, request, context);
    }
    if (operation.scope !== null && operation.scope !== "any") requireScope(client, operation.scope);
    if (url === request.url) return operate(request, context);
    const tidied = new Request(url, request);
    // It tidies the path up: dots in a path must not lead from a row that a key is good for to one that it is not.
    if (findOperation(request.method, pathOf(tidied.url)) !== operation) throw nothingAt(path);
    return operate(tidied, context);
  }

  async function operate(request: Request, context: RequestContext): Promise<Response> {
    const answered = await own.fetch(request, context);
    const response = request.method === "HEAD" ? withoutLength(answered) : answered;
    response.headers.set("x-request-id", context.id);
    return response;
  }

  /** Whoever joined an address and a path with one slash too many is sent to what was meant, body and all. */
  function elsewhere(path: string, { url, id }: { readonly url: string; readonly id: string }): Response | null {
    const clean = cleanPath(path);
    if (clean === path || (methodsAt(clean).length === 0 && !isPassedThrough(clean))) return null;
    return new Response(null, { status: 307, headers: { location: clean + queryOf(url), "x-request-id": id } });
  }

  function notServed(request: Request, path: string, id: string): Response {
    const methods = methodsAt(path);
    if (methods.length === 0) throw nothingAt(path);
    const allow = methods.join(", ");
    const said = `${shorten(path)} answers ${allow} only`;
    const response = refuse(request, new GatewayError("method_not_allowed", said), id);
    response.headers.set("allow", allow);
    return response;
  }

  function fail(request: Request, thrown: unknown, id: string): Response {
    const told = request.signal.aborted && !(thrown instanceof GatewayError) ? clientLeft() : toGatewayError(thrown);
    // A server that shuts down breaks off what it still receives: it was not the client who left.
    const error = told.code === "client_closed" ? env.refusal() ?? told : told;
    if (error.status >= 500) {
      const words = `${request.method} ${pathOf(request.url)} ${id}: ${describeError(error)}`;
      if (isOperatorsWish(error)) env.log.info(words);
      else env.log.warn(words);
    }
    return refuse(request, error, id);
  }

  function refuse(request: Request, error: GatewayError, requestId: string): Response {
    const dialect = dialectOf(pathOf(request.url), request.headers);
    const accept = request.headers.get("accept");
    const response = errorResponse(error, { dialect, accept, operator: false, requestId });
    if (request.method === "CONNECT") return thenHangUp(response);
    return response;
  }

  function ownRoutes(env: RoutesEnv): Router {
    const app: Router = new Hono();
    for (const path of ["/health", "/wol-health"]) app.get(path, (c) => c.text("OK"));
    app.get("/openapi.json", (c) => c.json(openApiDocument(env.version)));
    app.get("/api/version", (c) => c.json({ version: env.version, commit: "unknown", build_date: "unknown" }));
    const viewerOf = ({ env: { client } }: RouteContext): Viewer => ({
      mayUse: client.mayUse,
      mayReadLogs: client.may("logs"),
    });
    addModelRoutes(app, env);
    addOperateRoutes(app, env);
    addInFlightRoutes(app, { ...env, viewerOf });
    addLogRoutes(app, env);
    addEventRoutes(app, { ...env, viewerOf });
    addConfigRoutes(app, env);
    app.notFound((c: RouteContext) => {
      throw nothingAt(c.req.path);
    });
    app.onError((thrown, c) => fail(c.req.raw, thrown, c.env.id));
    return app;
  }
}

/** An answer to HEAD whose body is gone already, and with it what its length was. */
function withoutLength({ status, statusText, headers }: Response): Response {
  return headResponse({ status, statusText, headers: [...headers] });
}

const SWITCHED = 101;

function nothingAt(path: string): GatewayError {
  return new GatewayError("not_found", `Nothing is served at ${shorten(path)}`);
}

/** For routes that ask for no key. */
const NOBODY: Client = { name: null, key: null, may: () => false, mayUse: () => false };
