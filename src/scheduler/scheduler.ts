/**
 * The lease façade: promises and signals around the serial core, which alone decides.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { GatewayError, toGatewayError } from "../errors.ts";
import { background, type Log } from "../log.ts";
import type { BackendPort, Hold } from "./backend_port.ts";
import { Caller, type CallerPort, type Lease } from "./lease.ts";
import { Positions } from "./positions.ts";
import { find, positionOf } from "./queue.ts";
import { initialState, transition } from "./serial_core.ts";
import { type SchedulerSnapshot, snapshotOf, type SnapshotOptions } from "./snapshot.ts";
import type { Command, Event, SchedulerModel, SerialSettings, State, Ticket, Turn } from "./types.ts";

/** What {@link SerialScheduler} is made of. */
export interface SchedulerOptions<T> {
  /** The backends. */
  readonly backends: BackendPort<T>;
  /** Source of `at` and of the timer for `maxWait`. */
  readonly clock: Clock;
  /** Where faults of subscribers and ports are told. */
  readonly log: Log;
  /** The configured models. */
  readonly models: ReadonlyMap<string, SchedulerModel>;
  /** The bounds. */
  readonly settings: SerialSettings;
}

/** How to {@link SerialScheduler.acquire}. */
export interface AcquireOptions {
  /** Aborts when the caller leaves; no meaning after the lease was granted, except while it is renewed. */
  readonly signal?: AbortSignal;
  /** The request's public id; made up when it is asked for and absent. Must be unique among live requests. */
  readonly id?: string;
  /** Is told the position, 1 being the head, whenever it changes while the request waits; at most once per microtask. */
  readonly onPosition?: (position: number) => void;
}

/** Serves requests in strict arrival order with one model in memory. */
export class SerialScheduler<T> {
  readonly #backends: BackendPort<T>;
  readonly #clock: Clock;
  readonly #log: Log;
  #state: State;
  #nextTicket: Ticket = 1;
  #nextUnloadId = 1;
  readonly #callers = new Map<Ticket, Caller<T>>();
  readonly #byId = new Map<string, Caller<T>>();
  readonly #positions: Positions;
  /** Public ids of callers that have left while their load still runs. */
  readonly #departed = new Map<Ticket, string>();
  readonly #loads = new Map<number, AbortController>();
  readonly #unloads = new Map<number, PromiseWithResolvers<void>>();
  readonly #drains: PromiseWithResolvers<void>[] = [];
  readonly #inbox: Event[] = [];
  #busy = false;
  #cancelTimer: (() => void) | null = null;
  readonly #port: CallerPort = {
    left: (ticket) => {
      this.#forget(ticket);
      this.#tell({ type: "cancelled", ticket, at: this.#clock.now() });
    },
    served: (ticket) => {
      this.#forget(ticket);
      this.#tell({ type: "served", ticket, at: this.#clock.now() });
    },
    lost: (ticket) => this.#tell({ type: "lost", ticket, at: this.#clock.now() }),
    idOf: (ticket) => this.#idOf(ticket),
  };

  /** Starts with an empty queue and subscribes to the backends for good. */
  constructor(options: SchedulerOptions<T>) {
    this.#backends = options.backends;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#state = initialState(options.models, options.settings);
    this.#positions = new Positions(options.log, (ticket) => positionOf(this.#state.queue, ticket));
    options.backends.subscribe((model, phase) =>
      this.#tell({ type: "backendChanged", model, phase, at: this.#clock.now() })
    );
  }

  /**
   * Waits in line for `model` and resolves with a lease, which the receiver must give back.
   *
   * Rejects with `signal.reason` as soon as the signal aborts, or with a `GatewayError`.
   */
  acquire(model: string, options: AcquireOptions = {}): Promise<Lease<T>> {
    const { signal, id, onPosition } = options;
    if (signal?.aborted) return Promise.reject(signal.reason);
    const caller = new Caller<T>(this.#port, { ticket: this.#nextTicket++, model, id, signal });
    this.#callers.set(caller.ticket, caller);
    if (id !== undefined) this.#byId.set(id, caller);
    if (onPosition !== undefined) this.#positions.listen(caller.ticket, onPosition);
    this.#tell({ type: "requested", ticket: caller.ticket, model, at: this.#clock.now() });
    return caller.wait();
  }

  /** Cancels the request with this public id, waiting or active; false when there is none. */
  cancel(id: string): boolean {
    const caller = this.#byId.get(id);
    if (caller === undefined) return false;
    this.#tell({ type: "cancelAsked", ticket: caller.ticket, at: this.#clock.now() });
    return true;
  }

  /**
   * Takes these models (null: all) out of memory and fails the requests that wait for them.
   *
   * Resolves when their backends have exited; rejects with a `GatewayError` when one has not.
   */
  unload(models: readonly string[] | null): Promise<void> {
    const unloadId = this.#nextUnloadId++;
    const ended = Promise.withResolvers<void>();
    this.#unloads.set(unloadId, ended);
    this.#tell({ type: "unloadAsked", unloadId, models, at: this.#clock.now() });
    return ended.promise;
  }

  /** Puts a new config in force; waiting requests for models that are gone fail when their turn comes. */
  reconfigure(config: Pick<SchedulerOptions<T>, "models" | "settings">): void {
    const { models, settings } = config;
    this.#tell({ type: "reconfigured", models, settings, at: this.#clock.now() });
  }

  /** Fails everything that waits or loads, and all that comes later, with `error`; serving requests go on. */
  close(error: GatewayError): void {
    this.#tell({ type: "closing", error, at: this.#clock.now() });
  }

  /** Resolves when no request is active or waiting. */
  drained(): Promise<void> {
    if (this.#isEmpty()) return Promise.resolve();
    const drain = Promise.withResolvers<void>();
    this.#drains.push(drain);
    return drain.promise;
  }

  /** The place of this waiting request, the head being 1; null when it does not wait. */
  position(id: string): number | null {
    const caller = this.#byId.get(id);
    return caller === undefined ? null : positionOf(this.#state.queue, caller.ticket);
  }

  /** What an operator may see: who is active, and a page of who waits. */
  snapshot(options: SnapshotOptions = {}): SchedulerSnapshot {
    return snapshotOf(this.#state, {
      ...options,
      now: this.#clock.now(),
      idOf: (ticket) => this.#idOf(ticket),
      afterPosition: options.after === undefined ? 0 : this.position(options.after) ?? 0,
    });
  }

  /** One event at a time: what a command's execution raises waits here, and sees the state that it belongs to. */
  #tell(event: Event): void {
    this.#inbox.push(event);
    if (this.#busy) return;
    this.#busy = true;
    let taken = 0;
    try {
      for (let next = this.#inbox[taken++]; next !== undefined; next = this.#inbox[taken++]) this.#step(next);
    } finally {
      this.#busy = false;
      if (taken > this.#inbox.length) this.#inbox.length = 0;
      else this.#inbox.splice(0, taken);
    }
    if (this.#drains.length > 0 && this.#isEmpty()) {
      for (const drain of this.#drains.splice(0)) drain.resolve();
    }
  }

  #step(event: Event): void {
    const [state, commands] = transition(this.#state, event);
    this.#state = state;
    if (this.#departed.size > 0) {
      for (const ticket of this.#departed.keys()) {
        if (turnOf(state, ticket) === undefined) this.#departed.delete(ticket);
      }
    }
    for (const command of commands) this.#execute(command);
  }

  #execute(command: Command): void {
    switch (command.type) {
      case "grant":
        return this.#grant(command.ticket, command.model);
      case "refuse": {
        const caller = this.#callers.get(command.ticket);
        this.#forget(command.ticket);
        return caller?.refused(command.error);
      }
      case "load":
        return background(this.#log, "load", this.#load(command));
      case "abandon":
        this.#loads.get(command.loadId)?.abort(new GatewayError("model_unloaded", "The load was abandoned"));
        return;
      case "stop":
        return background(this.#log, "unload", this.#stop(command.unloadId, command.models));
      case "interrupt":
        return this.#interrupt(command.ticket, command.error);
      case "announce":
        return this.#positions.announce();
      case "wakeAt":
        return this.#setTimer(command.at);
      default:
        command satisfies never;
    }
  }

  #grant(ticket: Ticket, model: string): void {
    const caller = this.#callers.get(ticket);
    if (caller === undefined) return this.#tell({ type: "served", ticket, at: this.#clock.now() });
    this.#positions.forget(ticket);
    let hold: Hold<T>;
    try {
      hold = this.#backends.hold(model);
    } catch (thrown) {
      caller.refused(toGatewayError(thrown));
      return this.#port.served(ticket);
    }
    caller.granted(hold);
  }

  #interrupt(ticket: Ticket, error: GatewayError): void {
    try {
      this.#callers.get(ticket)?.interrupt(error);
    } catch (thrown) {
      this.#log.error(`interrupt listener: ${thrown}`);
    }
  }

  async #load(command: Extract<Command, { type: "load" }>): Promise<void> {
    const { loadId, model, evict } = command;
    const controller = new AbortController();
    this.#loads.set(loadId, controller);
    try {
      await this.#backends.load(model, { evict, signal: controller.signal });
      this.#tell({ type: "loaded", loadId, at: this.#clock.now() });
    } catch (thrown) {
      this.#tell({ type: "loadFailed", loadId, error: toGatewayError(thrown), at: this.#clock.now() });
    } finally {
      this.#loads.delete(loadId);
    }
  }

  async #stop(unloadId: number, models: readonly string[] | null): Promise<void> {
    const ended = this.#unloads.get(unloadId);
    this.#unloads.delete(unloadId);
    try {
      await this.#backends.stop(models);
      ended?.resolve();
    } catch (thrown) {
      ended?.reject(toGatewayError(thrown));
    } finally {
      this.#tell({ type: "unloaded", unloadId, at: this.#clock.now() });
    }
  }

  #setTimer(at: number | null): void {
    this.#cancelTimer?.();
    this.#cancelTimer = at === null
      ? null
      : this.#clock.after(Math.max(0, at - this.#clock.now()), () =>
        this.#tell({ type: "woke", at: this.#clock.now() }));
  }

  #forget(ticket: Ticket): void {
    const caller = this.#callers.get(ticket);
    if (caller === undefined) return;
    this.#callers.delete(ticket);
    this.#positions.forget(ticket);
    const { knownId } = caller;
    if (knownId === undefined) return;
    if (this.#byId.get(knownId) === caller) this.#byId.delete(knownId);
    // The slot of a load outlives its caller; that of a served request ends with what is told next.
    const turn = turnOf(this.#state, ticket);
    if (turn?.phase === "loading" || (turn !== undefined && this.#busy)) this.#departed.set(ticket, knownId);
  }

  #idOf(ticket: Ticket): string {
    const caller = this.#callers.get(ticket);
    const id = caller?.knownId ?? this.#departed.get(ticket) ?? crypto.randomUUID();
    if (caller === undefined) this.#departed.set(ticket, id);
    else if (caller.knownId === undefined) {
      caller.knownId = id;
      this.#byId.set(id, caller);
    }
    return id;
  }

  #isEmpty(): boolean {
    return this.#state.active === null && this.#state.queue.size === 0;
  }
}

function turnOf({ active }: State, ticket: Ticket): Turn | undefined {
  return active === null ? undefined : find(active.turns, ticket);
}
