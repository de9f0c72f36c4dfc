/**
 * `berth tiny`: serves the built-in model alone, as a compiled binary does for itself.
 *
 * @module
 */

import { createTiny, type TinyServer } from "../tiny/tiny.ts";
import { UsageError } from "./arguments.ts";

/** Serves until SIGTERM or SIGINT; takes `--port N` (default 8081) and the built-in model's own flags. */
export async function serveTiny(args: readonly string[]): Promise<number> {
  const rest = [...args];
  const at = rest.findIndex((arg) => arg === "--port" || arg === "-port");
  const port = at < 0 ? 8081 : Number(rest.splice(at, 2)[1]);
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new UsageError("Flag --port of tiny needs a number from 0 to 65535");
  }
  const tiny = createOrExplain(rest);
  const server = Deno.serve({ hostname: "127.0.0.1", port }, (request) => tiny.fetch(request));
  const stop = () => void server.shutdown();
  Deno.addSignalListener("SIGINT", stop);
  Deno.addSignalListener("SIGTERM", stop);
  await server.finished;
  return 0;
}

function createOrExplain(args: readonly string[]): TinyServer {
  try {
    return createTiny(args);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
