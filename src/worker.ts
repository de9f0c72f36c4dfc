/**
 * The whole product as one edge-style worker: a value with `fetch`, mountable without a socket.
 *
 * The default export is the entry for `deno serve src/worker.ts`: it serves the embedded default config.
 *
 * @module
 */

import type { Probes } from "./backend/backend.ts";
import { Backends, type PresentProcess } from "./backend/backends.ts";
import { backendSpecs } from "./backend/specs.ts";
import type { BackendSpec, BackendTarget, Supervisor } from "./backend/types.ts";
import { type Clock, systemClock } from "./clock.ts";
import { DEFAULT_CONFIG_FILE, DEFAULT_CONFIG_TEXT } from "./config/default_config.ts";
import { type ConfigDifference, differenceOf } from "./config/difference.ts";
import { loadConfig } from "./config/load.ts";
import type { KeptPort } from "./config/sources.ts";
import type { Config } from "./config/types.ts";
import { GatewayError } from "./errors.ts";
import { Hops } from "./gateway/hops.ts";
import { OpenRequests } from "./gateway/open_requests.ts";
import { Peers } from "./gateway/peers.ts";
import { BodyMemory } from "./gateway/request/body_memory.ts";
import { createClients } from "./gateway/upstream/clients.ts";
import { OpenSockets } from "./gateway/websocket/open_sockets.ts";
import { background, createLog, type Log } from "./log.ts";
import { EventFeed } from "./observe/events.ts";
import { InFlight } from "./observe/in_flight.ts";
import { Logs } from "./observe/logs.ts";
import { type ConnectionInfo, createRoutes } from "./routes/app.ts";
import { type ConfigFiles, noConfigFiles } from "./routes/config.ts";
import { ResponseOwners } from "./routes/response_owners.ts";
import { modelStatus } from "./routing/model_status.ts";
import { Names } from "./routing/names.ts";
import type { CoreStart } from "./scheduler/core.ts";
import { misfitsOf } from "./scheduler/misfits.ts";
import { Preload } from "./scheduler/preload.ts";
import { Scheduler } from "./scheduler/scheduler.ts";
import type { SchedulerModel } from "./scheduler/types.ts";
import { type Listener, putInForce } from "./serving/request_context.ts";
import { VERSION } from "./version.ts";

/** A config to be served. */
export interface WorkerConfig {
  /** The effective configuration. */
  readonly config: Config;
  /** How each model's backend is run; see `backendSpecs`. */
  readonly specs: readonly BackendSpec[];
}

/** What the worker is built from. */
export interface WorkerEnv extends WorkerConfig {
  /** Where the gateway's own lines go. */
  readonly log: Log;
  /** The histories that the log routes show; of `log` only what is written to them. Empty ones unless given. */
  readonly logs?: Logs;
  /** Time; the process's own clock unless given. */
  readonly clock?: Clock;
  /** Shows and reads again the files of the config; none can be unless given. */
  readonly configFiles?: ConfigFiles;
  /** Where it is reached; by http and from everywhere unless given. */
  readonly listener?: Listener;
  /** Starts processes; those of the operating system unless given. */
  readonly supervisor?: Supervisor;
  /** Asks backends whether they are ready; over the network unless given. */
  readonly probes?: Probes;
}

/** What a reload has done. */
export interface ReloadReport {
  /** What differs from the config before; when nothing does, nothing was done. */
  readonly difference: ConfigDifference;
  /** Models whose present process does not fit any more, or may not stay beside the others. */
  readonly draining: readonly string[];
  /** Resolves when they are gone; rejects when one cannot be stopped. */
  readonly drained: Promise<void>;
}

/** A running gateway without a socket. */
export interface Worker {
  /** Answers one request; never rejects. */
  fetch(request: Request, info?: ConnectionInfo): Promise<Response>;
  /**
   * Puts another config in force, in one go: `read` is told the ports of the processes that are there, and what it returns
   * holds for every request that arrives from then on. What is being answered goes on with the config that it began with;
   * models whose process would be the same keep it. What `read` throws is thrown on, and nothing has changed.
   *
   * @throws {GatewayError} `shutting_down` after {@link Worker.close}.
   */
  reload(read: (kept: ReadonlyMap<string, KeptPort>) => WorkerConfig): ReloadReport;
  /** Loads the models that the config wants loaded from the start, one after the other; never rejects. */
  preload(): Promise<void>;
  /**
   * Ends the gateway: every waiting and loading caller is refused with `shutting_down`, requests being served may go on
   * for `graceMs` (milliseconds), then all backends are stopped; by SIGKILL when `graceMs` is 0. Resolves when no backend
   * is left. May be called again with a shorter grace.
   */
  close(options: { readonly graceMs: number }): Promise<void>;
  /**
   * Resolves when every websocket that {@link Worker.close} closed has ended, a second later at the latest. A server that
   * shuts down before it cuts them, and their clients never see why.
   */
  websocketsClosed(): Promise<void>;
}

/** How long clients may take to answer the close of their websockets, in milliseconds. */
const SOCKETS_CLOSE_MS = 1000;

/** Under `deno serve`: how long requests being served may go on after a signal, in milliseconds. */
const SERVE_GRACE_MS = 10_000;

const ANYWHERE: Listener = { isLoopback: false, isTls: false };

/** Builds the gateway for a configuration. Nothing is spawned before the first request that needs it. */
export function createWorker(env: WorkerEnv): Worker {
  const { log, logs = new Logs(), configFiles = noConfigFiles(), listener = ANYWHERE } = env;
  const clock = env.clock ?? systemClock;
  let current = putInForce(env.config, listener);
  let scheduling = schedulingOf(env.config);
  let closed: GatewayError | null = null;
  const backends = new Backends({
    specs: env.specs,
    clock,
    log,
    onOutput: logs.writeOutput,
    ...(env.supervisor === undefined ? {} : { supervisor: env.supervisor }),
    ...(env.probes === undefined ? {} : { probes: env.probes }),
  });
  const scheduler = new Scheduler<BackendTarget>({ backends, clock, log, ...scheduling });
  const preload = new Preload({
    scheduler,
    log,
    running: () => [...backends.present().keys()],
    settings: () => scheduling.settings,
  });
  const phaseOf = (model: string) => backends.phaseOf(model);
  const names: Names = new Names({
    phaseOf,
    onChange(active) {
      log.info(active === null ? "No profile is in force" : `The profile ${JSON.stringify(active)} is in force`);
      events.profileChanged();
    },
  });
  const inFlight = new InFlight({ clock });
  const events: EventFeed = new EventFeed({
    logs,
    inFlight,
    modelStatus: () => modelStatus(current.config, { phaseOf }),
    activeProfile: () => names.activeProfile,
    sessionHeaders: () => current.config.sessionHeaders,
    clock,
    log,
  });
  backends.subscribe(() => events.modelsChanged());
  const peers = new Peers();
  const sockets = new OpenSockets();
  const bodyMemory = new BodyMemory(env.config.limits.bodyMemoryBytes);
  const fetch = createRoutes({
    current: () => current,
    configFiles,
    scheduler,
    backends,
    names,
    inFlight,
    events,
    openRequests: new OpenRequests(),
    bodyMemory,
    peers,
    hops: new Hops(),
    sockets,
    responseOwners: new ResponseOwners(),
    clientFor: createClients((model) => current.config.models.get(model)?.timeouts),
    clock,
    log,
    logs,
    refusal: () => closed,
    isTls: listener.isTls,
    version: VERSION,
  });

  const runPreload = async () => {
    if (closed === null) await preload.run(current.config.preload);
  };

  return {
    fetch,
    reload(read) {
      if (closed !== null) throw closed;
      // From here to the end nothing is awaited: what runs cannot change in between.
      const next = read(portsOf(backends.present()));
      const difference = differenceOf(current.config, next.config);
      if (!difference.isAny) return { difference, draining: [], drained: Promise.resolve() };
      current = putInForce(next.config, listener);
      names.keepAfterReload(next.config);
      peers.reconfigure(next.config.peers);
      bodyMemory.setMax(next.config.limits.bodyMemoryBytes);
      events.modelsChanged();
      const rules = { before: scheduling.settings, after: next.config.scheduler };
      scheduling = schedulingOf(next.config);
      const outdated = backends.reconfigure(next.specs);
      const staying = [...backends.present().keys()].filter((model) => !outdated.includes(model));
      const draining = [...outdated, ...misfitsOf(rules, staying)].sort();
      const changed = new Set([...draining, ...difference.removed]);
      const drained = scheduler.reconfigure({ ...scheduling, changed });
      background(log, "preload", drained.then(runPreload, () => {}));
      return { difference, draining, drained };
    },
    preload: runPreload,
    websocketsClosed: () => within(clock, SOCKETS_CLOSE_MS, sockets.whenNone()),
    async close({ graceMs }) {
      closed = new GatewayError("shutting_down", "The gateway is shutting down");
      preload.stop();
      events.close();
      scheduler.close(closed);
      peers.refuse(closed);
      sockets.closeAll(1001, "The gateway is shutting down");
      await within(clock, graceMs, Promise.all([scheduler.drained(), peers.drained()]));
      peers.close(closed);
      try {
        await backends.close({ atOnce: graceMs === 0 });
      } finally {
        logs.close();
      }
    },
  };
}

function schedulingOf(config: Config): CoreStart {
  const models = [...config.models.values()].map(({ id, concurrencyLimit }): [string, SchedulerModel] => [
    id,
    concurrencyLimit === null ? {} : { limit: concurrencyLimit },
  ]);
  return { models: new Map(models), settings: config.scheduler };
}

function portsOf(present: ReadonlyMap<string, PresentProcess>): ReadonlyMap<string, KeptPort> {
  const ports = new Map<string, KeptPort>();
  for (const [model, { processKey, port }] of present) if (port !== null) ports.set(model, { processKey, port });
  return ports;
}

/** Resolves when `work` does, or after `timeoutMs`. */
async function within(clock: Clock, timeoutMs: number, work: Promise<unknown>): Promise<void> {
  const late = Promise.withResolvers<void>();
  const cancel = clock.after(timeoutMs, late.resolve);
  await Promise.race([work, late.promise]);
  cancel();
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
    platform: Deno.build.os === "windows" ? "windows" : "posix",
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
