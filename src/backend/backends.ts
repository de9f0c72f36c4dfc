/**
 * All backends, as the scheduler needs them.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { GatewayError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { LogHistory } from "../observe/log_history.ts";
import { Backend, type Probes } from "./backend.ts";
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

/** Starts, stops and lends the backends of all models. */
export class Backends {
  readonly #backends = new Map<string, Backend>();
  readonly #listeners = new Set<(model: string, phase: BackendPhase) => void>();
  readonly #supervisor: Supervisor;

  /** Starts nothing. */
  constructor({ specs, clock, log, onOutput, supervisor, probes }: BackendsOptions) {
    this.#supervisor = supervisor ?? new ProcessSupervisor({ clock, log, onOutput });
    for (const spec of specs) {
      const onPhase = (phase: BackendPhase) => {
        for (const listener of this.#listeners) listener(spec.model, phase);
      };
      const backend = new Backend({
        spec,
        supervisor: this.#supervisor,
        probes: probes ?? { http: httpProbe, connect: connectProbe },
        clock,
        log,
        onPhase,
      });
      this.#backends.set(spec.model, backend);
    }
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
    const backend = this.#require(model);
    await this.stop(evict);
    // An unload that runs is waited for first, so that an abort during it still starts nothing.
    while (backend.phase === "stopping" && !signal.aborted) await backend.stop();
    signal.throwIfAborted();
    await backend.ensureReady();
  }

  /** Stops these backends (null: all), together; resolves when no process of them is left. */
  async stop(models: readonly string[] | null): Promise<void> {
    const chosen = models === null ? [...this.#backends.values()] : models.map((model) => this.#require(model));
    const ends = await Promise.allSettled(chosen.map((backend) => backend.stop()));
    for (const end of ends) if (end.status === "rejected") throw end.reason;
  }

  /** Takes hold of a ready backend; throws a `GatewayError` when it is not ready. */
  hold(model: string): { readonly target: BackendTarget; release(): void } {
    return this.#require(model).hold();
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

  #require(model: string): Backend {
    const backend = this.#backends.get(model);
    if (backend === undefined) {
      throw new GatewayError("unknown_model", `The model ${JSON.stringify(model)} does not exist`);
    }
    return backend;
  }
}
