/**
 * What the fifo core knows.
 *
 * @module
 */

import type { CommonState } from "./core.ts";
import type { FifoSettings } from "./types.ts";

/** Everything the fifo core knows. */
export interface FifoState extends CommonState {
  /** The policy and the bounds. */
  readonly settings: FifoSettings;
}
