/**
 * Reading the logs: the gateway's own lines, what backends print, and both as the operator selected them.
 *
 * @module
 */

import type { Context } from "hono";
import type { Backends } from "../backend/backends.ts";
import type { Config } from "../config/types.ts";
import { GatewayError, shorten } from "../errors.ts";
import { followStream, type LogHistory } from "../observe/log_history.ts";
import type { Logs } from "../observe/logs.ts";
import type { ConfigInForce } from "../serving/request_context.ts";
import type { Router } from "./router.ts";

/** What the log routes need. */
export interface LogsEnv {
  /** The processes, which keep what each model prints. */
  readonly backends: Backends;
  /** The gateway's logs. */
  readonly logs: Logs;
}

/** Plain bytes that neither a browser nor a proxy in front may interpret or hold back. */
const HEADERS = {
  "content-type": "text/plain",
  "x-content-type-options": "nosniff",
  "x-accel-buffering": "no",
  "cache-control": "no-store",
};

/**
 * Adds the log routes to `app`. A stream begins with the history unless the query has `no-history`, and goes on live
 * unless it has `no-follow`; the values mean nothing.
 */
export function addLogRoutes(app: Router, env: LogsEnv): void {
  app.get("/logs", () => new Response(env.logs.combined.bytes(), { headers: HEADERS }));
  for (const path of ["/logs/stream", "/logs/stream/"]) app.get(path, (c) => answer(c, env.logs.combined));
  app.get("/logs/stream/:source{[\\s\\S]+}", (c) => answer(c, findHistory(env, c.env, c.req.param("source"))));
}

function answer(c: Context, history: LogHistory): Response {
  const withHistory = c.req.query("no-history") === undefined;
  if (c.req.query("no-follow") === undefined) {
    return new Response(followStream(history, { withHistory }), { headers: HEADERS });
  }
  return new Response(withHistory ? history.bytes() : null, { headers: HEADERS });
}

/** `proxy`, `upstream`, or the longest run of whole path segments that names a local model; what follows it is ignored. */
function findHistory({ backends, logs }: LogsEnv, { config }: ConfigInForce, source: string): LogHistory {
  const segments = source.split("/");
  while (segments[0] === "") segments.shift();
  if (segments[0] === "proxy") return logs.proxy;
  if (segments[0] === "upstream") return logs.upstream;
  for (let count = segments.length; count > 0; count--) {
    const name = segments.slice(0, count).join("/");
    const id = config.models.has(name) ? name : config.aliases.get(name);
    if (id !== undefined) return backends.history(id);
  }
  throw new GatewayError("bad_request", unknownSource(segments.join("/"), config));
}

/** How much of an unknown name, and how many of the known ones, an answer tells. */
const [MAX_NAME, MAX_KNOWN] = [100, 10];

function unknownSource(name: string, { models }: Config): string {
  const listed = [...models.values()].filter(({ unlisted }) => !unlisted).map(({ id }) => id);
  const more = listed.length > MAX_KNOWN ? ` and ${listed.length - MAX_KNOWN} more` : "";
  const known = listed.length === 0 ? "" : `: ${listed.slice(0, MAX_KNOWN).join(", ")}${more}`;
  const shown = JSON.stringify(shorten(name, MAX_NAME));
  return `There is no model ${shown} here: invalid logger. Use 'proxy', 'upstream' or a model's ID${known}`;
}
