/**
 * The small steps that both cores take: how a request is refused, and the one timer.
 *
 * @module
 */

import { GatewayError } from "../errors.ts";
import type { Command, Ticket } from "./types.ts";

/** Answers a request with an error. */
export function refuse(draft: { readonly commands: Command[] }, ticket: Ticket, error: GatewayError): void {
  draft.commands.push({ type: "refuse", ticket, error });
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

/** One movable timer that may come early but never late: it is moved only when it would miss the time that is due. */
export function moveTimer(draft: { wakeAt: number | null; readonly commands: Command[] }, due: number | null): void {
  if (due === null ? draft.wakeAt === null : draft.wakeAt !== null && draft.wakeAt <= due) return;
  draft.wakeAt = due;
  draft.commands.push({ type: "wakeAt", at: due });
}
