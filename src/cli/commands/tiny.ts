/**
 * `berth tiny`: the built-in model alone.
 *
 * @module
 */

import type { Command } from "../command.ts";
import { serveTiny } from "../tiny.ts";

/** The command `tiny`. */
export const tinyCommand: Command = {
  name: "tiny",
  summary: "Serve the built-in tiny model alone",
  details:
    "--port N is where it listens on 127.0.0.1 (default 8081). Everything else is the model's own, such as --name NAME.",
  flags: [],
  positionals: { usage: "[--port N] [MODEL FLAGS…]", min: 0, max: Infinity },
  raw: true,
  run: ({ positionals }) => serveTiny(positionals),
};
