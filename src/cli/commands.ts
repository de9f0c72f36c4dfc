/**
 * The table of commands, in the order in which help lists them.
 *
 * @module
 */

import type { Command } from "./command.ts";
import { checkCommand } from "./commands/check.ts";
import { completionCommand } from "./commands/completion.ts";
import { explainCommand } from "./commands/explain.ts";
import { helpCommand } from "./commands/help.ts";
import { logsCommand } from "./commands/logs.ts";
import { permissionsCommand } from "./commands/permissions.ts";
import { queueCommand } from "./commands/queue.ts";
import { reloadCommand } from "./commands/reload.ts";
import { schemaCommand } from "./commands/schema.ts";
import { serveCommand } from "./commands/serve.ts";
import { tinyCommand } from "./commands/tiny.ts";
import { unloadCommand } from "./commands/unload.ts";
import { versionCommand } from "./commands/version.ts";

/** Every command. */
export const COMMANDS: readonly Command[] = [
  serveCommand,
  checkCommand,
  explainCommand,
  schemaCommand,
  permissionsCommand,
  queueCommand,
  unloadCommand,
  reloadCommand,
  logsCommand,
  tinyCommand,
  completionCommand,
  versionCommand,
  helpCommand,
];

/** What is meant when no command is named. */
export const DEFAULT_COMMAND: Command = serveCommand;
