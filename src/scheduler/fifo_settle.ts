/**
 * Who goes next under `fifo`, after something happened that may let somebody start: one walk over all who wait.
 *
 * @module
 */

import { type Choice, choose, claimOf, isBarred } from "./fifo_choice.ts";
import { type Draft, grant, joinSwap, leaveLanes, startSwap } from "./fifo_draft.ts";
import { inOrder, waitsFor } from "./fifo_lanes.ts";
import type { FifoTurn } from "./fifo_state.ts";
import { itemsAfter, remove } from "./queue.ts";
import { retireIdle } from "./reload.ts";

/** Decides who goes next. Walking when nothing can start changes nothing. */
export function settle(draft: Draft): void {
  if (draft.conditions.closed !== null) return;
  if (draft.conditions.reload.stale.size > 0) {
    retireIdle(draft, (model) => draft.inFlight.has(model) || draft.swaps.has(model));
  }
  while (draft.mustWalk) {
    draft.mustWalk = false;
    walk(draft);
  }
}

/** Does for a request what can be done now. */
export function carryOut(draft: Draft, turn: FifoTurn, choice: Exclude<Choice, null>): void {
  switch (choice.type) {
    case "join":
      return joinSwap(draft, turn);
    case "grant":
      return grant(draft, turn);
    case "swap":
      return startSwap(draft, turn, choice.evict);
    default:
      choice satisfies never;
  }
}

/**
 * Looks at everybody once, in order; whoever is blocked does not block those behind. A model is decided once: blocked is
 * blocked for the whole walk, and what was joined or granted once is so again. When a claim was met, others may be free.
 */
function walk(draft: Draft): void {
  const decided = new Map<string, Choice>();
  const { lanes } = draft;
  let blocked = 0;
  let claim = claimOf(draft);

  const decide = (model: string): Choice => {
    const known = decided.get(model);
    if (known !== undefined) return isBarred(claim, model) ? null : known;
    const choice = choose(draft, model, claim);
    // The load that one begins is joined by those behind it.
    decided.set(model, choice?.type === "swap" ? { type: "join" } : choice);
    if (choice === null && waitsFor(lanes, model)) blocked++;
    return choice;
  };
  const start = (turn: FifoTurn, choice: Exclude<Choice, null>) => {
    carryOut(draft, turn, choice);
    if (turn.ticket !== claim?.ticket) return;
    claim = claimOf(draft);
    draft.mustWalk = true;
  };

  for (const turn of itemsAfter(draft.returning)) {
    const choice = decide(turn.model);
    if (choice === null) continue;
    draft.returning = remove(draft.returning, turn.ticket);
    start(turn, choice);
  }
  if (draft.conditions.reload.next !== null) return;
  for (const waiting of inOrder(lanes)) {
    if (blocked >= lanes.models) return;
    const choice = decide(waiting.model);
    if (choice !== null) start(leaveLanes(draft, waiting), choice);
  }
}
