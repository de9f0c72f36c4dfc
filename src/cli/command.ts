/**
 * What a command of the program is. Help, dispatch and shell completion read nothing else.
 *
 * @module
 */

import type { Arguments, ArgumentsSpec } from "./arguments.ts";

/** Where a command's words go, and what it knows of its surroundings. */
export interface Terminal {
  /** Writes a result and a newline to standard output. */
  out(text: string): void;
  /** Writes bytes of a result to standard output. */
  outBytes(bytes: Uint8Array): void;
  /** Writes a message and a newline to standard error. */
  err(text: string): void;
  /** Whether results may be coloured: standard output is a terminal, and `NO_COLOR` is not set. */
  readonly color: boolean;
  /** An environment variable; `undefined` when it is not set or may not be read. */
  env(name: string): string | undefined;
}

/** One command: what its user reads of it, and what it does. */
export interface Command extends ArgumentsSpec {
  /** One word, or two as in `config explain`. */
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** What help says besides the summary and the flags. */
  readonly details?: string;
  /** Whether it reads its arguments itself: they are its positionals, unread. */
  readonly raw?: boolean;
  /** Runs it; resolves with the exit code. `commands` is the table that it stands in. */
  run(args: Arguments, terminal: Terminal, commands: readonly Command[]): Promise<number> | number;
}
