/**
 * Who goes next when one model is in memory at a time: one pure function from facts to wishes.
 *
 * Every event is first noted, then {@link settle} decides, and nothing else does. No clock, promise or process is touched,
 * so any history can be replayed.
 *
 * @module
 */

import { GatewayError } from "../errors.ts";
import type { ActiveRequest, Core, CoreStart, Inheritance } from "./core.ts";
import { counted, countOf, countsFor } from "./counts.ts";
import { NO_ESTIMATES, retryAfterS } from "./estimates.ts";
import { append, emptyQueue, find, first, itemsAfter, positionOf } from "./queue.ts";
import { becomeFresh, beginReload, closeReloads, NO_RELOAD, noteRetired } from "./reload.ts";
import {
  abandon,
  canJoin,
  type Draft,
  draftOf,
  endTurn,
  grantLoading,
  hasSlot,
  isHeld,
  leaveQueue,
  refuseLoading,
  retryAfter,
  setTurn,
  stateOf,
} from "./serial_draft.ts";
import { settle } from "./serial_settle.ts";
import type { Active, SerialState, Turn } from "./serial_state.ts";
import {
  cancelledByOperator,
  modelUnloaded,
  moveTimer,
  refuse,
  tooManyRequests,
  unknownModel,
  waitedTooLong,
} from "./steps.ts";
import type { Command, Event, SerialSettings, Ticket, Waiting } from "./types.ts";

const ANNOUNCE: Command = { type: "announce" };

/** The state before anything happened. */
export function initialState({ models, settings }: CoreStart<SerialSettings>): SerialState {
  return {
    models,
    settings,
    queue: emptyQueue(),
    counts: countsFor(models),
    active: null,
    running: new Map(),
    unloading: new Map(),
    reload: NO_RELOAD,
    closed: null,
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
  if (draft.queue !== state.queue) draft.commands.push(ANNOUNCE);
  setTimer(draft);
  return [stateOf(draft), draft.commands];
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
      if (draft.active?.loadId === event.loadId) refuseLoading(draft, draft.active, event.error);
      return;
    case "served":
      return noteServed(draft, event.ticket);
    case "lost":
      return noteLost(draft, event.ticket);
    case "unloadAsked":
      return noteUnload(draft, event.unloadId, event.models);
    case "unloaded":
      draft.unloading = new Map([...draft.unloading].filter(([id]) => id !== event.unloadId));
      return;
    case "retired":
      return noteRetired(draft, event.retireId, event.error);
    case "backendChanged": {
      const running = new Map(draft.running);
      if (event.phase === "stopped") running.delete(event.model);
      else running.set(event.model, event.phase);
      draft.running = running;
      if (event.phase === "stopped") becomeFresh(draft, event.model);
      return;
    }
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

function noteRequest(draft: Draft, request: Waiting): void {
  const { ticket, model } = request;
  if (draft.closed !== null) return refuse(draft, ticket, draft.closed);
  const configured = draft.models.get(model);
  if (configured === undefined) return refuse(draft, ticket, unknownModel(model));
  if (configured.limit !== undefined && countOf(draft.counts, model) >= configured.limit) {
    const seconds = retryAfterS(draft.estimates, 1, draft.settings.parallel);
    return refuse(draft, ticket, tooManyRequests(model, seconds));
  }
  if (isFull(draft, model)) {
    return refuse(
      draft,
      ticket,
      new GatewayError("queue_full", "The queue is full", { retryAfterS: retryAfter(draft) }),
    );
  }
  draft.queue = append(draft.queue, request);
  draft.counts = counted(draft.counts, model, 1);
}

/** A request that starts at once is never in the queue's way. */
function isFull(draft: Draft, model: string): boolean {
  if (draft.queue.size < draft.settings.maxQueue) return false;
  const startsAtOnce = draft.queue.size === 0 && !isHeld(draft) && hasSlot(draft) &&
    (draft.active === null || canJoin(draft, model));
  return !startsAtOnce;
}

/** A caller left (`error` null: it was told by its own signal) or an operator wants it gone. */
function noteCancel(draft: Draft, ticket: Ticket, error: GatewayError | null): void {
  const waiting = find(draft.queue, ticket);
  if (waiting !== undefined) {
    leaveQueue(draft, waiting);
    if (error !== null) refuse(draft, ticket, error);
    return;
  }
  const turn = turnOf(draft, ticket);
  if (turn === undefined || turn.gone) return;
  if (turn.phase === "loading") {
    setTurn(draft, turn, { ...turn, gone: true });
    if (error !== null) refuse(draft, ticket, error);
  } else if (error !== null) {
    draft.commands.push({ type: "interrupt", ticket, error });
  }
}

/** S12: only the load that is known by this very id counts. */
function noteLoaded(draft: Draft, loadId: number): void {
  if (draft.active?.loadId === loadId) grantLoading(draft, draft.active);
}

function noteServed(draft: Draft, ticket: Ticket): void {
  const turn = turnOf(draft, ticket);
  if (turn === undefined) return;
  if (turn.phase === "loading") setTurn(draft, turn, { ...turn, gone: true });
  else endTurn(draft, turn);
}

function noteLost(draft: Draft, ticket: Ticket): void {
  const turn = turnOf(draft, ticket);
  if (turn === undefined || turn.phase !== "serving") return;
  if (draft.closed !== null) {
    endTurn(draft, turn);
    return refuse(draft, ticket, draft.closed);
  }
  setTurn(draft, turn, { ...turn, phase: "loading" });
}

function turnOf(draft: Draft, ticket: Ticket): Turn | undefined {
  return draft.active === null ? undefined : find(draft.active.turns, ticket);
}

/**
 * The one event that counts requests: limits may have come for models whose requests were not counted. A load with the
 * config before is given up; its requests keep their slots and load again when its backend has stopped.
 */
function noteConfig(draft: Draft, event: Extract<Event, { type: "reconfigured" }>): void {
  const { models, settings, changed } = event;
  draft.models = models;
  if (settings.use === "serial") draft.settings = settings;
  beginReload(draft, event);
  const present = [...itemsAfter(draft.queue)].map(({ model }) => model);
  const { active } = draft;
  if (active !== null) {
    present.push(...Array<string>(active.turns.size).fill(active.model));
    if (changed.has(active.model)) {
      abandon(draft, active);
      draft.active = { ...active, loadId: null };
    }
  }
  draft.counts = countsFor(models, present);
}

function noteUnload(draft: Draft, unloadId: number, models: readonly string[] | null): void {
  const error = modelUnloaded();
  const active = draft.active;
  if (active !== null && (models === null || models.includes(active.model))) {
    abandon(draft, active);
    refuseLoading(draft, active, error);
  }
  const chosen = models === null ? null : new Set(models);
  for (const waiting of itemsAfter(draft.queue)) {
    if (chosen !== null && !chosen.has(waiting.model)) continue;
    leaveQueue(draft, waiting);
    refuse(draft, waiting.ticket, error);
  }
  draft.unloading = new Map(draft.unloading).set(unloadId, models);
  draft.commands.push({ type: "stop", unloadId, models });
}

function noteClosing(draft: Draft, error: GatewayError): void {
  if (draft.closed !== null) return;
  draft.closed = error;
  closeReloads(draft, error);
  if (draft.active !== null) {
    abandon(draft, draft.active);
    refuseLoading(draft, draft.active, error);
  }
  for (const waiting of itemsAfter(draft.queue)) {
    leaveQueue(draft, waiting);
    refuse(draft, waiting.ticket, error);
  }
}

/** All wait equally long at most, so the head is always the first to expire. */
function noteWoke(draft: Draft): void {
  draft.wakeAt = null;
  const { maxWaitMs } = draft.settings;
  if (maxWaitMs === null) return;
  for (let head = first(draft.queue); head !== undefined; head = first(draft.queue)) {
    if (head.at + maxWaitMs > draft.now) return;
    leaveQueue(draft, head);
    refuse(draft, head.ticket, waitedTooLong(retryAfter(draft)));
  }
}

function setTimer(draft: Draft): void {
  const { maxWaitMs } = draft.settings;
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
  isEmpty: ({ queue, active }) => active === null && queue.size === 0,
  handOver: (state) => state.active !== null ? null : { common: state, waiting: [...itemsAfter(state.queue)] },
};

/** The serial core goes on where another one has ended; whoever waits does so in arrival order. */
export function inherit(
  { common, waiting }: Inheritance,
  settings: SerialSettings,
  at: number,
): readonly [SerialState, readonly Command[]] {
  const { models, running, unloading, reload, closed, nextLoadId, estimates } = common;
  const state: SerialState = {
    ...initialState({ models, settings }),
    queue: waiting.reduce((queue, item) => append(queue, item), emptyQueue<Waiting>()),
    counts: countsFor(models, waiting.map(({ model }) => model)),
    running,
    unloading,
    reload: { ...reload, next: null },
    closed,
    nextLoadId,
    estimates,
  };
  return transition(state, { type: "woke", at });
}

function* activeIn({ model, turns }: Active): Generator<ActiveRequest> {
  for (const { ticket, phase, at } of itemsAfter(turns)) yield { ticket, model, phase, at };
}
