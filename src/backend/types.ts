/**
 * The words of the backend room: how a model's backend is run and where a running one is reached.
 *
 * @module
 */

import type { LogHistory } from "../observe/log_history.ts";

/** A permission of a worker: all, none, or these. */
export type WorkerPermission = boolean | readonly string[];

/** What a worker may do besides listening on its own port; nothing by default. */
export interface WorkerPermissions {
  readonly read?: WorkerPermission | undefined;
  readonly write?: WorkerPermission | undefined;
  readonly net?: WorkerPermission | undefined;
  readonly env?: WorkerPermission | undefined;
  readonly run?: WorkerPermission | undefined;
  readonly sys?: WorkerPermission | undefined;
  readonly ffi?: WorkerPermission | undefined;
  readonly import?: WorkerPermission | undefined;
}

/** How one model's backend is run. */
export interface BackendSpec {
  readonly model: string;
  readonly kind: "cmd" | "worker";
  /** What its process is made of: a process goes on under another spec with the same key. */
  readonly processKey: string;
  /** The port that the config gave it; `null` when it gave none. */
  readonly port: number | null;
  /** Program and arguments, already split. */
  readonly command: readonly string[];
  /** The stop command for a process id, or `null` for SIGTERM. */
  readonly stopCommand: ((pid: number) => readonly string[]) | null;
  /** `NAME=value`; a later one wins. */
  readonly env: readonly string[];
  /** Base URL of the backend. */
  readonly proxy: string;
  /** Path that answers 200 when ready; `null`: ready once spawned. */
  readonly checkEndpoint: string | null;
  readonly startTimeoutMs: number;
  /** Idle time until the backend is unloaded; `null`: never. */
  readonly ttlMs: number | null;
  /** Time between the graceful stop and SIGKILL. */
  readonly stopGraceMs: number;
  readonly permissions?: WorkerPermissions;
}

/** Where a backend is in its life. */
export type BackendPhase = "stopped" | "starting" | "ready" | "stopping";

/** Why a generation is ready no more: somebody has it stopped, or its leader has exited by itself. */
export type Leaving = "stopped" | "exited";

/** Where one generation of a ready backend is reached. */
export interface BackendTarget {
  readonly model: string;
  readonly baseUrl: string;
  /** Grows with each start of this model. */
  readonly generation: number;
  /** Aborts when this generation has exited; the reason is its {@link Exit}. */
  readonly gone: AbortSignal;
  /** Aborts when this generation is ready no more, before anybody hears of that change; the reason is its {@link Leaving}. */
  readonly leaving: AbortSignal;
  /** Whether this generation has not exited yet. */
  isAlive(): boolean;
}

/** How a leader process ended. */
export interface Exit {
  /** Exit code; 128 + number for a signal. */
  readonly code: number;
  /** The signal that ended it, if one did. */
  readonly signal: string | null;
}

/** A process group that was started. */
export interface RunningGroup {
  /** Process id of the leader, which is the group's id. */
  readonly pid: number;
  /** Asks the group to stop as `spec` says: the stop command or SIGTERM. */
  terminate(spec: BackendSpec): void;
  /** SIGKILL to every member. */
  kill(): void;
}

/** What a group tells. */
export interface GroupEvents {
  /** The leader has exited; survivors are being killed. */
  exited(exit: Exit): void;
  /** No member is left that is not a zombie. Told once, after `exited`. */
  gone(): void;
}

/** Starts process groups. */
export interface Supervisor {
  /** Starts a backend's group; rejects with a `GatewayError` `start_failed`, and nothing is left running then. */
  start(spec: BackendSpec, events: GroupEvents): Promise<RunningGroup>;
  /** The last output of a model's backends, bounded. */
  output(model: string): string;
  /** The same, to be followed live; it outlives each of them. */
  history(model: string): LogHistory;
  /** The last lines of it. */
  lastLines(model: string, count: number): string;
  /** Lets go of a model's output: the model is gone. */
  forget(model: string): void;
  /** Ends the supervisor's own helpers; all groups are gone already. */
  close(): Promise<void>;
}

/** Asks a backend once; resolves with the HTTP status, rejects when nothing answers. */
export type Probe = (url: string, signal: AbortSignal) => Promise<number>;
