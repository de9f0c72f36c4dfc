/**
 * How long those who wait will wait, as far as what was measured tells.
 *
 * @module
 */

/** Looks ahead from one state at one time; what it has worked out once it keeps, so that a page of the queue costs one walk. */
export interface Forecast {
  /**
   * Milliseconds until the request for `model` at this place, the head being 1, is granted; the place behind the last is
   * that of a request that came now.
   */
  waitMs(position: number, model: string): number;
  /** Milliseconds until the load that runs for this model has ended. */
  loadMs(model: string): number;
}

/**
 * How many waiting requests are looked at. Those behind are taken to be like them, so that an estimate costs the same
 * however many wait.
 */
export const MOST_WALKED = 100;
