/**
 * The words of the backend room: how a model's backend is run and where a running one is reached.
 *
 * @module
 */

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

/** Where one generation of a ready backend is reached. */
export interface BackendTarget {
  readonly model: string;
  readonly baseUrl: string;
  /** Grows with each start of this model. */
  readonly generation: number;
  /** Aborts when this generation has exited. */
  readonly gone: AbortSignal;
  /** Whether this generation has not exited yet. */
  isAlive(): boolean;
}
