/**
 * The levels of `@std/log`.
 *
 * @module
 */

/** Levels by name. */
export const LogLevels = { NOTSET: 0, DEBUG: 10, INFO: 20, WARN: 30, ERROR: 40, CRITICAL: 50 } as const;

/** Name of a level. */
export type LevelName = keyof typeof LogLevels;

/** Value of a level. */
export type LogLevel = typeof LogLevels[LevelName];

/** The value of a level. Throws if there is none of that name. */
export function getLevelByName(name: LevelName): LogLevel {
  const level = LogLevels[name];
  if (level === undefined) throw new Error(`Cannot get log level: no level named ${name}`);
  return level;
}

/** The name of a level. Throws if there is none of that value. */
export function getLevelName(level: LogLevel): LevelName {
  for (const [name, value] of Object.entries(LogLevels)) {
    if (value === level) return name as LevelName;
  }
  throw new Error(`Cannot get log level: no name for level: ${level}`);
}
