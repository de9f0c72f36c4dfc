/**
 * Looking at the gateway and steering it: running backends, unloading, the queue.
 *
 * @module
 */

import type { Backends } from "../backend/backends.ts";
import type { BackendTarget } from "../backend/types.ts";
import type { Config } from "../config/types.ts";
import { GatewayError } from "../errors.ts";
import { resolveModel } from "../routing/resolve.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { Router } from "./config_in_force.ts";

/** What the operator's routes need. */
export interface OperateEnv {
  /** The queue. */
  readonly scheduler: Scheduler<BackendTarget>;
  /** The processes. */
  readonly backends: Backends;
}

const DEFAULT_QUEUE_PAGE = 100;
const MAX_QUEUE_PAGE = 1000;

/** Adds the operator's routes to `app`. */
export function addOperateRoutes(app: Router, env: OperateEnv): void {
  app.get("/running", (c) => c.json({ running: listRunning(env.backends, c.env.config) }));

  app.get("/unload", async (c) => {
    await env.scheduler.unload(null);
    return c.text("OK");
  });
  app.post("/api/models/unload", async (c) => {
    await env.scheduler.unload(null);
    return c.json({ msg: "ok" });
  });
  app.post("/api/models/unload/:model{[\\s\\S]+}", async (c) => {
    await env.scheduler.unload([resolveModel(c.env.config, c.req.param("model"))]);
    return c.text("OK");
  });

  app.get("/api/queue", (c) => {
    const limit = readLimit(c.req.query("limit"));
    const after = c.req.query("after");
    return c.json(env.scheduler.snapshot(after === undefined ? { limit } : { limit, after }));
  });
  app.delete("/api/queue/:id", (c) => {
    if (!env.scheduler.cancel(c.req.param("id"))) {
      throw new GatewayError("not_found", "No request with this id is waiting or active");
    }
    return c.json({ msg: "ok" });
  });
}

function listRunning(backends: Backends, { models }: Config): readonly Record<string, unknown>[] {
  return backends.snapshot()
    .filter((backend) => backend.phase !== "stopped")
    .map(({ model, phase }) => {
      const config = models.get(model);
      return {
        model,
        state: phase,
        cmd: config?.cmd ?? "",
        proxy: config?.proxy ?? "",
        ttl: config?.ttlS ?? 0,
        name: config?.name ?? "",
        description: config?.description ?? "",
      };
    })
    .sort((a, b) => (a.model < b.model ? -1 : 1));
}

function readLimit(text: string | undefined): number {
  if (text === undefined) return DEFAULT_QUEUE_PAGE;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= MAX_QUEUE_PAGE) return value;
  throw new GatewayError("bad_request", `Query parameter limit has "${text}": expected 1 to ${MAX_QUEUE_PAGE}`, {
    param: "limit",
  });
}
