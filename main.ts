/**
 * Berth: a gateway that runs several local models on one accelerator, one at a time, in strict arrival order.
 *
 * The host program: arguments, exit codes. Nothing else knows them.
 *
 * @module
 */

import { FlagConflictError, parseArguments, UsageError } from "./src/cli/flags.ts";
import { USAGE } from "./src/cli/usage.ts";
import { serve } from "./src/cli/serve.ts";
import { serveTiny } from "./src/cli/tiny.ts";
import { VERSION } from "./src/version.ts";

if (import.meta.main) Deno.exit(await main(Deno.args));

/** Runs the program; resolves with its exit code: 0 done, 1 failed, 2 arguments not understood. */
async function main(args: readonly string[]): Promise<number> {
  try {
    const invocation = parseArguments(args);
    switch (invocation.command) {
      case "serve":
        return await serve(invocation.options);
      case "tiny":
        return await serveTiny(invocation.args);
      case "version":
        print(`version: ${VERSION} (unknown), built at unknown`);
        return 0;
      case "help":
        print(USAGE);
        return 0;
      default:
        return invocation satisfies never;
    }
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    if (error instanceof FlagConflictError) {
      printError(`berth: ${error.message}`);
      return 1;
    }
    printError(`berth: ${error.message}\n\n${USAGE}`);
    return 2;
  }
}

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text + "\n"));
}

function printError(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(text + "\n"));
}
