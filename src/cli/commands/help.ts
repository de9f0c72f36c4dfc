/**
 * `berth help`.
 *
 * @module
 */

import { UsageError } from "../arguments.ts";
import type { Command } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { helpOf, overview } from "../help.ts";
import { findCommand } from "../lookup.ts";
import { serveCommand } from "./serve.ts";

/** The command `help`. */
export const helpCommand: Command = {
  name: "help",
  summary: "Print what there is, or how one command is used",
  flags: [],
  positionals: { usage: "[COMMAND]", min: 0, max: 2 },
  run({ positionals }, terminal, commands) {
    if (positionals.length === 0) {
      terminal.out(overview(commands, serveCommand));
      return EXIT.ok;
    }
    const { command, rest } = findCommand(commands, positionals);
    if (rest.length > 0) throw new UsageError(`Unexpected argument "${rest[0]}"`);
    terminal.out(helpOf(command));
    return EXIT.ok;
  },
};
