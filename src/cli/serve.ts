/**
 * `berth serve`: config in, listener bound, signals handled, everything stopped at the end.
 *
 * @module
 */

import { systemClock } from "../clock.ts";
import { ConfigErrors } from "../config/load.ts";
import type { Config } from "../config/types.ts";
import { background, type ConfigurableLog, createLog, type Log } from "../log.ts";
import { Logs } from "../observe/logs.ts";
import { createWorker, type Worker, type WorkerConfig } from "../worker.ts";
import { ConfigFileError, isEmbedded } from "./config_files.ts";
import { ConfigReloader } from "./config_reloader.ts";
import type { ServeOptions, TlsFiles } from "./flags.ts";
import { announce, warnOfStrangers } from "./announce.ts";
import { listen, type ListenOptions, type Server } from "./listen.ts";
import { isLocal, ListenError } from "./listen_address.ts";
import { LOG_SINK } from "./output.ts";
import { describeMissing } from "./permissions.ts";
import { lookAt, lookAtFiles, watchConfig, watchFiles } from "./watch.ts";

/** How long requests being served may go on after SIGINT or SIGTERM, in milliseconds. */
const SHUTDOWN_GRACE_MS = 30_000;

/** How long connections may take to end once no backend is left, in milliseconds. */
const LAST_BYTES_MS = 1_000;

/** Serves until SIGINT or SIGTERM; resolves with the exit code. */
export async function serve(options: ServeOptions): Promise<number> {
  const logs = new Logs(LOG_SINK);
  const log = createLog({ write: logs.writeLine });
  const { config: paths } = options;
  const files = new ConfigReloader({
    paths,
    log,
    onInForce: (config) => {
      applyLogSettings(config, log, logs);
      warnOfStrangers(options.listen, config, log);
    },
  });
  // Until a config is in force a SIGHUP finds nothing to do; without a listener it would end the program.
  let onHangup = () => {};
  const deafen = onSignal("SIGHUP", () => onHangup());
  // What was there before the files are read: a change while they are read is noticed.
  const first = options.watch && !isEmbedded(paths) ? await lookAt(paths, log) : null;
  const loaded = readFirst(files, log);
  if (loaded === null) return 1;
  applyLogSettings(loaded.config, log, logs);
  for (const notice of [...options.notices, ...describeMissing({ readsConfig: !isEmbedded(paths) })]) log.warn(notice);

  const listener = { isLoopback: isLocal(options.listen), isTls: options.tls !== null };
  const worker = createWorker({ ...loaded, log, logs, configFiles: files, listener });
  files.attach(worker);
  const certificate = options.tls === null ? null : await seeCertificate(options.tls, log);
  const server = await startListening({ address: options.listen, tls: options.tls, worker, log });
  if (server === null) return 1;
  onHangup = () => {
    server.renewCertificate();
    files.reloadUnasked("SIGHUP");
  };
  const unwatch = first === null
    ? () => {}
    : watchConfig({ paths, first, clock: systemClock, log, onChange: () => files.reloadUnasked("The config changed") });
  const unwatchCertificate = certificate?.watch(() => server.renewCertificate());
  announce(loaded.config, { address: server.address, isTls: options.tls !== null, log });

  const stopped = untilStopped(worker, server, {
    log,
    onEnding: () => {
      unwatch();
      unwatchCertificate?.();
      onHangup = () => log.info("SIGHUP is ignored: the gateway is stopping");
    },
  });
  background(log, "preload", worker.preload());
  await stopped;
  deafen();
  return 0;
}

function readFirst(files: ConfigReloader, log: Log): WorkerConfig | null {
  try {
    const loaded = files.start();
    for (const warning of files.origin().warnings) log.warn(warning);
    return loaded;
  } catch (error) {
    if (!(error instanceof ConfigErrors || error instanceof ConfigFileError)) throw error;
    log.error(error.message);
    return null;
  }
}

/** Looks at the files of the certificate before they are read, so that a change in between is noticed. */
async function seeCertificate({ certFile, keyFile }: TlsFiles, log: Log): Promise<{
  /** Watches them from now on; returns the end of that. */
  watch(onChange: () => void): () => void;
}> {
  const look = () => lookAtFiles([certFile, keyFile], log);
  const first = await look();
  return { watch: (onChange) => watchFiles({ look, first, clock: systemClock, log, onChange }) };
}

async function startListening(options: ListenOptions): Promise<Server | null> {
  try {
    return await listen(options);
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    options.log.error(error.message);
    return null;
  }
}

function applyLogSettings(config: Config, log: ConfigurableLog, logs: Logs): void {
  log.configure({ level: config.logLevel, timeFormat: config.logTimeFormat });
  logs.select(config.logToStdout);
}

interface StoppingOptions {
  readonly log: Log;
  /** Called when the first signal has come. */
  readonly onEnding: () => void;
}

/** Waits for the first signal, then stops gently; a second signal stops at once. */
async function untilStopped(worker: Worker, server: Server, { log, onEnding }: StoppingOptions): Promise<void> {
  const { promise: asked, resolve: ask } = Promise.withResolvers<Deno.Signal>();
  let signals = 0;
  const hear = (signal: Deno.Signal) => {
    if (++signals === 1) return ask(signal);
    log.warn("Second signal: stopping at once");
    background(log, "shutdown", worker.close({ graceMs: 0 }));
  };
  const listeners = (["SIGINT", "SIGTERM"] as const).map((signal) => onSignal(signal, () => hear(signal)));
  const signal = await asked;
  onEnding();
  log.info(`${signal}: refusing what waits, finishing what is served, stopping backends (once more: at once)`);
  const stopped = worker.close({ graceMs: SHUTDOWN_GRACE_MS });
  await worker.websocketsClosed();
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

/** Calls `act` for each such signal instead of what the system would do; returns the end of that. */
function onSignal(signal: Deno.Signal, act: () => void): () => void {
  Deno.addSignalListener(signal, act);
  return () => Deno.removeSignalListener(signal, act);
}
