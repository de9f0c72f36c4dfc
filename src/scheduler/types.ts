/**
 * The words of the scheduler: what its pure cores are set to, are told and wish.
 *
 * @module
 */

import type { GatewayError } from "../errors.ts";

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

/** Which models may not stay when another one comes: groups or a matrix. */
export interface EvictionPolicyLike {
  /**
   * Which of `running` must be gone before `target` starts; a pure function.
   *
   * `running` is sorted; it holds the target only when that is ready, so that it need not start. It may hold models that
   * are not configured any more.
   */
  evictedBy(target: string, running: readonly string[]): readonly string[];
}

/** `routing.scheduler.settings.serial`. */
export interface SerialSettings {
  /** Strict arrival order, one model in memory. */
  readonly use: "serial";
  /** How many adjacent requests of the resident model may be served at once (G11). */
  readonly parallel: number;
  /** How many requests may wait (G5). */
  readonly maxQueue: number;
  /** How long a request may wait, in milliseconds; null means without bound (G5). */
  readonly maxWaitMs: number | null;
}

/** `routing.scheduler.settings.fifo`, with the policy that groups or a matrix make. */
export interface FifoSettings {
  /** As llama-swap has it: priority, then arrival, past whatever is blocked; several models in memory if the policy allows. */
  readonly use: "fifo";
  /** Which models exclude each other. */
  readonly policy: EvictionPolicyLike;
  /** Models that do not have priority 0; the higher goes first. */
  readonly priorities: ReadonlyMap<string, number>;
  /** How long the oldest waiting request may be overtaken, in milliseconds; null means without bound. */
  readonly maxAgeMs: number | null;
  /** How long a request may wait, in milliseconds; null means without bound (G5). */
  readonly maxWaitMs: number | null;
}

/** Which core decides, and its bounds. */
export type SchedulerSettings = SerialSettings | FifoSettings;

/** A request in the queue. */
export interface Waiting {
  /** Its name and its place in the order. */
  readonly ticket: Ticket;
  /** The model it needs. */
  readonly model: string;
  /** When it arrived, in the clock's milliseconds. */
  readonly at: number;
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
    /** The config changed; `changed` are the models whose own config differs or that are gone. */
    | {
      readonly type: "reconfigured";
      readonly reloadId: number;
      readonly models: ReadonlyMap<string, SchedulerModel>;
      readonly settings: SchedulerSettings;
      readonly changed: ReadonlySet<string>;
    }
    /** The stale backend of a `retire` has exited (null), or could not be made to. */
    | { readonly type: "retired"; readonly retireId: number; readonly error: GatewayError | null }
    /** The gateway ends. */
    | { readonly type: "closing"; readonly error: GatewayError }
    /** The wake-up that was asked for has come. */
    | { readonly type: "woke" }
  );

/** A wish of the core, to be carried out in the order given. */
export type Command =
  /** Let this request be served; `metadata` is what its activity record shall say. */
  | {
    readonly type: "grant";
    readonly ticket: Ticket;
    readonly model: string;
    readonly metadata?: Readonly<Record<string, string>>;
  }
  /** Answer this request with an error. */
  | { readonly type: "refuse"; readonly ticket: Ticket; readonly error: GatewayError }
  /** Stop `evict` (ascending ids), then bring `model` to ready, then tell the end under `loadId`. */
  | { readonly type: "load"; readonly loadId: number; readonly model: string; readonly evict: readonly string[] }
  /** Make sure that this load starts nothing from now on; its end is of no interest. */
  | { readonly type: "abandon"; readonly loadId: number }
  /** Stop these backends (null: all), then tell `unloaded`. */
  | { readonly type: "stop"; readonly unloadId: number; readonly models: readonly string[] | null }
  /** Stop this backend, whose config is not in force any more, then tell `retired`. */
  | { readonly type: "retire"; readonly retireId: number; readonly model: string }
  /** Every backend that was stale after this reload has exited (null), or one could not be made to. */
  | { readonly type: "reloaded"; readonly reloadId: number; readonly error: GatewayError | null }
  /** Cut this request while it is served. */
  | { readonly type: "interrupt"; readonly ticket: Ticket; readonly error: GatewayError }
  /** The queue changed: positions may be told again (S7). */
  | { readonly type: "announce" }
  /** Tell `woke` at this time; null takes the wish back. */
  | { readonly type: "wakeAt"; readonly at: number | null };
