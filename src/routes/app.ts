/**
 * The HTTP table of contents.
 *
 * @module
 */

import { Hono } from "hono";
import { GatewayError, toGatewayError } from "../errors.ts";
import { createKeyCheck } from "../gateway/auth.ts";
import { dialectOf, errorResponse } from "../gateway/error_response.ts";
import { listModels } from "../routing/listing.ts";
import { type InferenceEnv, serveInference } from "./inference.ts";
import { INFERENCE_ROUTES } from "./inference_table.ts";
import { addOperateRoutes, type OperateEnv } from "./operate.ts";

/** What the routes need. */
export interface RoutesEnv extends InferenceEnv, OperateEnv {
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
  const app = new Hono();
  const checkKey = createKeyCheck(env.config.apiKeys);
  const calls = new WeakMap<Request, { readonly id: string; readonly remoteAddr: string | null }>();
  const callOf = (request: Request) => calls.get(request) ?? { id: crypto.randomUUID(), remoteAddr: null };

  app.get("/health", (c) => c.text("OK"));
  app.get("/wol-health", (c) => c.text("OK"));

  app.use("*", async (c, next) => {
    checkKey(c.req.raw.headers);
    await next();
  });

  for (const route of INFERENCE_ROUTES) {
    app.on(route.method, route.path, (c) => serveInference(env, route, c.req.raw, callOf(c.req.raw)));
  }

  const models = () => {
    const loaded = env.backends.snapshot().filter((b) => b.phase !== "stopped").map((b) => b.model);
    const facts = { loaded: new Set(loaded), createdS: Math.floor(Date.now() / 1000) };
    return { data: listModels(env.config, facts), object: "list" };
  };
  for (const path of ["/v1/models", "/models"]) {
    app.get(path, (c) => {
      const origin = c.req.header("origin");
      if (origin !== undefined) {
        c.header("access-control-allow-origin", origin);
        c.header("vary", "Origin");
      }
      return c.json(models());
    });
  }
  app.get("/api/version", (c) => c.json({ version: env.version, commit: "unknown", build_date: "unknown" }));
  addOperateRoutes(app, env);

  const methods = methodsByPath(app);
  app.notFound((c) => {
    const allowed = methods.get(c.req.path);
    if (allowed === undefined) throw new GatewayError("not_found", `Nothing is served at ${c.req.path}`);
    const error = new GatewayError("method_not_allowed", `${c.req.path} answers ${allowed.join(", ")} only`);
    const response = refuse(c.req.raw, error);
    response.headers.set("allow", allowed.join(", "));
    return response;
  });
  app.onError((thrown, c) => {
    const error = c.req.raw.signal.aborted && !(thrown instanceof GatewayError)
      ? new GatewayError("client_closed", "The client left before the answer")
      : toGatewayError(thrown);
    if (error.status >= 500) env.log.warn(`${c.req.method} ${c.req.path}: ${describe(error)}`);
    return refuse(c.req.raw, error);
  });

  function refuse(request: Request, error: GatewayError): Response {
    const path = new URL(request.url).pathname;
    const response = errorResponse(error, {
      dialect: dialectOf(path),
      accept: request.headers.get("accept"),
      operator: false,
      requestId: callOf(request).id,
    });
    if (error.status === 401) response.headers.set("www-authenticate", 'Basic realm="berth"');
    return response;
  }

  return async (request, info) => {
    const call = { id: crypto.randomUUID(), remoteAddr: info?.remoteAddr?.hostname ?? null };
    calls.set(request, call);
    try {
      const response = await app.fetch(request);
      response.headers.set("x-request-id", call.id);
      return response;
    } catch (thrown) {
      return refuse(request, toGatewayError(thrown)); // hono lets a thrown value that is no Error through
    }
  };
}

function describe(error: GatewayError): string {
  return error.detail === undefined
    ? `${error.code}: ${error.message}`
    : `${error.code}: ${error.message}\n${error.detail}`;
}

function methodsByPath(app: Hono): ReadonlyMap<string, readonly string[]> {
  const methods = new Map<string, string[]>();
  for (const { method, path } of app.routes) {
    if (method === "ALL") continue;
    const known = methods.get(path) ?? [];
    if (!known.includes(method)) known.push(method);
    methods.set(path, known);
  }
  return methods;
}
