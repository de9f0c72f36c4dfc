/**
 * Whether a request for a model here waits in the line, and what for.
 *
 * @module
 */

import type { Backends } from "../backend/backends.ts";
import { GatewayError } from "../errors.ts";
import { askBackend, type LocalEnv, serveLocal } from "./local.ts";
import type { LocalCall } from "./local_call.ts";
import { LocalVisit } from "./local_visit.ts";

/**
 * What a request for a model here does when the model is not at hand: `wait` in line and have it loaded;
 * `waitWhileReady`: in line as long as it stays, since it may not cause a load; `pass`: go to it at once, past the line.
 */
export type LineRule = "wait" | "waitWhileReady" | "pass";

/** What the rules need. */
export interface RuleEnv extends LocalEnv {
  /** The processes. */
  readonly backends: Pick<Backends, "readyTarget" | "hold">;
}

/**
 * Has a request served as its rule says.
 *
 * @throws {GatewayError} `conflict` when the model has gone that it may not load; otherwise as `serveLocal` does.
 */
export function serveByRule(env: RuleEnv, call: LocalCall, rule: LineRule): Promise<Response> {
  switch (rule) {
    case "wait":
      return serveLocal(env, call);
    case "waitWhileReady":
      return serveWhileReady(env, call);
    case "pass":
      return servePastTheLine(env, call);
  }
}

/** In line, as long as the model stays: whoever is next may have it unloaded, and this request may not load it again. */
async function serveWhileReady(env: RuleEnv, call: LocalCall): Promise<Response> {
  const target = env.backends.readyTarget(call.model);
  if (target === null) throw wentAway(call);
  const { leaving } = target;
  try {
    return await serveLocal(env, { ...call, waitSignal: leaving });
  } catch (error) {
    if (!leaving.aborted || error !== leaving.reason) throw error;
    throw wentAway(call);
  }
}

/** At once, whoever waits: nothing is loaded for it, and nothing waits for its end but an idle unload. */
async function servePastTheLine(env: RuleEnv, call: LocalCall): Promise<Response> {
  if (env.backends.readyTarget(call.model) === null) throw wentAway(call);
  const hold = env.backends.hold(call.model);
  try {
    const lease = { target: hold.target, onInterrupt() {}, release: () => hold.release() };
    const visit = new LocalVisit({ id: call.id, clock: env.clock, watcher: call.watcher, estimateNextMs: () => 0 });
    return await askBackend(env, { call, visit, signal: call.request.signal, lease });
  } catch (error) {
    hold.release();
    throw error;
  }
}

/** A model that was ready when the request arrived has gone while its body still came, or while it waited. */
function wentAway({ model }: LocalCall): GatewayError {
  return new GatewayError("conflict", `model ${model} was unloaded while this request waited, which cannot load it`);
}
