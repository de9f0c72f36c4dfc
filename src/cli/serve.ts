/**
 * `berth serve`: config in, listener bound, signals handled, everything stopped at the end.
 *
 * @module
 */

import { backendSpecs } from "../backend/specs.ts";
import type { Config } from "../config/types.ts";
import { ConfigErrors, loadConfig } from "../config/load.ts";
import { background, createLog, type Log } from "../log.ts";
import { GatewayError } from "../errors.ts";
import { Logs } from "../observe/logs.ts";
import { createWorker, type Worker } from "../worker.ts";
import { ConfigFileError, isEmbedded, readConfigFiles, readEnvironment } from "./config_files.ts";
import { LOG_SINK } from "./output.ts";
import { isLoopback, type ListenAddress, type ServeOptions } from "./flags.ts";
import { describeMissing } from "./permissions.ts";

/** How long requests being served may go on after SIGINT or SIGTERM, in milliseconds. */
const SHUTDOWN_GRACE_MS = 30_000;

/** How long connections may take to end once no backend is left, in milliseconds. */
const LAST_BYTES_MS = 1_000;

/** Serves until SIGINT or SIGTERM; resolves with the exit code. */
export async function serve(options: ServeOptions): Promise<number> {
  const logs = new Logs(LOG_SINK);
  const log = createLog({ write: logs.writeLine });
  const loaded = readConfig(options, log);
  if (loaded === null) return 1;
  log.configure({ level: loaded.logLevel, timeFormat: loaded.logTimeFormat });
  logs.select(loaded.logToStdout);
  for (const notice of [...options.notices, ...describeMissing({ readsConfig: !isEmbedded(options.config) })]) {
    log.warn(notice);
  }

  const worker = createWorker({
    config: loaded,
    specs: backendSpecs(loaded, { configFile: options.config.file }),
    log,
    logs,
  });
  const server = listen(options.listen, worker, log);
  if (server === null) return 1;
  announce(server.addr, options, loaded, log);

  await untilStopped(worker, server, log);
  return 0;
}

function readConfig(options: ServeOptions, log: Log): Config | null {
  try {
    const { config, warnings } = loadConfig({ texts: readConfigFiles(options.config), env: readEnvironment });
    for (const warning of warnings) log.warn(warning.toString());
    if (config.scheduler.use === "serial") return config;
    log.error("routing.scheduler.use: the fifo scheduler is not available yet");
    return null;
  } catch (error) {
    if (!(error instanceof ConfigErrors || error instanceof ConfigFileError)) throw error;
    log.error(error.message);
    return null;
  }
}

function listen(address: ListenAddress, worker: Worker, log: Log): Deno.HttpServer<Deno.NetAddr> | null {
  try {
    return Deno.serve(
      {
        hostname: address.hostname,
        port: address.port,
        onListen() {},
        onError: (error) => {
          // What broke off with a code of ours was told where it happened.
          if (!(error instanceof GatewayError)) log.error(`A response broke: ${error}`);
          return new Response(null, { status: 500 });
        },
      },
      (request, info) => worker.fetch(request, { remoteAddr: info.remoteAddr }),
    );
  } catch (error) {
    log.error(`Cannot listen on ${format(address)}: ${error instanceof Error ? error.message : error}`);
    return null;
  }
}

function announce(address: Deno.NetAddr, options: ServeOptions, config: Config, log: Log): void {
  const shown = { hostname: reachable(address.hostname), port: address.port };
  log.info(`Listening on http://${format({ hostname: address.hostname, port: address.port })}`);
  if (!isLoopback(options.listen.hostname) && config.apiKeys.length === 0) {
    log.warn(
      `ANYONE who can reach ${format(options.listen)} can use and steer this gateway: no apiKeys are configured. ` +
        "Add apiKeys to the config, or listen on 127.0.0.1",
    );
  }
  const model = config.models.keys().next().value;
  if (model === undefined) return;
  const body = JSON.stringify({ model, messages: [{ role: "user", content: "The harbour at night" }] });
  const key = config.apiKeys.length > 0 ? " -H 'authorization: Bearer YOUR_KEY'" : "";
  log.info(
    `Try: curl http://${format(shown)}/v1/chat/completions -H 'content-type: application/json'${key} -d '${
      body.replaceAll("'", "'\\''")
    }'`,
  );
}

/** Waits for the first signal, then stops gently; a second signal stops at once. */
async function untilStopped(worker: Worker, server: Deno.HttpServer<Deno.NetAddr>, log: Log): Promise<void> {
  const { promise: asked, resolve: ask } = Promise.withResolvers<Deno.Signal>();
  let signals = 0;
  const onSignal = (signal: Deno.Signal) => {
    if (++signals === 1) return ask(signal);
    log.warn("Second signal: stopping at once");
    background(log, "shutdown", worker.close({ graceMs: 0 }));
  };
  const listeners = (["SIGINT", "SIGTERM"] as const).map((signal) => {
    const listener = () => onSignal(signal);
    Deno.addSignalListener(signal, listener);
    return () => Deno.removeSignalListener(signal, listener);
  });
  const signal = await asked;
  log.info(`${signal}: refusing what waits, finishing what is served, stopping backends (once more: at once)`);
  const stopped = worker.close({ graceMs: SHUTDOWN_GRACE_MS });
  const drained = server.shutdown();
  await stopped;
  // Whoever still sends a request body cannot hold the program: what is left of the connections ends with it.
  const { promise: late, resolve: giveUp } = Promise.withResolvers<void>();
  const timer = setTimeout(giveUp, LAST_BYTES_MS);
  await Promise.race([drained, late]);
  clearTimeout(timer);
  for (const remove of listeners) remove();
  log.info("Stopped");
}

/** An address that this machine can connect to, for one that it listens on. */
function reachable(hostname: string): string {
  if (hostname === "0.0.0.0") return "127.0.0.1";
  return hostname === "::" ? "::1" : hostname;
}

function format({ hostname, port }: ListenAddress): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}
