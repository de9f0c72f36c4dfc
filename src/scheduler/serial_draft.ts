/**
 * A state of the serial core under construction, and the small steps that every decision is made of.
 *
 * @module
 */

import { GatewayError } from "../errors.ts";
import { retryAfterS, withTurn } from "./estimates.ts";
import { remove } from "./queue.ts";
import type { Active, Command, State, Ticket, Turn, Waiting } from "./types.ts";

/** A state under construction: its fields are replaced, the values in them never changed. */
export type Draft = { -readonly [Key in keyof State]: State[Key] } & {
  readonly commands: Command[];
  readonly now: number;
};

/** Whether one more request may be active. */
export function hasSlot(draft: Draft): boolean {
  return draft.active === null || draft.active.turns.size < draft.settings.parallel;
}

/** G11: whether a request for this model may be served beside those that are. */
export function canJoin(draft: Draft, model: string): boolean {
  const active = draft.active;
  return active !== null && active.model === model && active.loadId === null && isAloneAndReady(draft, model);
}

/** S5: nothing has to be stopped or started for this model. */
export function isAloneAndReady(draft: Draft, model: string): boolean {
  return draft.running.size === 1 && draft.running.get(model) === "ready";
}

/** Ends the load well: whoever waited for it is served; the gone ones stay for {@link endTurn}. */
export function grantLoading(draft: Draft, active: Active): void {
  const turns = new Map<Ticket, Turn>();
  for (const [ticket, turn] of active.turns) {
    turns.set(ticket, turn.gone ? turn : { ...turn, phase: "serving" });
    if (turn.phase === "loading" && !turn.gone) draft.commands.push({ type: "grant", ticket, model: active.model });
  }
  draft.active = { ...active, turns, loadId: null };
}

/** Makes sure that the running load, if any, starts nothing more. */
export function abandon(draft: Draft, active: Active): void {
  if (active.loadId !== null) draft.commands.push({ type: "abandon", loadId: active.loadId });
}

/** Ends the load: whoever waits for it gets the error, whoever is being served stays. */
export function refuseLoading(draft: Draft, active: Active, error: GatewayError): void {
  draft.active = { ...active, loadId: null };
  for (const [ticket, turn] of active.turns) {
    if (turn.phase !== "loading") continue;
    endTurn(draft, ticket, turn);
    if (!turn.gone) refuse(draft, ticket, error);
  }
}

/** Replaces what is known of one active request. */
export function setTurn(draft: Draft, ticket: Ticket, turn: Turn): void {
  if (draft.active === null) return;
  draft.active = { ...draft.active, turns: new Map(draft.active.turns).set(ticket, turn) };
}

/** Frees the slot of one active request. */
export function endTurn(draft: Draft, ticket: Ticket, turn: Turn): void {
  const active = draft.active;
  if (active === null) return;
  const turns = new Map(active.turns);
  turns.delete(ticket);
  draft.active = turns.size === 0 ? null : { ...active, turns };
  if (turn.phase === "serving") draft.estimates = withTurn(draft.estimates, draft.now - turn.startedAt);
  discount(draft, active.model);
}

/** Takes a request out of the queue for good. */
export function leaveQueue(draft: Draft, waiting: Waiting): void {
  draft.queue = remove(draft.queue, waiting.ticket);
  discount(draft, waiting.model);
}

function discount(draft: Draft, model: string): void {
  const counts = new Map(draft.counts);
  const left = (counts.get(model) ?? 0) - 1;
  if (left > 0) counts.set(model, left);
  else counts.delete(model);
  draft.counts = counts;
}

/** Answers a request with an error. */
export function refuse(draft: Draft, ticket: Ticket, error: GatewayError): void {
  draft.commands.push({ type: "refuse", ticket, error });
}

/** Whole seconds until a request that came now would have had its turn. */
export function retryAfter(draft: Draft): number {
  return retryAfterS(draft.estimates, draft.queue.size + 1, draft.settings.parallel);
}

/** S1 and S8: the model is not in the config. */
export function unknownModel(model: string): GatewayError {
  return new GatewayError("unknown_model", `Model not found: ${model}`, { param: "model" });
}
