/**
 * `berth version`.
 *
 * @module
 */

import { VERSION } from "../../version.ts";
import type { Command } from "../command.ts";
import { EXIT } from "../exit_codes.ts";

/** The line that llama-swap's `-version` prints too (spec §1.1.1). */
export const VERSION_LINE = `version: ${VERSION} (unknown), built at unknown`;

/** The command `version`. */
export const versionCommand: Command = {
  name: "version",
  summary: "Print the version",
  flags: [],
  run(_args, terminal) {
    terminal.out(VERSION_LINE);
    return EXIT.ok;
  },
};
