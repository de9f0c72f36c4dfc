/**
 * From the program's arguments to a command, and from what it throws to an exit code.
 *
 * @module
 */

import { ConfigErrors } from "../config/load.ts";
import { type Arguments, readArguments, UsageError } from "./arguments.ts";
import type { Command, Terminal } from "./command.ts";
import { COMMANDS, DEFAULT_COMMAND } from "./commands.ts";
import { ConfigFileError } from "./config_files.ts";
import { EXIT } from "./exit_codes.ts";
import { FlagConflictError } from "./flags.ts";
import { GatewayRefusedError, UnreachableError } from "./gateway_client.ts";
import { helpOf, overview } from "./help.ts";
import { findCommand, UnknownCommandError } from "./lookup.ts";
import { OutputError } from "./output.ts";

/** Runs the command that the arguments name; resolves with the exit code. */
export async function runProgram(args: readonly string[], terminal: Terminal): Promise<number> {
  let command: Command = DEFAULT_COMMAND;
  try {
    const named = args[0] !== undefined && !args[0].startsWith("-");
    const chosen = named ? findCommand(COMMANDS, args) : { command, rest: args };
    command = chosen.command;
    const given = readGiven(command, chosen.rest);
    if (!given.has("help")) return await command.run(given, terminal, COMMANDS);
    terminal.out(named ? helpOf(command) : overview(COMMANDS, DEFAULT_COMMAND));
    return EXIT.ok;
  } catch (error) {
    return explainFailure(error, { command, terminal });
  }
}

function readGiven(command: Command, args: readonly string[]): Arguments {
  const asksForHelp = args[0] !== undefined && /^--?h(elp)?$/.test(args[0]);
  return readArguments(command, command.raw && !asksForHelp ? ["--", ...args] : args);
}

function explainFailure(
  error: unknown,
  { command, terminal }: { readonly command: Command; readonly terminal: Terminal },
): number {
  if (error instanceof FlagConflictError || error instanceof ConfigErrors || error instanceof ConfigFileError) {
    terminal.err(`berth: ${error.message}`);
    return EXIT.failed;
  }
  if (error instanceof UsageError) {
    const topic = error instanceof UnknownCommandError ? "" : ` ${command.name}`;
    terminal.err(`berth: ${error.message}\nTry: berth help${topic}`);
    return EXIT.usage;
  }
  if (error instanceof UnreachableError) {
    terminal.err(`berth: ${error.message}`);
    return EXIT.unreachable;
  }
  if (error instanceof GatewayRefusedError || error instanceof OutputError) {
    terminal.err(`berth: ${error.message}`);
    return EXIT.failed;
  }
  // Whoever read the result has closed the pipe, as in `berth schema | head`: there is nobody to tell.
  if (error instanceof Deno.errors.BrokenPipe) return EXIT.failed;
  throw error;
}
