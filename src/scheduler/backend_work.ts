/**
 * What a core wishes of the backends: loads and stops that take their time, and the facts that their ends are told as.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { GatewayError, toGatewayError } from "../errors.ts";
import { background, type Log } from "../log.ts";
import type { BackendPort } from "./backend_port.ts";
import type { Command, Event } from "./types.ts";

/** What {@link BackendWork} is made of. */
export interface BackendWorkOptions {
  /** Who does it. */
  readonly backends: Pick<BackendPort<unknown>, "load" | "stop">;
  /** Source of `at`. */
  readonly clock: Clock;
  /** Where faults are told. */
  readonly log: Log;
  /** Takes the facts. */
  readonly tell: (event: Event) => void;
  /** Hears of the end of an unload, before the fact is told; null when all its backends have exited. */
  readonly unloadEnded: (unloadId: number, error: GatewayError | null) => void;
}

/** One kind of command. */
type Of<Type extends Command["type"]> = Extract<Command, { type: Type }>;

/** Carries out the commands that concern backends, each at once; nothing here decides. */
export class BackendWork {
  readonly #options: BackendWorkOptions;
  readonly #loads = new Map<number, AbortController>();

  /** Nothing is under way yet. */
  constructor(options: BackendWorkOptions) {
    this.#options = options;
  }

  /** Begins a load, whose end is told as `loaded` or `loadFailed`. */
  load(command: Of<"load">): void {
    background(this.#options.log, "load", this.#load(command));
  }

  /** Makes sure that a load starts nothing from now on. */
  abandon(loadId: number): void {
    this.#loads.get(loadId)?.abort(new GatewayError("model_unloaded", "The load was abandoned"));
  }

  /** Begins an unload, whose end is told as `unloaded`. */
  stop(command: Of<"stop">): void {
    background(this.#options.log, "unload", this.#stop(command));
  }

  /** Begins to stop a stale backend, whose end is told as `retired`. */
  retire(command: Of<"retire">): void {
    background(this.#options.log, "retire", this.#retire(command));
  }

  async #load({ loadId, model, evict }: Of<"load">): Promise<void> {
    const { backends, clock, tell } = this.#options;
    const controller = new AbortController();
    this.#loads.set(loadId, controller);
    try {
      await backends.load(model, { evict, signal: controller.signal });
      tell({ type: "loaded", loadId, at: clock.now() });
    } catch (thrown) {
      tell({ type: "loadFailed", loadId, error: toGatewayError(thrown), at: clock.now() });
    } finally {
      this.#loads.delete(loadId);
    }
  }

  async #stop({ unloadId, models }: Of<"stop">): Promise<void> {
    const { clock, tell, unloadEnded } = this.#options;
    unloadEnded(unloadId, await this.#errorOfStop(models));
    tell({ type: "unloaded", unloadId, at: clock.now() });
  }

  async #retire({ retireId, model }: Of<"retire">): Promise<void> {
    const { clock, tell } = this.#options;
    const error = await this.#errorOfStop([model]);
    tell({ type: "retired", retireId, error, at: clock.now() });
  }

  /** Stops these backends; null when all have exited. */
  async #errorOfStop(models: readonly string[] | null): Promise<GatewayError | null> {
    try {
      await this.#options.backends.stop(models);
      return null;
    } catch (thrown) {
      return toGatewayError(thrown);
    }
  }
}
