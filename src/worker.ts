/**
 * The whole product as one edge-style worker: a value with `fetch`, mountable without a socket.
 *
 * The default export is the entry for `deno serve src/worker.ts`: it serves the embedded default config.
 *
 * @module
 */

import { Backends } from "./backend/backends.ts";
import { backendSpecs } from "./backend/specs.ts";
import type { BackendSpec, BackendTarget } from "./backend/types.ts";
import { type Clock, systemClock } from "./clock.ts";
import { DEFAULT_CONFIG_FILE, DEFAULT_CONFIG_TEXT } from "./config/default_config.ts";
import { loadConfig } from "./config/load.ts";
import type { Config, ModelTimeouts } from "./config/types.ts";
import { GatewayError } from "./errors.ts";
import { UpstreamClient, type UpstreamOptions } from "./gateway/upstream/client.ts";
import { createLog, type Log } from "./log.ts";
import { Logs } from "./observe/logs.ts";
import { type ConnectionInfo, createRoutes } from "./routes/app.ts";
import { Scheduler } from "./scheduler/scheduler.ts";
import { VERSION } from "./version.ts";

/** What the worker is built from. */
export interface WorkerEnv {
  /** The effective configuration. */
  readonly config: Config;
  /** How each model's backend is run; see `backendSpecs`. */
  readonly specs: readonly BackendSpec[];
  /** Where the gateway's own lines go. */
  readonly log: Log;
  /** The histories that the log routes show; of `log` only what is written to them. Empty ones unless given. */
  readonly logs?: Logs;
  /** Time; the process's own clock unless given. */
  readonly clock?: Clock;
}

/** A running gateway without a socket. */
export interface Worker {
  /** Answers one request; never rejects. */
  fetch(request: Request, info?: ConnectionInfo): Promise<Response>;
  /**
   * Ends the gateway: every waiting and loading caller is refused with `shutting_down`, requests being served may go on
   * for `graceMs` (milliseconds), then all backends are stopped; by SIGKILL when `graceMs` is 0. Resolves when no backend
   * is left. May be called again with a shorter grace.
   */
  close(options: { readonly graceMs: number }): Promise<void>;
}

/** Under `deno serve`: how long requests being served may go on after a signal, in milliseconds. */
const SERVE_GRACE_MS = 10_000;

/** Builds the gateway for a configuration. Nothing is spawned before the first request that needs it. */
export function createWorker(env: WorkerEnv): Worker {
  const { config, log } = env;
  const clock = env.clock ?? systemClock;
  const logs = env.logs ?? new Logs();
  const backends = new Backends({ specs: env.specs, clock, log, onOutput: logs.writeOutput });
  const scheduler = new Scheduler<BackendTarget>({
    backends,
    clock,
    log,
    models: new Map(
      [...config.models.values()].map((m) => [m.id, m.concurrencyLimit === null ? {} : { limit: m.concurrencyLimit }]),
    ),
    settings: config.scheduler,
  });
  const fetch = createRoutes({
    config,
    scheduler,
    backends,
    clientFor: createClients(config),
    clock,
    log,
    logs,
    version: VERSION,
  });

  return {
    fetch,
    async close({ graceMs }) {
      scheduler.close(new GatewayError("shutting_down", "The gateway is shutting down"));
      await within(clock, graceMs, scheduler.drained());
      try {
        await backends.close({ atOnce: graceMs === 0 });
      } finally {
        logs.close();
      }
    },
  };
}

/** Resolves when `work` does, or after `timeoutMs`. */
async function within(clock: Clock, timeoutMs: number, work: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<void>();
  const cancel = clock.after(timeoutMs, late.resolve);
  await Promise.race([work, late.promise]);
  cancel();
}

/** One HTTP client per generation of a backend: its connections go when the process does. */
function createClients(config: Config): (target: BackendTarget) => UpstreamClient {
  const clients = new WeakMap<BackendTarget, UpstreamClient>();
  return (target) => {
    const known = clients.get(target);
    if (known !== undefined) return known;
    const client = new UpstreamClient({
      baseUrl: target.baseUrl,
      ...timeoutOptions(config.models.get(target.model)?.timeouts),
    });
    clients.set(target, client);
    if (target.gone.aborted) client.close();
    else target.gone.addEventListener("abort", () => client.close(), { once: true });
    return client;
  };
}

/** In a config 0 is no limit. */
function timeoutOptions(timeouts: ModelTimeouts | undefined): Partial<UpstreamOptions> {
  if (timeouts === undefined) return {};
  const toMs = (seconds: number) => seconds <= 0 ? null : seconds * 1000;
  return {
    connectTimeoutMs: toMs(timeouts.connect),
    headerTimeoutMs: toMs(timeouts.responseHeader),
    idleTimeoutMs: toMs(timeouts.idleConn),
    keepAlive: timeouts.keepalive > 0,
  };
}

/** The gateway over the embedded default config, made when the first request arrives. */
let served: Worker | undefined;

/** The entry for `deno serve src/worker.ts`: the embedded default config, without `--parallel`. */
export default {
  /** Answers one request. */
  fetch(request: Request, info?: ConnectionInfo): Promise<Response> {
    served ??= serveDefaultConfig();
    return served.fetch(request, info);
  },
};

if (import.meta.main) {
  refuseParallel();
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, stopServing);
}

/** `deno serve` ends its server on a signal, but not the program while backends run. */
function stopServing(): void {
  const end = () => Deno.exit(0);
  if (served === undefined) return end();
  served.close({ graceMs: SERVE_GRACE_MS }).then(end, end);
}

function serveDefaultConfig(): Worker {
  // deno-lint-ignore no-console -- an edge worker has no other place for its lines
  const logs = new Logs({ line: (line) => console.error(line.trimEnd()), output() {} });
  const log = createLog({ write: logs.writeLine });
  const { config } = loadConfig({
    texts: [{ text: DEFAULT_CONFIG_TEXT, file: DEFAULT_CONFIG_FILE }],
    env: () => undefined,
  });
  return createWorker({ config, specs: backendSpecs(config), log, logs });
}

/**
 * Ends the program when another isolate of it serves too: `deno serve --parallel` would give each thread a queue of its
 * own, and two models would be in memory at once. Isolates of one process hear each other on a broadcast channel.
 */
function refuseParallel(): void {
  const channel = new BroadcastChannel("berth-gateway");
  const refuse = () => {
    // deno-lint-ignore no-console -- an edge worker has no other place for its lines
    console.error("Berth refuses --parallel: each thread would have a queue of its own. Serve without it");
    Deno.exit(1);
  };
  channel.onmessage = ({ data }) => {
    if (data === "serving") channel.postMessage("refused");
    refuse();
  };
  channel.postMessage("serving");
}
