/**
 * One model's backend: carries out what its lifecycle wishes, and tells it what happened.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { GatewayError, toGatewayError } from "../errors.ts";
import { background, type Log } from "../log.ts";
import { type Generation, newGeneration } from "./generation.ts";
import {
  dueAt,
  INITIAL_LIFE,
  type LifeCommand,
  type LifeEvent,
  type LifeState,
  phaseOf,
  transition,
} from "./lifecycle.ts";
import { MovableTimer } from "./movable_timer.ts";
import { probeUrl, waitUntilReady } from "./readiness.ts";
import type {
  BackendPhase,
  BackendSpec,
  BackendTarget,
  Exit,
  Leaving,
  Probe,
  RunningGroup,
  Supervisor,
} from "./types.ts";

/** What a backend is made of. */
export interface BackendOptions {
  /** How it is run. */
  readonly spec: BackendSpec;
  /** Starts its processes. */
  readonly supervisor: Supervisor;
  /** Asks whether it is ready. */
  readonly probes: Probes;
  /** Time. */
  readonly clock: Clock;
  /** Where its life is told. */
  readonly log: Log;
  /** Is told every change of phase when it happens. */
  readonly onPhase: (phase: BackendPhase) => void;
}

/** The two ways to ask a backend. */
export interface Probes {
  /** One GET. */
  readonly http: Probe;
  /** One connection. */
  readonly connect: Probe;
}

/** What is told while another event is carried out. */
interface Pending {
  readonly event: LifeEvent;
  readonly begin: (() => void) | undefined;
}

/** How many lines of output an operator is shown when a start fails. */
const LAST_LINES = 20;

/** The end of a backend that had no process. */
const NEVER_STARTED: Exit = { code: 127, signal: null };

/** One model's backend. */
export class Backend {
  readonly #options: BackendOptions;
  /** How the next start is done. */
  #spec: BackendSpec;
  #life: LifeState = INITIAL_LIFE;
  #current: Generation | null = null;
  readonly #timer: MovableTimer;
  readonly #inbox: Pending[] = [];
  #busy = false;
  #startWaiters: PromiseWithResolvers<void>[] = [];
  #stopWaiters: PromiseWithResolvers<void>[] = [];

  /** Starts nothing. */
  constructor(options: BackendOptions) {
    this.#options = options;
    this.#spec = options.spec;
    this.#timer = new MovableTimer(options.clock, () => this.#tell({ type: "due", at: this.#now() }));
  }

  /** What it is doing. */
  get phase(): BackendPhase {
    return phaseOf(this.#life);
  }

  /** Process id of the leader while there is one. */
  get pid(): number | null {
    return this.#current?.gone.signal.aborted === false ? this.#current.group?.pid ?? null : null;
  }

  /** How its present process was started; `null` when it has none. */
  get present(): BackendSpec | null {
    return this.phase === "stopped" ? null : this.#running?.spec ?? this.#spec;
  }

  /** Whether its present process, if any, is what its next start would be. */
  get fits(): boolean {
    const { present } = this;
    return present === null || sharesProcess(present, this.#spec);
  }

  /**
   * The next start is done as `spec` says. A present process with the same key goes on, and its bounds and its stop command
   * are the new ones at once; one with another key stays what it is until it is stopped, as its own spec says.
   */
  reconfigure(spec: BackendSpec): void {
    const current = this.phase === "stopped" ? null : this.#running;
    if (current === null || !sharesProcess(current.spec, spec)) {
      this.#spec = spec;
      return;
    }
    const previous = current.spec;
    this.#tell({ type: "retimed", previous, at: this.#now() }, () => {
      this.#spec = spec;
      current.spec = spec;
    });
  }

  /**
   * Resolves when it is ready, starting it if need be, also from *stopping*.
   *
   * Rejects with a `GatewayError`: `start_failed`, `start_timeout`, `stop_failed`, or `model_unloaded` when it is stopped.
   */
  ensureReady(): Promise<void> {
    const waiter = Promise.withResolvers<void>();
    this.#tell({ type: "ensure", at: this.#now() }, () => this.#startWaiters.push(waiter));
    return waiter.promise;
  }

  /** Resolves when no process of it is left; rejects with `stop_failed` when one survives SIGKILL. */
  stop(): Promise<void> {
    const waiter = Promise.withResolvers<void>();
    this.#tell({ type: "stop", at: this.#now() }, () => this.#stopWaiters.push(waiter));
    return waiter.promise;
  }

  /** Ends the grace of a stop that runs: SIGKILL now. Nothing happens when none runs. */
  hurry(): void {
    this.#tell({ type: "hurry", at: this.#now() });
  }

  /**
   * Takes hold of it, so that it is not unloaded for being idle.
   *
   * @throws {GatewayError} `backend_unreachable` when it is not ready.
   */
  hold(): { readonly target: BackendTarget; release(): void } {
    const current = this.#current;
    if (this.#life.state !== "ready" || current === null) {
      const { model } = this.#spec;
      throw new GatewayError("backend_unreachable", `The model ${JSON.stringify(model)} is not ready`);
    }
    const { target } = current;
    const { generation } = target;
    this.#tell({ type: "held", generation, at: this.#now() });
    return { target, release: () => this.#tell({ type: "released", generation, at: this.#now() }) };
  }

  /** Where it is reached, without a hold and without counting as use; `null` unless it is ready. */
  get readyTarget(): BackendTarget | null {
    return this.#life.state === "ready" ? this.#running?.target ?? null : null;
  }

  #now(): number {
    return this.#options.clock.now();
  }

  /** One event at a time: what is told while commands run waits here. `begin` runs just before the event counts. */
  #tell(event: LifeEvent, begin?: () => void): void {
    if (this.#busy) {
      this.#inbox.push({ event, begin });
      return;
    }
    this.#busy = true;
    try {
      begin?.();
      this.#step(event);
      for (let next = this.#inbox.shift(); next !== undefined; next = this.#inbox.shift()) {
        next.begin?.();
        this.#step(next.event);
      }
    } finally {
      this.#busy = false;
    }
  }

  #step(event: LifeEvent): void {
    const { onPhase, log } = this.#options;
    const before = this.phase;
    const [life, commands] = transition(this.#life, event, this.#bounds());
    this.#life = life;
    this.#timer.move(dueAt(life), { mayBeEarly: this.phase === before });
    if (this.phase !== before) {
      if (before === "ready") {
        const why: Leaving = event.type === "exited" ? "exited" : "stopped";
        this.#current?.leaving.abort(why);
      }
      log.debug(`${this.#spec.model}: ${before} → ${this.phase}`);
      onPhase(this.phase);
    }
    for (const command of commands) this.#execute(command);
  }

  /** The generation that the present state is about; a start that was only just decided has none yet. */
  get #running(): Generation | null {
    return this.#current?.target.generation === this.#life.generation ? this.#current : null;
  }

  /** What starts or runs is bound by its own spec; in any other state only the next start's bounds can matter. */
  #bounds(): BackendSpec {
    const runs = this.#life.state === "starting" || this.#life.state === "ready";
    return runs ? this.#running?.spec ?? this.#spec : this.#spec;
  }

  #execute(command: LifeCommand): void {
    switch (command.type) {
      case "spawn":
        return background(this.#options.log, `start of ${this.#spec.model}`, this.#spawn(command.generation));
      case "terminate":
      case "kill":
        return this.#end(command.type);
      case "started":
        return settle(this.#startWaiters.splice(0), null);
      case "startFailed":
        return settle(this.#startWaiters.splice(0), command.error);
      case "stopped":
        return settle(this.#stopWaiters.splice(0), null);
      case "stopFailed":
        return settle(this.#stopWaiters.splice(0), command.error);
      default:
        command satisfies never;
    }
  }

  async #spawn(generation: number): Promise<void> {
    const { supervisor, log } = this.#options;
    const spec = this.#spec;
    const current = newGeneration(spec, generation);
    this.#current = current;
    let ended = false;
    try {
      const group = await supervisor.start(spec, {
        exited: (exit) => {
          ended = true;
          if (this.#life.state === "ready") log.warn(`${spec.model}: its backend exited by itself (code ${exit.code})`);
          current.gone.abort(exit);
          const lastLines = supervisor.lastLines(spec.model, LAST_LINES);
          this.#tell({ type: "exited", generation, exit, lastLines, at: this.#now() });
        },
        gone: () => {
          // The last probe of this generation ends first, so that nothing of it is left.
          background(
            log,
            `probe of ${spec.model}`,
            current.probing.then(() => this.#tell({ type: "gone", generation, at: this.#now() })),
          );
        },
      });
      current.group = group;
      if (current.early !== null && !ended) end(group, current.early, current.spec);
    } catch (error) {
      current.gone.abort(NEVER_STARTED);
      return this.#tell({ type: "spawnFailed", generation, error: toGatewayError(error), at: this.#now() });
    }
    if (ended) return;
    current.probing = this.#waitUntilReady(generation, current);
    await current.probing;
  }

  async #waitUntilReady(generation: number, current: Generation): Promise<void> {
    const { probes, clock } = this.#options;
    const { spec } = current;
    const isStarting = () => this.#life.state === "starting" && this.#life.generation === generation;
    const ready = await waitUntilReady({
      url: spec.checkEndpoint === null ? spec.proxy : probeUrl(spec.proxy, spec.checkEndpoint),
      probe: spec.checkEndpoint === null ? probes.connect : probes.http,
      clock,
      signal: current.gone.signal,
      goOn: isStarting,
    });
    if (ready) this.#tell({ type: "probeOk", generation, at: this.#now() });
  }

  #end(how: "terminate" | "kill"): void {
    const current = this.#current;
    if (current === null) return;
    if (current.group === null) current.early = how;
    else end(current.group, how, current.spec);
  }
}

function sharesProcess(a: BackendSpec, b: BackendSpec): boolean {
  return a.processKey === b.processKey && a.port === b.port;
}

function end(group: RunningGroup, how: "terminate" | "kill", spec: BackendSpec): void {
  if (how === "kill") group.kill();
  else group.terminate(spec);
}

function settle(waiters: readonly PromiseWithResolvers<void>[], error: GatewayError | null): void {
  for (const waiter of waiters) {
    if (error === null) waiter.resolve();
    else waiter.reject(error);
  }
}
