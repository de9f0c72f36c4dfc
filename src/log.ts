/**
 * The gateway's own log lines, behind one small interface so that the library under it can be replaced in this file.
 *
 * @module
 */

import { BaseHandler, type LevelName, Logger, type LogRecord } from "@std/log";

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

/** What {@link createLog} makes a log of. */
export interface LogOptions {
  /** The least level that is written, in any case; an unknown or missing one is `info`. */
  readonly level?: string | undefined;
  /** Takes one line at a time, with its newline. */
  readonly write: (line: string) => void;
  /** The subject, written in brackets before the level. */
  readonly name?: string | undefined;
  /** Whether the level is coloured for a terminal; false unless given. */
  readonly color?: boolean | undefined;
}

/**
 * Makes a log whose lines read `[name] [LEVEL] text`. It asks for no permission: colours are the caller's decision.
 */
export function createLog(options: LogOptions): Log {
  const logger = new Logger(options.name ?? "", toLevelName(options.level), { handlers: [new LineHandler(options)] });
  return {
    debug: (message) => void logger.debug(message),
    info: (message) => void logger.info(message),
    warn: (message) => void logger.warn(message),
    error: (message) => void logger.error(message),
  };
}

const ANSI = { DEBUG: "\x1b[90m", INFO: "\x1b[34m", WARN: "\x1b[33m", ERROR: "\x1b[31m" } as const;

class LineHandler extends BaseHandler {
  readonly #write: (line: string) => void;

  constructor({ write, name, color = false }: LogOptions) {
    super("DEBUG", { formatter: (record) => formatLine(record, name, color) });
    this.#write = write;
  }

  override log(line: string): void {
    this.#write(`${line}\n`);
  }
}

function formatLine(record: LogRecord, name: string | undefined, color: boolean): string {
  const ansi = color ? ANSI[record.levelName as keyof typeof ANSI] : undefined;
  const level = ansi ? `${ansi}[${record.levelName}]\x1b[0m` : `[${record.levelName}]`;
  return name ? `[${name}] ${level} ${record.msg}` : `${level} ${record.msg}`;
}

function toLevelName(level: string | undefined): LevelName {
  switch (level?.toLowerCase()) {
    case "debug":
      return "DEBUG";
    case "warn":
      return "WARN";
    case "error":
      return "ERROR";
    default:
      return "INFO";
  }
}
