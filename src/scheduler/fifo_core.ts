/**
 * Who goes next when several models may be in memory, as llama-swap has it: one pure function from facts to wishes.
 *
 * Requests for a model that is being loaded join that load; others start as soon as nothing that they would have to stop
 * is busy, also past those that came before. How long the oldest may be overtaken is bounded by `maxAge`.
 *
 * @module
 */

import { inheritedConditions, initialConditions } from "./conditions.ts";
import type { Core, CoreStart, Inheritance } from "./core.ts";
import { counted, countsFor } from "./counts.ts";
import { NO_ESTIMATES } from "./estimates.ts";
import { activeIn, type Draft, draftOf, findLoading, grant, refuseAll, stateOf, wait } from "./fifo_draft.ts";
import {
  endLoad,
  noteCancel,
  noteClosing,
  noteConfig,
  noteLoaded,
  noteLost,
  noteRequest,
  noteServed,
  noteUnload,
  noteWoke,
} from "./fifo_facts.ts";
import { forecastOf } from "./fifo_forecast.ts";
import { emptyLanes, inOrder, oldest, placeOf } from "./fifo_lanes.ts";
import { limitsOf } from "./fifo_limits.ts";
import { settle } from "./fifo_settle.ts";
import type { FifoState } from "./fifo_state.ts";
import { emptyQueue, find } from "./queue.ts";
import { noteRetired } from "./reload.ts";
import { cancelledByOperator, endUnload, moveTimer, noteBackend, refuse, unknownModel } from "./steps.ts";
import type { Command, Event, FifoSettings } from "./types.ts";
import { wish, wishesOf } from "./wishes.ts";

const ANNOUNCE: Command = { type: "announce" };

/** The state before anything happened. */
export function initialState({ models, settings }: CoreStart<FifoSettings>): FifoState {
  return {
    conditions: initialConditions({ models, settings }),
    lanes: emptyLanes(limitsOf(models)),
    running: new Map(),
    counts: countsFor(limitsOf(models)),
    returning: emptyQueue(),
    swaps: new Map(),
    serving: emptyQueue(),
    inFlight: new Map(),
    wakeAt: null,
    nextLoadId: 1,
    estimates: NO_ESTIMATES,
  };
}

/** Notes one fact and says what is to be done, in order; the given state stays as it was. */
export function transition(state: FifoState, event: Event): readonly [FifoState, readonly Command[]] {
  const draft = draftOf(state, event.at);
  note(draft, event);
  return finish(draft, state);
}

function finish(draft: Draft, before: FifoState): readonly [FifoState, readonly Command[]] {
  settle(draft);
  if (draft.lanes.byPriority !== before.lanes.byPriority) wish(draft, ANNOUNCE);
  const { maxWaitMs } = draft.conditions.settings;
  const head = maxWaitMs === null ? undefined : oldest(draft.lanes);
  moveTimer(draft, head === undefined || maxWaitMs === null ? null : head.at + maxWaitMs);
  return [stateOf(draft), wishesOf(draft)];
}

function note(draft: Draft, event: Event): void {
  switch (event.type) {
    case "requested":
      return noteRequest(draft, { ticket: event.ticket, model: event.model, at: event.at });
    case "cancelled":
      return noteCancel(draft, event.ticket, null);
    case "cancelAsked":
      return noteCancel(draft, event.ticket, cancelledByOperator());
    case "loaded":
      for (const turn of noteLoaded(draft, event.loadId)) grant(draft, turn);
      return;
    case "loadFailed":
      return refuseAll(draft, endLoad(draft, event.loadId), event.error);
    case "served":
      return noteServed(draft, event.ticket);
    case "lost":
      return noteLost(draft, event.ticket);
    case "unloadAsked":
      return noteUnload(draft, event.unloadId, event.models);
    case "unloaded":
      endUnload(draft, event.unloadId);
      draft.mustWalk = true;
      return;
    case "retired":
      noteRetired(draft, event.retireId, event.error);
      draft.mustWalk = true;
      return;
    case "backendChanged":
      noteBackend(draft, event.model, event.phase);
      draft.mustWalk = true;
      return;
    case "reconfigured":
      return noteConfig(draft, event);
    case "closing":
      return noteClosing(draft, event.error);
    case "woke":
      return noteWoke(draft);
    default:
      event satisfies never;
  }
}

/** The fifo core as the lease façade takes it. */
export const FIFO_CORE: Core<FifoState> = {
  transition,
  positionOf: ({ lanes }, ticket) => placeOf(lanes, ticket),
  phaseOf(state, ticket) {
    if (find(state.serving, ticket) !== undefined) return "serving";
    return findLoading(state, ticket) === undefined ? null : "loading";
  },
  activeIn,
  waitingIn: ({ lanes }, skipped) => inOrder(lanes, skipped),
  waitingCount: ({ lanes }) => lanes.size,
  forecast: forecastOf,
  isEmpty: (state) => state.lanes.size === 0 && activeIn(state).next().done === true,
  handOver(state) {
    const { serving, swaps, returning, lanes } = state;
    if (serving.size > 0 || swaps.size > 0 || returning.size > 0) return null;
    return { common: state, waiting: [...inOrder(lanes)].sort((a, b) => a.ticket - b.ticket) };
  },
};

/** The fifo core goes on where another one has ended. */
export function inherit(
  { common, waiting }: Inheritance,
  settings: FifoSettings,
  at: number,
): readonly [FifoState, readonly Command[]] {
  const conditions = inheritedConditions(common.conditions, settings);
  const { models } = conditions;
  const { running, nextLoadId, estimates } = common;
  const state: FifoState = { ...initialState({ models, settings }), conditions, running, nextLoadId, estimates };
  const draft = draftOf(state, at);
  for (const request of waiting) {
    const { ticket, model } = request;
    if (!models.has(model)) {
      refuse(draft, ticket, unknownModel(model));
      continue;
    }
    draft.counts = counted(draft.counts, model, 1);
    wait(draft, request);
  }
  draft.mustWalk = true;
  return finish(draft, state);
}
