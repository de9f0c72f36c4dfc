/**
 * The gateway's own log lines, behind one small interface so that the library under it can be replaced in this file.
 *
 * @module
 */

/** How much a line matters, least first. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** Writes lines of one subject. */
export interface Log {
  /** Detail for finding a fault. */
  debug(message: string): void;
  /** A normal event an operator may want to see. */
  info(message: string): void;
  /** Something that works but deserves attention. */
  warn(message: string): void;
  /** Something that failed. */
  error(message: string): void;
}

/** Drops every line; for tests and embedding. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

/**
 * Starts work that nobody awaits: a failure is logged under `name` instead of ending the process.
 */
export function background(log: Log, name: string, work: Promise<unknown>): void {
  work.catch((error: unknown) =>
    log.error(`${name}: ${error instanceof Error ? error.stack ?? error.message : error}`)
  );
}
