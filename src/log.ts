/**
 * The gateway's own log lines, behind one small interface so that the library under it can be replaced in this file.
 *
 * @module
 */

import { BaseHandler, type LevelName, Logger, type LogRecord } from "@std/log";
import { formatTime } from "./log_time.ts";

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

/** What may change while a log is in use. */
export interface LogSettings {
  /** The least level that is written, in any case; an unknown or missing one is `info`. */
  readonly level?: string | undefined;
  /** Name of the layout of the time at the head of a line, in any case; none for `null`, an unknown or a missing one. */
  readonly timeFormat?: string | null | undefined;
}

/** A log whose level and time can be set anew. */
export interface ConfigurableLog extends Log {
  /** Sets both from the next line on; what is left out gets its default. */
  configure(settings: LogSettings): void;
}

/** What {@link createLog} makes a log of. */
export interface LogOptions extends LogSettings {
  /** Takes one line at a time, with its newline, and the same line as a terminal with colours should show it. */
  readonly write: (line: string, colored: string) => void;
  /** The subject, written in brackets before the level. */
  readonly name?: string | undefined;
  /** Tells the time; the system's unless given. */
  readonly now?: () => Date;
}

/**
 * Makes a log whose lines read `TIME [name] [LEVEL] text`. It asks for no permission.
 */
export function createLog(options: LogOptions): ConfigurableLog {
  let logger = createLogger(options, options);
  return {
    debug: (message) => void logger.debug(message),
    info: (message) => void logger.info(message),
    warn: (message) => void logger.warn(message),
    error: (message) => void logger.error(message),
    configure(settings) {
      logger = createLogger(options, settings);
    },
  };
}

function createLogger(options: LogOptions, settings: LogSettings): Logger {
  const handlers = [new LineHandler(options, settings.timeFormat ?? null)];
  return new Logger(options.name ?? "", toLevelName(settings.level), { handlers });
}

const ANSI = { DEBUG: "\x1b[90m", INFO: "\x1b[34m", WARN: "\x1b[33m", ERROR: "\x1b[31m" } as const;

class LineHandler extends BaseHandler {
  readonly #options: LogOptions;
  readonly #timeFormat: string | null;

  constructor(options: LogOptions, timeFormat: string | null) {
    super("DEBUG");
    this.#options = options;
    this.#timeFormat = timeFormat;
  }

  override handle(record: LogRecord): void {
    const { name, write, now = () => new Date() } = this.#options;
    const time = this.#timeFormat === null ? null : formatTime(this.#timeFormat, now());
    const head = `${time === null ? "" : `${time} `}${name ? `[${name}] ` : ""}`;
    const level = `[${record.levelName}]`;
    const ansi = ANSI[record.levelName as keyof typeof ANSI] ?? "";
    write(`${head}${level} ${record.msg}\n`, `${head}${ansi}${level}\x1b[0m ${record.msg}\n`);
  }

  /** Not called: {@link LineHandler.handle} writes. */
  override log(): void {}
}

function toLevelName(level: string | undefined): LevelName {
  switch (level?.trim().toLowerCase()) {
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
