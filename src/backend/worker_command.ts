/**
 * The command line that runs an edge-style worker module as a process of its own.
 *
 * @module
 */

import type { WorkerPermission, WorkerPermissions } from "./types.ts";

/** What a worker's command line is made of. */
export interface WorkerCommand {
  /** Path or name of `deno`. */
  readonly execPath: string;
  readonly port: number;
  /** Path or URL of the module. */
  readonly module: string;
  /** Arguments after the module. */
  readonly args: readonly string[];
  readonly permissions: WorkerPermissions;
}

const NAMES = ["read", "write", "net", "env", "run", "sys", "ffi", "import"] as const;

/** Builds the argv: loopback only, no lock file, no prompt, just the listed permissions. */
export function workerCommand(worker: WorkerCommand): string[] {
  return [
    worker.execPath,
    "serve",
    "--no-lock",
    "--no-prompt",
    "--host",
    "127.0.0.1",
    "--port",
    String(worker.port),
    ...NAMES.flatMap((name) => flag(name, worker.permissions[name])),
    worker.module,
    ...worker.args,
  ];
}

/** An empty list allows nothing: a flag without values would allow everything. */
function flag(name: string, value: WorkerPermission | undefined): readonly string[] {
  if (value === true) return [`--allow-${name}`];
  if (value === undefined || value === false || value.length === 0) return [];
  return [`--allow-${name}=${value.join(",")}`];
}
