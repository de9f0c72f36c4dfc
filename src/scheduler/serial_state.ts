/**
 * What the serial core knows.
 *
 * @module
 */

import type { CommonState } from "./core.ts";
import type { Queue } from "./queue.ts";
import type { SerialSettings, Ticket, Waiting } from "./types.ts";

/** A request that holds a slot. */
export interface Turn {
  /** Its name. */
  readonly ticket: Ticket;
  /** When it arrived, in the clock's milliseconds. */
  readonly at: number;
  /** When its phase began, in the clock's milliseconds. */
  readonly startedAt: number;
  /** Whether its swap runs or its work. */
  readonly phase: "loading" | "serving";
  /** Its caller has left or was answered; the slot stays taken until the load has ended (S14). */
  readonly gone: boolean;
}

/** The requests that hold a slot now, all of one model. */
export interface Active {
  /** Their model. */
  readonly model: string;
  /** The requests, in the order in which they started, which is that of their arrival. */
  readonly turns: Queue<Turn>;
  /** How many of them are not served. */
  readonly loading: number;
  /** The load that runs for them, by identity (S12); null when none runs. */
  readonly loadId: number | null;
  /** When the last load began, in the clock's milliseconds. */
  readonly loadingSince: number;
}

/** Everything the serial core knows. */
export interface SerialState extends CommonState<SerialSettings> {
  /** Who waits, in arrival order. */
  readonly queue: Queue<Waiting>;
  /** Who holds the slots. */
  readonly active: Active | null;
}
