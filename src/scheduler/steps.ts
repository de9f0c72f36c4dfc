/**
 * The small steps that both cores take: how a request is refused, what backends do, and the one timer.
 *
 * @module
 */

import { GatewayError } from "../errors.ts";
import type { ConditionsDraft } from "./conditions.ts";
import { becomeFresh } from "./reload.ts";
import type { BackendPhase, Ticket } from "./types.ts";
import { wish, type WishDraft } from "./wishes.ts";

/** Answers a request with an error. */
export function refuse(draft: WishDraft, ticket: Ticket, error: GatewayError): void {
  wish(draft, { type: "refuse", ticket, error });
}

/** S1 and S8: the model is not in the config. */
export function unknownModel(model: string): GatewayError {
  return new GatewayError("unknown_model", `Model not found: ${model}`, { param: "model" });
}

/** As many requests for the model wait and are active as may. */
export function tooManyRequests(model: string, retryAfterS: number): GatewayError {
  return new GatewayError("concurrency_limit", `Too many requests for ${model}`, { retryAfterS });
}

/** G5: the request has waited for `maxWait`. */
export function waitedTooLong(retryAfterS: number): GatewayError {
  return new GatewayError("queue_timeout", "The request waited too long for its turn", { retryAfterS });
}

/** G8: an operator removed the request. */
export function cancelledByOperator(): GatewayError {
  return new GatewayError("cancelled", "The request was cancelled by an operator");
}

/** S15 and S16: the model was unloaded before the request was served. */
export function modelUnloaded(): GatewayError {
  return new GatewayError("model_unloaded", "The model was unloaded");
}

/** A backend changed. */
export function noteBackend(draft: ConditionsDraft, model: string, phase: BackendPhase): void {
  const running = new Map(draft.running);
  if (phase === "stopped") running.delete(model);
  else running.set(model, phase);
  draft.running = running;
  if (phase === "stopped") becomeFresh(draft, model);
}

/** Stops the backends of these models (null: all); nobody starts in the way of it until {@link endUnload}. */
export function beginUnload(draft: ConditionsDraft, unloadId: number, models: readonly string[] | null): void {
  const unloading = new Map(draft.conditions.unloading).set(unloadId, models);
  draft.conditions = { ...draft.conditions, unloading };
  wish(draft, { type: "stop", unloadId, models });
}

/** The backends of an unload have exited, or could not be made to. */
export function endUnload(draft: ConditionsDraft, unloadId: number): void {
  const unloading = new Map(draft.conditions.unloading);
  unloading.delete(unloadId);
  draft.conditions = { ...draft.conditions, unloading };
}

/** One movable timer that may come early but never late: it is moved only when it would miss the time that is due. */
export function moveTimer(draft: WishDraft & { wakeAt: number | null }, due: number | null): void {
  if (due === null ? draft.wakeAt === null : draft.wakeAt !== null && draft.wakeAt <= due) return;
  draft.wakeAt = due;
  wish(draft, { type: "wakeAt", at: due });
}
