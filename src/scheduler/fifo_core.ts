/**
 * Who goes next under `fifo`; not there yet.
 *
 * @module
 */

import { GatewayError } from "../errors.ts";
import type { Core, CoreStart, Inheritance } from "./core.ts";
import type { FifoState } from "./fifo_state.ts";
import type { FifoSettings } from "./types.ts";

/** The state before anything happened. */
export function initialState(_start: CoreStart<FifoSettings>): FifoState {
  throw new GatewayError("not_implemented", "The fifo scheduler is not available yet");
}

/** The fifo core goes on where another one has ended. */
export function inherit(inheritance: Inheritance, settings: FifoSettings): FifoState {
  return initialState({ models: inheritance.common.models, settings });
}

/** The fifo core as the lease façade takes it. */
export const FIFO_CORE: Core<FifoState> = {
  transition: (state) => [state, []],
  positionOf: () => null,
  phaseOf: () => null,
  activeIn: () => [],
  waitingIn: () => [],
  waitingCount: () => 0,
  isEmpty: () => true,
  handOver: () => null,
};
