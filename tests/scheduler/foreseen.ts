/**
 * What holds for every forecast, whatever the state.
 *
 * @module
 */

import { EITHER_CORE, type State } from "../../src/scheduler/either_core.ts";

/**
 * Throws unless every waiting request has an estimate that is a number and not negative, and nobody is told to wait less
 * than one before it: under `serial` than anyone, under `fifo` than one for the same model.
 */
export function checkForecast(state: State, now: number): void {
  const forecast = EITHER_CORE.forecast(state, now);
  const isSerial = state.conditions.settings.use === "serial";
  const last = new Map<string, number>();
  let position = 0;
  const see = (model: string) => {
    const waitMs = forecast.waitMs(++position, model);
    if (!Number.isFinite(waitMs) || waitMs < 0) throw new Error(`G6: ${model} at ${position} waits ${waitMs} ms`);
    const line = isSerial ? "" : model;
    // sums of the same numbers in another order differ in their last digits
    if (waitMs < (last.get(line) ?? 0) - 1e-6) throw new Error(`G6: ${position} waits less than one before it`);
    last.set(line, waitMs);
  };
  for (const { model } of EITHER_CORE.waitingIn(state, 0)) see(model);
  for (const { model } of EITHER_CORE.activeIn(state)) {
    const loadMs = forecast.loadMs(model);
    if (!Number.isFinite(loadMs) || loadMs < 0) throw new Error(`G6: ${model} loads for ${loadMs} ms`);
  }
  for (const model of state.conditions.models.keys()) {
    const waitMs = EITHER_CORE.forecast(state, now).waitMs(position + 1, model);
    if (!Number.isFinite(waitMs) || waitMs < 0) throw new Error(`G6: a new ${model} waits ${waitMs} ms`);
  }
}
