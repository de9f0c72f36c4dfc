/**
 * What the fifo core knows.
 *
 * @module
 */

import type { CommonState } from "./core.ts";
import type { Lanes } from "./fifo_lanes.ts";
import type { Queue } from "./queue.ts";
import type { FifoSettings, Ticket } from "./types.ts";

/** A request that has left the queue. */
export interface FifoTurn {
  /** Its name. */
  readonly ticket: Ticket;
  /** Its model. */
  readonly model: string;
  /** When it arrived, in the clock's milliseconds. */
  readonly at: number;
  /** When it left the queue or, once it is served, when that began; in the clock's milliseconds. */
  readonly startedAt: number;
}

/** A load in progress; it goes on when all who waited for it have left. */
export interface Swap {
  /** Its identity: only the end that is told under it counts. */
  readonly loadId: number;
  /** When it began, in the clock's milliseconds. */
  readonly startedAt: number;
  /** The backends that are stopped first. */
  readonly evict: readonly string[];
  /** Who is served when it has succeeded. */
  readonly waiters: Queue<FifoTurn>;
}

/** Everything the fifo core knows. */
export interface FifoState extends CommonState<FifoSettings> {
  /** Who waits. */
  readonly lanes: Lanes;
  /** Who was under way and needs a load again: the backend was lost or its config changed. They go before all who wait. */
  readonly returning: Queue<FifoTurn>;
  /** The loads in progress by model. */
  readonly swaps: ReadonlyMap<string, Swap>;
  /** Who is being served. */
  readonly serving: Queue<FifoTurn>;
  /** How many are being served by model; no entry is 0. */
  readonly inFlight: ReadonlyMap<string, number>;
}
