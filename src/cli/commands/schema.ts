/**
 * `berth schema`: the JSON Schema of a config, for editors.
 *
 * @module
 */

import { configJsonSchema } from "../../config/json_schema.ts";
import type { Command } from "../command.ts";
import { EXIT } from "../exit_codes.ts";

/** The command `schema`. */
export const schemaCommand: Command = {
  name: "schema",
  summary: "Print the JSON Schema of a config, for editors",
  details: `An editor with a YAML language server uses it after one line at the head of the config:
  # yaml-language-server: $schema=./config.schema.json`,
  flags: [],
  run(_args, terminal) {
    terminal.out(JSON.stringify(configJsonSchema(), null, 2));
    return EXIT.ok;
  },
};
