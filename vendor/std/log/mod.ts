/**
 * Stand-in for the part of `jsr:@std/log` that `src/log.ts` uses: loggers that hand records to handlers.
 *
 * @module
 */

import { getLevelByName, getLevelName, type LevelName, type LogLevel, LogLevels } from "./levels.ts";

export { getLevelByName, getLevelName, type LevelName, type LogLevel, LogLevels };

/** One line before it is written. */
export class LogRecord {
  /** The text. */
  readonly msg: string;
  /** How much it matters. */
  readonly level: LogLevel;
  /** Name of {@link LogRecord.level}. */
  readonly levelName: LevelName;
  /** Name of the logger. */
  readonly loggerName: string;
  /** When it was made. */
  readonly datetime: Date = new Date();

  /** Makes the record. */
  constructor(options: { msg: string; args: unknown[]; level: LogLevel; loggerName: string }) {
    this.msg = options.msg;
    this.level = options.level;
    this.levelName = getLevelName(options.level);
    this.loggerName = options.loggerName;
  }
}

/** Turns a record into a line. */
export type FormatterFunction = (logRecord: LogRecord) => string;

/** What every handler can be given. */
export interface BaseHandlerOptions {
  /** Turns a record into a line; level and text unless given. */
  formatter?: FormatterFunction;
}

/** Where lines go. */
export abstract class BaseHandler {
  /** The least level that is written. */
  readonly level: LogLevel;
  /** Turns a record into a line. */
  formatter: FormatterFunction;

  /** Makes a handler that drops everything below `levelName`. */
  constructor(levelName: LevelName, options?: BaseHandlerOptions) {
    this.level = getLevelByName(levelName);
    this.formatter = options?.formatter ?? ((logRecord) => `${logRecord.levelName} ${logRecord.msg}`);
  }

  /** Writes a record that matters enough. */
  handle(logRecord: LogRecord): void {
    if (this.level <= logRecord.level) this.log(this.format(logRecord));
  }

  /** Turns a record into a line. */
  format(logRecord: LogRecord): string {
    return this.formatter(logRecord);
  }

  /** Writes a line. */
  abstract log(msg: string): void;
}

/** A source of lines with a name and a least level. */
export class Logger {
  /** Where its lines go. */
  handlers: BaseHandler[];
  readonly #level: LogLevel;
  readonly #loggerName: string;

  /** Makes a logger that drops everything below `levelName`. */
  constructor(loggerName: string, levelName: LevelName, options: { handlers?: BaseHandler[] } = {}) {
    this.#loggerName = loggerName;
    this.#level = getLevelByName(levelName);
    this.handlers = options.handlers ?? [];
  }

  /** The least level that is handed on. */
  get level(): LogLevel {
    return this.#level;
  }

  /** Its name. */
  get loggerName(): string {
    return this.#loggerName;
  }

  /** Logs a detail. */
  debug(msg: string): string {
    return this.#log(LogLevels.DEBUG, msg);
  }

  /** Logs a normal event. */
  info(msg: string): string {
    return this.#log(LogLevels.INFO, msg);
  }

  /** Logs what deserves attention. */
  warn(msg: string): string {
    return this.#log(LogLevels.WARN, msg);
  }

  /** Logs a failure. */
  error(msg: string): string {
    return this.#log(LogLevels.ERROR, msg);
  }

  #log(level: LogLevel, msg: string): string {
    if (this.level > level) return msg;
    const record = new LogRecord({ msg, args: [], level, loggerName: this.loggerName });
    for (const handler of this.handlers) handler.handle(record);
    return msg;
  }
}
