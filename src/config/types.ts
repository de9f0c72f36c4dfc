/**
 * The effective configuration: what the rest of the program reads, with every default filled in and nothing to interpret.
 *
 * @module
 */

import type { LogLevel } from "../log.ts";
import type { Capabilities, WorkerPermissions } from "./schema.ts";

export type { Capabilities, WorkerPermissions };

/** Limits towards a backend, in seconds; 0 is no limit, except where another meaning is given. */
export interface ModelTimeouts {
  /** To open a connection. */
  readonly connect: number;
  /** From the request to the response's headers. */
  readonly responseHeader: number;
  /** Whether idle connections are probed by the system: not when 0. */
  readonly keepalive: number;
  /** That an unused connection stays open. */
  readonly idleConn: number;
}

/** What one client may take up. */
export interface Limits {
  /** Largest request body. */
  readonly requestBodyBytes: number;
  /** How much of an answer is kept for a client that reads slower than the backend writes. */
  readonly responseBufferBytes: number;
  /** How long a full buffer may take to become half empty; `null` = no limit. */
  readonly stalledWriteMs: number | null;
}

/** A worker backend: a module under `deno serve`. */
export interface WorkerModule {
  /** Path (relative to the config's folder), URL, or `berth:tiny`. */
  readonly module: string;
  /** `Deno.args` of the worker. */
  readonly args: readonly string[];
}

/** One model. */
export interface ModelConfig {
  /** Its key under `models`. */
  readonly id: string;
  /** What serves it. */
  readonly kind: "cmd" | "worker";
  /** The words of `cmd`, the program first; empty for a worker. */
  readonly command: readonly string[];
  /** The worker; `null` for a `cmd`. */
  readonly worker: WorkerModule | null;
  /** What the worker may do; `null` when nothing is listed. */
  readonly permissions: WorkerPermissions | null;
  /** The text of `cmd` or `worker` after macros. */
  readonly cmd: string;
  /** The stop command, in which `${PID}` is still to be replaced; `null` = SIGTERM. */
  readonly cmdStop: string | null;
  /** Base URL of the backend. */
  readonly proxy: string;
  /** What `${PORT}` became; `null` when the model uses none. */
  readonly port: number | null;
  /** Path of the readiness probe; `null` = ready once spawned. */
  readonly checkEndpoint: string | null;
  /** `NAME=value` entries on top of the inherited environment; later ones win. */
  readonly env: readonly string[];
  /** Other names. */
  readonly aliases: readonly string[];
  /** Idle seconds until it is stopped; `null` = never. */
  readonly ttlS: number | null;
  /** Seconds between the request to stop and the kill. */
  readonly unloadTimeoutS: number;
  /** Seconds it may take to become ready. */
  readonly startTimeoutS: number;
  /** Most requests waiting or served; `null` = no limit of its own. */
  readonly concurrencyLimit: number | null;
  /** The name that the backend is sent; empty = the one asked for. */
  readonly useModelName: string;
  /** A name for people; may be empty. */
  readonly name: string;
  /** A sentence for people; may be empty. */
  readonly description: string;
  /** Anything, for listings; without a prototype. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** What it can do; `null` when nothing is said. */
  readonly capabilities: Capabilities | null;
  /** Whether listings leave it out. */
  readonly unlisted: boolean;
  /** Limits towards the backend. */
  readonly timeouts: ModelTimeouts;
}

/** How the scheduler is set. */
export interface SchedulerSettings {
  /** Which one. */
  readonly use: "serial";
  /** How many neighbouring requests for the resident model may overlap. */
  readonly parallel: number;
  /** Most waiting requests. */
  readonly maxQueue: number;
  /** Longest wait in milliseconds; `null` = no limit. */
  readonly maxWaitMs: number | null;
}

/** The whole configuration. */
export interface Config {
  /** Models by id, in ascending order of id. */
  readonly models: ReadonlyMap<string, ModelConfig>;
  /** Model ids by alias. */
  readonly aliases: ReadonlyMap<string, string>;
  /** Seconds that a backend may take to become ready, at least 15. */
  readonly healthCheckTimeoutS: number;
  /** Least level of the gateway's own lines. */
  readonly logLevel: LogLevel;
  /** First port given out. */
  readonly startPort: number;
  /** Whether listings show aliases. */
  readonly includeAliasesInList: boolean;
  /** Keys of which a client must send one; empty = no check. */
  readonly apiKeys: readonly string[];
  /** What one client may take up. */
  readonly limits: Limits;
  /** How requests are ordered. */
  readonly scheduler: SchedulerSettings;
}
