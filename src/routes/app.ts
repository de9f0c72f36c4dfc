/**
 * The HTTP table of contents.
 *
 * @module
 */

import { Hono } from "hono";
import { describeError, GatewayError, toGatewayError } from "../errors.ts";
import { dialectOf, errorResponse } from "../gateway/error_response.ts";
import { pathOf } from "../gateway/request_url.ts";
import { listModels } from "../routing/listing.ts";
import { addConfigRoutes, type ConfigEnv } from "./config.ts";
import type { ConfigInForce, Router } from "./config_in_force.ts";
import { type InferenceEnv, serveInference } from "./inference.ts";
import { findInferenceRoute, INFERENCE_ROUTES } from "./inference_table.ts";
import { addLogRoutes, type LogsEnv } from "./logs.ts";
import { addOperateRoutes, type OperateEnv } from "./operate.ts";

/** What the routes need. */
export interface RoutesEnv extends InferenceEnv, OperateEnv, LogsEnv, ConfigEnv {
  /** The config in force; asked once for each request, which then keeps what it got. */
  readonly current: () => ConfigInForce;
  /** The version that `/api/version` tells. */
  readonly version: string;
}

/** What the server tells about a connection, as `Deno.serve` does. */
export interface ConnectionInfo {
  /** The client's end. */
  readonly remoteAddr?: { readonly transport: string; readonly hostname?: string };
}

/** Builds the whole HTTP surface: a function from request to response that never rejects. */
export function createRoutes(env: RoutesEnv): (request: Request, info?: ConnectionInfo) => Promise<Response> {
  const app: Router = new Hono();

  app.get("/health", (c) => c.text("OK"));
  app.get("/wol-health", (c) => c.text("OK"));

  app.use("*", async (c, next) => {
    c.env.checkKey(c.req.raw.headers);
    await next();
  });

  const models = ({ config }: ConfigInForce) => {
    const loaded = env.backends.snapshot().filter((b) => b.phase !== "stopped").map((b) => b.model);
    const facts = { loaded: new Set(loaded), createdS: Math.floor(Date.now() / 1000) };
    return { data: listModels(config, facts), object: "list" };
  };
  for (const path of ["/v1/models", "/models"]) {
    app.get(path, (c) => {
      const origin = c.req.header("origin");
      if (origin !== undefined) {
        c.header("access-control-allow-origin", origin);
        c.header("vary", "Origin");
      }
      return c.json(models(c.env));
    });
  }
  app.get("/api/version", (c) => c.json({ version: env.version, commit: "unknown", build_date: "unknown" }));
  addOperateRoutes(app, env);
  addLogRoutes(app, env);
  addConfigRoutes(app, env);

  const methods = methodsByPath(app);
  app.notFound((c) => {
    const allowed = methods.get(c.req.path);
    if (allowed === undefined) throw new GatewayError("not_found", `Nothing is served at ${c.req.path}`);
    const error = new GatewayError("method_not_allowed", `${c.req.path} answers ${allowed.join(", ")} only`);
    const response = refuse(c.req.raw, error);
    response.headers.set("allow", allowed.join(", "));
    return response;
  });
  app.onError((thrown, c) => fail(c.req.raw, thrown));

  function fail(request: Request, thrown: unknown): Response {
    const error = request.signal.aborted && !(thrown instanceof GatewayError)
      ? new GatewayError("client_closed", "The client left before the answer")
      : toGatewayError(thrown);
    if (error.status >= 500) env.log.warn(`${request.method} ${pathOf(request.url)}: ${describeError(error)}`);
    return refuse(request, error);
  }

  function refuse(request: Request, error: GatewayError): Response {
    const dialect = dialectOf(pathOf(request.url));
    const response = errorResponse(error, { dialect, accept: request.headers.get("accept"), operator: false });
    if (error.status === 401) response.headers.set("www-authenticate", 'Basic realm="berth"');
    return response;
  }

  return async (request, info) => {
    const id = crypto.randomUUID();
    const current = env.current();
    let response: Response;
    try {
      refuseStrangeHost(request.headers.get("host"));
      const route = findInferenceRoute(request.method, pathOf(request.url));
      if (route !== undefined) {
        current.checkKey(request.headers);
        const { config } = current;
        return await serveInference(env, route, request, {
          id,
          remoteAddr: info?.remoteAddr?.hostname ?? null,
          config,
        });
      }
      response = await app.fetch(request, current);
    } catch (thrown) {
      response = fail(request, thrown); // hono, too, lets a thrown value that is no Error through
    }
    response.headers.set("x-request-id", id);
    return response;
  };
}

/** The runtime puts the Host header into the URL as it is: one with a path in it would choose the route. */
function refuseStrangeHost(host: string | null): void {
  if (host === null || !/[/?#\\@]/.test(host)) return;
  throw new GatewayError("bad_request", "The Host header is not the name of a host");
}

function methodsByPath(app: Router): ReadonlyMap<string, readonly string[]> {
  const methods = new Map<string, string[]>();
  for (const { method, path } of [...INFERENCE_ROUTES, ...app.routes]) {
    if (method === "ALL") continue;
    const known = methods.get(path) ?? [];
    if (!known.includes(method)) known.push(method);
    methods.set(path, known);
  }
  return methods;
}
