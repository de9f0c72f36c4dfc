/**
 * Berth: a gateway that runs several local models on one accelerator, one at a time, in strict arrival order.
 *
 * The host program: arguments, output, exit code. Nothing else knows them.
 *
 * @module
 */

import type { Terminal } from "./src/cli/command.ts";
import { flushLogs, showsColor, writeMessage, writeWhole } from "./src/cli/output.ts";
import { isGranted } from "./src/cli/permissions.ts";
import { runProgram } from "./src/cli/run.ts";

const TERMINAL: Terminal = {
  out: (text) => writeWhole(Deno.stdout, new TextEncoder().encode(`${text}\n`)),
  outBytes: (bytes) => writeWhole(Deno.stdout, bytes),
  err: (text) => writeMessage(Deno.stderr, new TextEncoder().encode(`${text}\n`)),
  color: showsColor(Deno.stdout),
  env: (name) => isGranted({ name: "env", variable: name }) ? Deno.env.get(name) : undefined,
};

if (import.meta.main) {
  const code = await runProgram(Deno.args, TERMINAL);
  await flushLogs();
  Deno.exit(code);
}
