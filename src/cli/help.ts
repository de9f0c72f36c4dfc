/**
 * The help texts, made from the table of commands.
 *
 * @module
 */

import { type FlagSpec, HELP_FLAG } from "./arguments.ts";
import type { Command } from "./command.ts";
import { EXIT_CODES_TEXT } from "./exit_codes.ts";

/** What `berth help` prints: every command, and the flags of the one that is meant when none is named. */
export function overview(commands: readonly Command[], fallback: Command): string {
  const rows = commands.map(({ name, summary }) => [name, summary] as const);
  return `Usage: berth [COMMAND] [flags]

Serves several local models on one accelerator, one at a time, in strict arrival order.

Commands ("berth help COMMAND" tells more):
${columns(rows)}

Flags of ${fallback.name}, which is meant when no command is named:
${flagLines([...fallback.flags, HELP_FLAG])}

Flags take one dash or two; "-flag value" or "-flag=value"; "-switch=false".

Exit codes:
${EXIT_CODES_TEXT}`;
}

/** What `berth help COMMAND` and `berth COMMAND --help` print. */
export function helpOf(command: Command): string {
  const { name, summary, details, flags, positionals } = command;
  const parts = [
    `Usage: berth ${name}${positionals === undefined ? "" : ` ${positionals.usage}`}${
      flags.length === 0 ? "" : " [flags]"
    }`,
    `${summary}.`,
    ...(details === undefined ? [] : [details]),
    `Flags:\n${flagLines([...flags, HELP_FLAG])}`,
  ];
  return parts.join("\n\n");
}

function flagLines(flags: readonly FlagSpec[]): string {
  return columns(flags.map((flag) => [nameOf(flag), flag.help] as const));
}

function nameOf({ name, short, value }: FlagSpec): string {
  return `-${name}${short === undefined ? "" : `, -${short}`}${value === undefined ? "" : ` ${value}`}`;
}

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join("\n");
}
