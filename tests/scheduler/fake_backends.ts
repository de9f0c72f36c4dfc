/**
 * Backends without processes: loads and stops end when the test says so, and two at once is noticed here.
 *
 * @module
 */

import type { Clock } from "../../src/clock.ts";
import { GatewayError } from "../../src/errors.ts";
import type { BackendPort, Hold } from "../../src/scheduler/backend_port.ts";
import type { BackendPhase } from "../../src/scheduler/types.ts";

/** A load that has not ended. */
export interface PendingLoad {
  readonly model: string;
  readonly evict: readonly string[];
  readonly signal: AbortSignal;
  succeed(): void;
  fail(error?: unknown): void;
}

/** A fake {@link BackendPort}: its target is the model's name and how many loads it took. */
export class FakeBackends implements BackendPort<string> {
  readonly loads: PendingLoad[] = [];
  readonly stops: { models: readonly string[] | null; succeed(): void; fail(error: unknown): void }[] = [];
  readonly holds = new Map<string, number>();
  readonly faults: string[] = [];
  loadCount = 0;
  /** Several models may be in memory: two at once is no fault. */
  allowsMany = false;
  /** Says what happens between the start of a load or stop and its end; null: the test ends it by hand. */
  pace: (() => Promise<unknown>) | null = null;
  readonly #running = new Map<string, BackendPhase>();
  #listener: (model: string, phase: BackendPhase) => void = () => {};

  async load(model: string, options: { evict: readonly string[]; signal: AbortSignal }): Promise<void> {
    this.loadCount++;
    const gate = Promise.withResolvers<void>();
    const load: PendingLoad = {
      model,
      ...options,
      succeed: () => gate.resolve(),
      fail: (error = new GatewayError("start_failed", "no")) => gate.reject(error),
    };
    this.loads.push(load);
    for (const other of options.evict) this.setPhase(other, "stopping");
    if (this.pace !== null) this.pace().then(load.succeed, load.fail);
    await gate.promise;
    if (options.signal.aborted) throw options.signal.reason;
    for (const other of options.evict) this.setPhase(other, "stopped");
    this.setPhase(model, "ready");
  }

  async stop(models: readonly string[] | null): Promise<void> {
    const gate = Promise.withResolvers<void>();
    this.stops.push({ models, succeed: () => gate.resolve(), fail: (error) => gate.reject(error) });
    if (this.pace !== null) this.pace().then(() => gate.resolve(), gate.reject);
    await gate.promise;
    for (const model of models ?? [...this.#running.keys()]) this.setPhase(model, "stopped");
  }

  hold(model: string): Hold<string> {
    if (this.#running.get(model) !== "ready") throw new GatewayError("backend_unreachable", "not ready");
    for (const [other, count] of this.allowsMany ? [] : this.holds) {
      if (other !== model && count > 0) this.faults.push(`${model} was granted while ${other} was held`);
    }
    this.holds.set(model, (this.holds.get(model) ?? 0) + 1);
    let held = true;
    return {
      target: `${model}#${this.loadCount}`,
      release: () => {
        if (!held) this.faults.push(`${model} was released twice`);
        held = false;
        this.holds.set(model, (this.holds.get(model) ?? 0) - 1);
      },
    };
  }

  subscribe(listener: (model: string, phase: BackendPhase) => void): () => void {
    this.#listener = listener;
    return () => {};
  }

  setPhase(model: string, phase: BackendPhase): void {
    if (phase === "stopped") this.#running.delete(model);
    else this.#running.set(model, phase);
    const ready = [...this.#running.values()].filter((one) => one === "ready");
    if (!this.allowsMany && ready.length > 1) this.faults.push("two are ready");
    this.#listener(model, phase);
  }
}

/** A clock that moves by hand. */
export class HandClock implements Clock {
  time = 0;
  readonly timers = new Set<{ at: number; run: () => void }>();

  now(): number {
    return this.time;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { at: this.time + delayMs, run };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }

  advance(ms: number): void {
    this.time += ms;
    for (const timer of [...this.timers].sort((a, b) => a.at - b.at)) {
      if (timer.at <= this.time && this.timers.delete(timer)) timer.run();
    }
  }
}

/** A real signal that counts the listeners on it. */
export function countedSignal(): { signal: AbortSignal; abort(reason?: unknown): void; listeners(): number } {
  const controller = new AbortController();
  const { signal } = controller;
  let count = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    count++;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    count = Math.max(0, count - 1);
    remove(...args);
  };
  return { signal, abort: (reason) => controller.abort(reason), listeners: () => count };
}
