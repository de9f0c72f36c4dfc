/**
 * Which command some words mean.
 *
 * @module
 */

import { nearestName } from "../config/suggestions.ts";
import { UsageError } from "./arguments.ts";
import type { Command } from "./command.ts";

/** No command has such a name. Exit code 2. */
export class UnknownCommandError extends UsageError {
  override readonly name = "UnknownCommandError";
}

/**
 * Finds the command that the words begin with, and what follows its name.
 *
 * @throws {UnknownCommandError} with the nearest name, or with the second words that a first one may have.
 */
export function findCommand(
  commands: readonly Command[],
  words: readonly string[],
): { readonly command: Command; readonly rest: readonly string[] } {
  for (const command of commands) {
    const name = command.name.split(" ");
    if (name.every((word, i) => words[i] === word)) return { command, rest: words.slice(name.length) };
  }
  const [first = ""] = words;
  const names = commands.map(({ name }) => name);
  const begun = names.filter((name) => name.startsWith(`${first} `));
  if (begun.length > 0) {
    throw new UnknownCommandError(
      `Command "${first}" needs one more word: ${begun.map((name) => `berth ${name}`).join(", ")}`,
    );
  }
  const near = nearestName(first, names);
  throw new UnknownCommandError(`Unknown command "${first}"${near === undefined ? "" : `. Did you mean "${near}"?`}`);
}
