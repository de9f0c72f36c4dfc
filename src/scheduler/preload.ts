/**
 * Loading models before anybody asks for them, without taking anything from those who do ask.
 *
 * @module
 */

import { describeError, toGatewayError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Lease } from "./lease.ts";
import type { SchedulerSnapshot } from "./snapshot.ts";
import type { SchedulerSettings } from "./types.ts";

/** What {@link Preload} needs of a scheduler. */
export interface PreloadPort {
  /** Waits in line for a model. */
  acquire(model: string, options: { readonly signal: AbortSignal }): Promise<Pick<Lease<unknown>, "release">>;
  /** Who is active and waits. */
  snapshot(options: { readonly limit: number }): Pick<SchedulerSnapshot, "active" | "total">;
}

/** What {@link Preload} is made of. */
export interface PreloadOptions {
  /** Whose line it stands in. */
  readonly scheduler: PreloadPort;
  /** Where a load that fails is told; nobody else hears of it. */
  readonly log: Log;
  /** Models of which a process is there. */
  readonly running: () => readonly string[];
  /** Which core decides now, and which models it lets stay beside each other. */
  readonly settings: () => SchedulerSettings;
}

/**
 * Loads models one after the other, each through the ordinary line. Where they exclude each other the last one stays, as
 * with llama-swap; but a model that somebody else has loaded is never evicted for this, and nobody in line is delayed.
 */
export class Preload {
  readonly #options: PreloadOptions;
  #giveUp: (() => void) | null = null;

  /** Loads nothing yet. */
  constructor(options: PreloadOptions) {
    this.#options = options;
  }

  /** Loads these models in this order; a run before this one is given up. Never rejects. */
  async run(models: readonly string[]): Promise<void> {
    this.stop();
    const giveUp = new AbortController();
    this.#giveUp = () => giveUp.abort(new Error("the preload was given up"));
    const { signal } = giveUp;
    const own = new Set<string>();
    for (const model of models) {
      if (signal.aborted) return;
      if (this.#isInTheWay(model, own)) {
        this.#options.log.info(`Not preloading ${model}: it would displace what is in use`);
        continue;
      }
      own.add(model);
      await this.#load(model, signal);
    }
  }

  /** Begins no other load; one that runs ends as the scheduler ends those whose caller left. */
  stop(): void {
    this.#giveUp?.();
    this.#giveUp = null;
  }

  #isInTheWay(model: string, own: ReadonlySet<string>): boolean {
    const { scheduler, running, settings } = this.#options;
    const { active, total } = scheduler.snapshot({ limit: 0 });
    if (total > 0) return true;
    const evicted = evictedBy(settings(), model, running());
    return evicted.length > 0 && (active.length > 0 || evicted.some((other) => !own.has(other)));
  }

  async #load(model: string, signal: AbortSignal): Promise<void> {
    try {
      const lease = await this.#options.scheduler.acquire(model, { signal });
      lease.release();
    } catch (error) {
      if (signal.aborted) return;
      this.#options.log.warn(`Preloading ${model} failed: ${describeError(toGatewayError(error))}`);
    }
  }
}

function evictedBy(settings: SchedulerSettings, target: string, running: readonly string[]): readonly string[] {
  return settings.use === "fifo"
    ? settings.policy.evictedBy(target, running)
    : running.filter((model) => model !== target);
}
