/**
 * The two cores as one: which of them decides is part of the state, and a reload may change it.
 *
 * After a change of `use` the core before starts nothing new; when what is active has ended, the other one goes on with
 * those who wait, in arrival order.
 *
 * @module
 */

import type { Core, CoreStart, Inheritance } from "./core.ts";
import { FIFO_CORE, inherit as inheritFifo, initialState as initialFifo, transition as stepFifo } from "./fifo_core.ts";
import { placeOf } from "./fifo_lanes.ts";
import type { FifoState } from "./fifo_state.ts";
import { positionOf } from "./queue.ts";
import {
  inherit as inheritSerial,
  initialState as initialSerial,
  SERIAL_CORE,
  transition as stepSerial,
} from "./serial_core.ts";
import type { SerialState } from "./serial_state.ts";
import type { Command, Event, SchedulerSettings } from "./types.ts";

/** What either core knows; `settings.use` says whose it is. */
export type State = SerialState | FifoState;

/** The state before anything happened. */
export function initialState({ models, settings }: CoreStart): State {
  return settings.use === "serial" ? initialSerial({ models, settings }) : initialFifo({ models, settings });
}

/** Both cores as one. */
export const EITHER_CORE: Core<State> = {
  transition,
  positionOf: (state, ticket) => isSerial(state) ? positionOf(state.queue, ticket) : placeOf(state.lanes, ticket),
  phaseOf: (state, ticket) => isSerial(state) ? SERIAL_CORE.phaseOf(state, ticket) : FIFO_CORE.phaseOf(state, ticket),
  activeIn: (state) => isSerial(state) ? SERIAL_CORE.activeIn(state) : FIFO_CORE.activeIn(state),
  waitingIn: (state, skipped) =>
    isSerial(state) ? SERIAL_CORE.waitingIn(state, skipped) : FIFO_CORE.waitingIn(state, skipped),
  waitingCount: (state) => isSerial(state) ? SERIAL_CORE.waitingCount(state) : FIFO_CORE.waitingCount(state),
  forecast: (state, now) => isSerial(state) ? SERIAL_CORE.forecast(state, now) : FIFO_CORE.forecast(state, now),
  isEmpty: (state) => isSerial(state) ? SERIAL_CORE.isEmpty(state) : FIFO_CORE.isEmpty(state),
  handOver,
};

function transition(state: State, event: Event): readonly [State, readonly Command[]] {
  const step: readonly [State, readonly Command[]] = isSerial(state)
    ? stepSerial(state, event)
    : stepFifo(state, event);
  const { next } = step[0].conditions.reload;
  const inheritance = next === null ? null : handOver(step[0]);
  if (next === null || inheritance === null) return step;
  const [taken, more] = inherit(inheritance, next, event.at);
  return [taken, [...step[1], ...more]];
}

function handOver(state: State): Inheritance | null {
  return isSerial(state) ? SERIAL_CORE.handOver(state) : FIFO_CORE.handOver(state);
}

function inherit(
  inheritance: Inheritance,
  settings: SchedulerSettings,
  at: number,
): readonly [State, readonly Command[]] {
  return settings.use === "serial" ? inheritSerial(inheritance, settings, at) : inheritFifo(inheritance, settings, at);
}

function isSerial(state: State): state is SerialState {
  return state.conditions.settings.use === "serial";
}
