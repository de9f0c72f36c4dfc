/**
 * Who goes next when one model is in memory at a time: one pure function from facts to wishes.
 *
 * Every event is first noted, then {@link settle} decides, and nothing else does. No clock, promise or process is touched,
 * so any history can be replayed.
 *
 * @module
 */

import { inheritedConditions, initialConditions } from "./conditions.ts";
import type { ActiveRequest, Core, CoreStart, Inheritance } from "./core.ts";
import { countsFor } from "./counts.ts";
import { NO_ESTIMATES } from "./estimates.ts";
import { append, emptyQueue, find, first, itemsAfter, positionOf } from "./queue.ts";
import { noteRetired } from "./reload.ts";
import { type Draft, draftOf, stateOf } from "./serial_draft.ts";
import { forecastOf } from "./serial_forecast.ts";
import {
  noteCancel,
  noteClosing,
  noteConfig,
  noteLoaded,
  noteLoadFailed,
  noteLost,
  noteRequest,
  noteServed,
  noteUnload,
  noteWoke,
} from "./serial_facts.ts";
import { settle } from "./serial_settle.ts";
import type { Active, SerialState } from "./serial_state.ts";
import { cancelledByOperator, endUnload, moveTimer, noteBackend } from "./steps.ts";
import type { Command, Event, SerialSettings, Waiting } from "./types.ts";
import { wish, wishesOf } from "./wishes.ts";

const ANNOUNCE: Command = { type: "announce" };

/** The state before anything happened. */
export function initialState({ models, settings }: CoreStart<SerialSettings>): SerialState {
  return {
    conditions: initialConditions({ models, settings }),
    queue: emptyQueue(),
    running: new Map(),
    counts: countsFor(models),
    active: null,
    wakeAt: null,
    nextLoadId: 1,
    estimates: NO_ESTIMATES,
  };
}

/** Notes one fact and says what is to be done, in order; the given state stays as it was. */
export function transition(state: SerialState, event: Event): readonly [SerialState, readonly Command[]] {
  const draft = draftOf(state, event.at);
  note(draft, event);
  settle(draft);
  if (draft.queue !== state.queue) wish(draft, ANNOUNCE);
  setTimer(draft);
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
      return noteLoaded(draft, event.loadId);
    case "loadFailed":
      return noteLoadFailed(draft, event.loadId, event.error);
    case "served":
      return noteServed(draft, event.ticket);
    case "lost":
      return noteLost(draft, event.ticket);
    case "unloadAsked":
      return noteUnload(draft, event.unloadId, event.models);
    case "unloaded":
      return endUnload(draft, event.unloadId);
    case "retired":
      return noteRetired(draft, event.retireId, event.error);
    case "backendChanged":
      return noteBackend(draft, event.model, event.phase);
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

function setTimer(draft: Draft): void {
  const { maxWaitMs } = draft.conditions.settings;
  if (maxWaitMs === null && draft.wakeAt === null) return;
  const head = maxWaitMs === null ? undefined : first(draft.queue);
  moveTimer(draft, head === undefined || maxWaitMs === null ? null : head.at + maxWaitMs);
}

/** The serial core as the lease façade takes it. */
export const SERIAL_CORE: Core<SerialState> = {
  transition,
  positionOf: ({ queue }, ticket) => positionOf(queue, ticket),
  phaseOf: ({ active }, ticket) => active === null ? null : find(active.turns, ticket)?.phase ?? null,
  activeIn: ({ active }) => active === null ? [] : activeIn(active),
  waitingIn: ({ queue }, skipped) => itemsAfter(queue, skipped),
  waitingCount: ({ queue }) => queue.size,
  forecast: forecastOf,
  isEmpty: ({ queue, active }) => active === null && queue.size === 0,
  handOver: (state) => state.active !== null ? null : { common: state, waiting: [...itemsAfter(state.queue)] },
};

/** The serial core goes on where another one has ended; whoever waits does so in arrival order. */
export function inherit(
  { common, waiting }: Inheritance,
  settings: SerialSettings,
  at: number,
): readonly [SerialState, readonly Command[]] {
  const conditions = inheritedConditions(common.conditions, settings);
  const state: SerialState = {
    conditions,
    queue: waiting.reduce((queue, item) => append(queue, item), emptyQueue<Waiting>()),
    running: common.running,
    counts: countsFor(conditions.models, waiting.map(({ model }) => model)),
    active: null,
    wakeAt: null,
    nextLoadId: common.nextLoadId,
    estimates: common.estimates,
  };
  return transition(state, { type: "woke", at });
}

function* activeIn({ model, turns }: Active): Generator<ActiveRequest> {
  for (const { ticket, phase, at } of itemsAfter(turns)) yield { ticket, model, phase, at };
}
