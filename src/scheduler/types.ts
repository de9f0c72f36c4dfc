/**
 * The words of the scheduler: what its pure core knows, is told and wishes.
 *
 * @module
 */

import type { GatewayError } from "../errors.ts";
import type { Counts } from "./counts.ts";
import type { Estimates } from "./estimates.ts";
import type { Queue } from "./queue.ts";

/** Names one request inside the scheduler; rises strictly in arrival order and is never used twice. */
export type Ticket = number;

/** What a backend that is not stopped is doing. */
export type RunningPhase = "starting" | "ready" | "stopping";

/** What a backend is doing. */
export type BackendPhase = RunningPhase | "stopped";

/** What the scheduler knows of a configured model. */
export interface SchedulerModel {
  /** How many requests may wait and be active together; absent means no bound of its own. */
  readonly limit?: number;
}

/** `routing.scheduler.settings.serial`. */
export interface SerialSettings {
  /** How many adjacent requests of the resident model may be served at once (G11). */
  readonly parallel: number;
  /** How many requests may wait (G5). */
  readonly maxQueue: number;
  /** How long a request may wait, in milliseconds; null means without bound (G5). */
  readonly maxWaitMs: number | null;
}

/** A request in the queue. */
export interface Waiting {
  /** Its name and its place in the order. */
  readonly ticket: Ticket;
  /** The model it needs. */
  readonly model: string;
  /** When it arrived, in the clock's milliseconds. */
  readonly at: number;
}

/** A request that holds a slot. */
export interface Turn {
  /** Its name. */
  readonly ticket: Ticket;
  /** When it arrived, in the clock's milliseconds. */
  readonly at: number;
  /** When it left the queue, in the clock's milliseconds. */
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
}

/** Everything the core knows. */
export interface State {
  /** The configured models. */
  readonly models: ReadonlyMap<string, SchedulerModel>;
  /** The bounds. */
  readonly settings: SerialSettings;
  /** Who waits, in arrival order. */
  readonly queue: Queue<Waiting>;
  /** Waiting and active requests per model that has a limit. */
  readonly counts: Counts;
  /** Who holds the slots. */
  readonly active: Active | null;
  /** Every backend that is not stopped, as far as the core was told. */
  readonly running: ReadonlyMap<string, RunningPhase>;
  /** The unloads that have not ended. */
  readonly unloading: ReadonlySet<number>;
  /** Why nothing is accepted any more; null while open. */
  readonly closed: GatewayError | null;
  /** The time for which a wake-up was asked, in the clock's milliseconds. */
  readonly wakeAt: number | null;
  /** The identity that the next load gets. */
  readonly nextLoadId: number;
  /** Measured times. */
  readonly estimates: Estimates;
}

/** A fact that the core is told; `at` is the clock's milliseconds. */
export type Event =
  & { readonly at: number }
  & (
    /** A request arrived. */
    | { readonly type: "requested"; readonly ticket: Ticket; readonly model: string }
    /** A caller left before its request was served. */
    | { readonly type: "cancelled"; readonly ticket: Ticket }
    /** An operator wants this request gone (G8). */
    | { readonly type: "cancelAsked"; readonly ticket: Ticket }
    /** A load brought its target to ready. */
    | { readonly type: "loaded"; readonly loadId: number }
    /** A load ended without its target. */
    | { readonly type: "loadFailed"; readonly loadId: number; readonly error: GatewayError }
    /** A lease was given back. */
    | { readonly type: "served"; readonly ticket: Ticket }
    /** The backend of a lease is gone and has not seen the request. */
    | { readonly type: "lost"; readonly ticket: Ticket }
    /** Somebody wants these models (null: all) out of memory. */
    | { readonly type: "unloadAsked"; readonly unloadId: number; readonly models: readonly string[] | null }
    /** The backends of an unload have exited, or could not be made to. */
    | { readonly type: "unloaded"; readonly unloadId: number }
    /** A backend changed. */
    | { readonly type: "backendChanged"; readonly model: string; readonly phase: BackendPhase }
    /** The config changed. */
    | {
      readonly type: "reconfigured";
      readonly models: ReadonlyMap<string, SchedulerModel>;
      readonly settings: SerialSettings;
    }
    /** The gateway ends. */
    | { readonly type: "closing"; readonly error: GatewayError }
    /** The wake-up that was asked for has come. */
    | { readonly type: "woke" }
  );

/** A wish of the core, to be carried out in the order given. */
export type Command =
  /** Let this request be served. */
  | { readonly type: "grant"; readonly ticket: Ticket; readonly model: string }
  /** Answer this request with an error. */
  | { readonly type: "refuse"; readonly ticket: Ticket; readonly error: GatewayError }
  /** Stop `evict` (ascending ids), then bring `model` to ready, then tell the end under `loadId`. */
  | { readonly type: "load"; readonly loadId: number; readonly model: string; readonly evict: readonly string[] }
  /** Make sure that this load starts nothing from now on; its end is of no interest. */
  | { readonly type: "abandon"; readonly loadId: number }
  /** Stop these backends (null: all), then tell `unloaded`. */
  | { readonly type: "stop"; readonly unloadId: number; readonly models: readonly string[] | null }
  /** Cut this request while it is served. */
  | { readonly type: "interrupt"; readonly ticket: Ticket; readonly error: GatewayError }
  /** The queue changed: positions may be told again (S7). */
  | { readonly type: "announce" }
  /** Tell `woke` at this time; null takes the wish back. */
  | { readonly type: "wakeAt"; readonly at: number | null };
