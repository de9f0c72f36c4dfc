/**
 * Looking at the gateway and steering it: running backends, unloading, the queue.
 *
 * @module
 */

import type { Backends } from "../backend/backends.ts";
import type { BackendTarget } from "../backend/types.ts";
import { createRedactor } from "../config/redact.ts";
import { GatewayError } from "../errors.ts";
import type { Client } from "../gateway/auth.ts";
import { resolveModel, unknownModel } from "../routing/resolve.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { SchedulerSnapshot } from "../scheduler/snapshot.ts";
import type { RequestContext } from "../serving/request_context.ts";
import type { Router } from "./router.ts";

/** What the operator's routes need. */
export interface OperateEnv {
  /** The queue. */
  readonly scheduler: Scheduler<BackendTarget>;
  /** The processes. */
  readonly backends: Backends;
}

const DEFAULT_QUEUE_PAGE = 100;
const MAX_QUEUE_PAGE = 1000;

/**
 * Adds the operator's routes to `app`. To a key that is bound to some models the others do not exist: it neither sees who runs
 * or waits for them, nor ends that; "all" are its own.
 */
export function addOperateRoutes(app: Router, env: OperateEnv): void {
  app.get("/running", (c) => c.json({ running: listRunning(env.backends, c.env) }));

  app.get("/unload", async (c) => {
    await env.scheduler.unload(allOf(c.env));
    return c.text("OK");
  });
  app.post("/api/models/unload", async (c) => {
    await env.scheduler.unload(allOf(c.env));
    return c.json({ msg: "ok" });
  });
  app.post("/api/models/unload/:model{[\\s\\S]+}", async (c) => {
    const asked = c.req.param("model");
    const model = resolveModel(c.env.config, asked);
    if (!c.env.client.mayUse(model)) throw unknownModel(asked);
    await env.scheduler.unload([model]);
    return c.text("OK");
  });

  app.get("/api/queue", (c) => {
    const limit = readLimit(c.req.query("limit"));
    const after = c.req.query("after");
    return c.json(seenBy(c.env.client, env.scheduler.snapshot(after === undefined ? { limit } : { limit, after })));
  });
  app.delete("/api/queue/:id", (c) => {
    const id = c.req.param("id");
    const model = env.scheduler.modelOf(id);
    if (model === null || !c.env.client.mayUse(model) || !env.scheduler.cancel(id)) {
      throw new GatewayError("not_found", "No request with this id is waiting or active");
    }
    return c.json({ msg: "ok" });
  });
}

/** What "every model" is to a client; null when nothing is kept from it. */
function allOf({ config, client: { key, mayUse } }: RequestContext): readonly string[] | null {
  return key === null || key.models === null ? null : [...config.models.keys()].filter(mayUse);
}

/** Places in the line stay as they are. */
function seenBy(
  { mayUse }: Client,
  { resident, running, active, waiting, total }: SchedulerSnapshot,
): SchedulerSnapshot {
  return {
    resident: resident !== null && mayUse(resident) ? resident : null,
    running: running.filter(({ model }) => mayUse(model)),
    active: active.filter(({ model }) => mayUse(model)),
    waiting: waiting.filter(({ model }) => mayUse(model)),
    total,
  };
}

/** What `${env.NAME}` stood for is found by its place in the config. */
const NOTHING_READ = { environment: new Map<string, string>(), macros: [] };

/** Commands without the secrets in them: keys for engines and hubs are no operator's business. */
function listRunning(
  backends: Backends,
  { config: running, client }: RequestContext,
): readonly Record<string, unknown>[] {
  const hide = createRedactor(running, NOTHING_READ).text;
  return backends.snapshot()
    .filter(({ model, phase }) => phase !== "stopped" && client.mayUse(model))
    .map(({ model, phase }) => {
      const config = running.models.get(model);
      return {
        model,
        state: phase,
        cmd: hide(config?.cmd ?? ""),
        proxy: hide(config?.proxy ?? ""),
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
