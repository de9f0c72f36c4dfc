/**
 * All backends, as the scheduler needs them.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { GatewayError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { LogHistory } from "../observe/log_history.ts";
import { Backend, type BackendOptions, type Probes } from "./backend.ts";
import { connectProbe, httpProbe } from "./probe.ts";
import { ProcessSupervisor } from "./supervisor.ts";
import type { BackendPhase, BackendSpec, BackendTarget, Supervisor } from "./types.ts";

/** What {@link Backends} is made of. */
export interface BackendsOptions {
  /** How each model's backend is run. */
  readonly specs: Iterable<BackendSpec>;
  /** Time. */
  readonly clock: Clock;
  /** The gateway's log. */
  readonly log: Log;
  /** Is told what any backend prints. */
  readonly onOutput?: (chunk: Uint8Array) => void;
  /** Starts processes; those of the operating system unless given. */
  readonly supervisor?: Supervisor;
  /** Asks backends; over the network unless given. */
  readonly probes?: Probes;
}

/** One backend for an operator to see. */
export interface BackendView {
  /** Its model. */
  readonly model: string;
  /** What it is doing. */
  readonly phase: BackendPhase;
  /** Process id of its leader, if there is one. */
  readonly pid: number | null;
}

/** What a present process was started as. */
export interface PresentProcess {
  /** What it is made of. */
  readonly processKey: string;
  /** The port that the config gave it; `null` when it gave none. */
  readonly port: number | null;
}

/** Starts, stops and lends the backends of all models. */
export class Backends {
  readonly #backends = new Map<string, Backend>();
  /** Models that are gone from the config while a process of them is left. */
  readonly #retired = new Set<string>();
  readonly #listeners = new Set<(model: string, phase: BackendPhase) => void>();
  readonly #supervisor: Supervisor;
  readonly #parts: Pick<BackendOptions, "supervisor" | "probes" | "clock" | "log">;

  /** Starts nothing. */
  constructor({ specs, clock, log, onOutput, supervisor, probes }: BackendsOptions) {
    this.#supervisor = supervisor ?? new ProcessSupervisor({ clock, log, onOutput });
    this.#parts = {
      supervisor: this.#supervisor,
      probes: probes ?? { http: httpProbe, connect: connectProbe },
      clock,
      log,
    };
    for (const spec of specs) this.#add(spec);
  }

  /**
   * Puts other models in force, at once; starts and stops nothing. A model that is gone stays known until its process is
   * gone too; see {@link Backend.reconfigure} for one that stays. Returns the models whose present process does not fit any
   * more, ascending.
   */
  reconfigure(specs: Iterable<BackendSpec>): readonly string[] {
    const gone = new Set(this.#backends.keys());
    for (const spec of specs) {
      gone.delete(spec.model);
      this.#retired.delete(spec.model);
      const backend = this.#backends.get(spec.model);
      if (backend === undefined) this.#add(spec);
      else backend.reconfigure(spec);
    }
    for (const model of gone) {
      this.#retired.add(model);
      if (this.#backends.get(model)?.phase === "stopped") this.#forget(model);
    }
    return [...this.#backends].filter(([model, { fits }]) => !fits || this.#retired.has(model)).map(([model]) => model)
      .sort();
  }

  /** What runs now, starting and stopping included, by model. */
  present(): ReadonlyMap<string, PresentProcess> {
    const present = new Map<string, PresentProcess>();
    for (const [model, { present: spec }] of this.#backends) {
      if (spec !== null) present.set(model, { processKey: spec.processKey, port: spec.port });
    }
    return present;
  }

  /**
   * Stops every backend of `evict`, together, waits until none has a process left, then brings `model` to ready.
   *
   * After `signal` aborts it starts nothing any more. Rejects with a `GatewayError`; nothing was started when a stop failed.
   */
  async load(
    model: string,
    { evict, signal }: { readonly evict: readonly string[]; readonly signal: AbortSignal },
  ): Promise<void> {
    this.#require(model);
    await this.stop(evict);
    // An unload that runs is waited for first, so that an abort during it still starts nothing. What is awaited may take
    // its time, and a reload may come meanwhile: the model is looked up anew after each.
    while (this.#require(model).phase === "stopping" && !signal.aborted) await this.#require(model).stop();
    signal.throwIfAborted();
    await this.#require(model).ensureReady();
  }

  /** Stops these backends (null: all), together; resolves when no process of them is left, at once for unknown ones. */
  async stop(models: readonly string[] | null): Promise<void> {
    const chosen = models === null
      ? [...this.#backends.values()]
      : models.flatMap((model) => this.#backends.get(model) ?? []);
    const ends = await Promise.allSettled(chosen.map((backend) => backend.stop()));
    for (const end of ends) if (end.status === "rejected") throw end.reason;
  }

  /** Takes hold of a ready backend; throws a `GatewayError` when it is not ready. */
  hold(model: string): { readonly target: BackendTarget; release(): void } {
    return this.#require(model).hold();
  }

  /** Where a backend is reached by what does not count as use of it; `null` when it is not ready, or there is no such model. */
  readyTarget(model: string): BackendTarget | null {
    return this.#retired.has(model) ? null : this.#backends.get(model)?.readyTarget ?? null;
  }

  /** Tells the phase of every backend that is not stopped now, and every change from now on. */
  subscribe(listener: (model: string, phase: BackendPhase) => void): () => void {
    this.#listeners.add(listener);
    for (const [model, backend] of this.#backends) {
      if (backend.phase !== "stopped") listener(model, backend.phase);
    }
    return () => this.#listeners.delete(listener);
  }

  /** What every backend is doing. */
  snapshot(): readonly BackendView[] {
    return [...this.#backends].map(([model, { phase, pid }]) => ({ model, phase, pid }));
  }

  /** What the backend of `model` is doing; `stopped` for an unknown one. */
  phaseOf(model: string): BackendPhase {
    return this.#backends.get(model)?.phase ?? "stopped";
  }

  /** The last output of a model's backends, at most 100 KiB. */
  output(model: string): string {
    return this.#supervisor.output(model);
  }

  /** What a model's backends print, to be followed live; it outlives each of them. */
  history(model: string): LogHistory {
    return this.#supervisor.history(model);
  }

  /** Stops everything, then the supervisor's own helpers; `atOnce` by SIGKILL, also what a close before is waiting for. */
  async close({ atOnce = false }: { readonly atOnce?: boolean } = {}): Promise<void> {
    try {
      const stopped = this.stop(null);
      if (atOnce) { for (const backend of this.#backends.values()) backend.hurry(); }
      await stopped;
    } finally {
      await this.#supervisor.close();
    }
  }

  #add(spec: BackendSpec): void {
    const { model } = spec;
    const onPhase = (phase: BackendPhase) => {
      for (const listener of this.#listeners) listener(model, phase);
      if (phase === "stopped" && this.#retired.has(model)) this.#forget(model);
    };
    this.#backends.set(model, new Backend({ ...this.#parts, spec, onPhase }));
  }

  #forget(model: string): void {
    this.#retired.delete(model);
    this.#backends.delete(model);
    this.#supervisor.forget(model);
  }

  #require(model: string): Backend {
    const backend = this.#backends.get(model);
    if (backend === undefined || this.#retired.has(model)) {
      throw new GatewayError("unknown_model", `The model ${JSON.stringify(model)} does not exist`);
    }
    return backend;
  }
}
