/**
 * `berth serve`: the gateway itself.
 *
 * @module
 */

import type { Command } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { readServeOptions, SERVE_FLAGS } from "../flags.ts";
import { serve } from "../serve.ts";
import { VERSION_LINE } from "./version.ts";

/** The command `serve`, which is also meant when no command is named. */
export const serveCommand: Command = {
  name: "serve",
  summary: "Serve the models of a config; without a config those of the built-in one",
  details:
    `SIGINT and SIGTERM stop gently, a second one at once; SIGHUP reloads the config. docs/operating.md tells more.`,
  flags: SERVE_FLAGS,
  run(args, terminal) {
    if (!args.has("version")) return serve(readServeOptions(args));
    terminal.out(VERSION_LINE);
    return EXIT.ok;
  },
};
