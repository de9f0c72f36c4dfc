/**
 * The lease façade: promises and signals around a core, which alone decides.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { GatewayError, toGatewayError } from "../errors.ts";
import { background, type Log } from "../log.ts";
import type { BackendPort, Hold } from "./backend_port.ts";
import type { Core, CoreStart } from "./core.ts";
import { EITHER_CORE, initialState, type State } from "./either_core.ts";
import { Caller, type CallerPort, type Lease } from "./lease.ts";
import { Positions } from "./positions.ts";
import { PublicIds } from "./public_ids.ts";
import { type SchedulerSnapshot, snapshotOf, type SnapshotOptions } from "./snapshot.ts";
import type { Command, Event, Ticket } from "./types.ts";

/** What {@link Scheduler} is made of. */
export interface SchedulerOptions<T> extends CoreStart {
  /** The backends. */
  readonly backends: BackendPort<T>;
  /** Source of `at` and of the timer for `maxWait`. */
  readonly clock: Clock;
  /** Where faults of subscribers and ports are told. */
  readonly log: Log;
}

/** A changed config. */
export interface Reconfiguration extends CoreStart {
  /** The models whose own config differs from the one before, or that are gone. */
  readonly changed: ReadonlySet<string>;
}

/** How to {@link Scheduler.acquire}. */
export interface AcquireOptions {
  /** Aborts when the caller leaves; no meaning after the lease was granted, except while it is renewed. */
  readonly signal?: AbortSignal;
  /** The request's public id; made up when it is asked for and absent. Must be unique among live requests. */
  readonly id?: string;
  /** Is told the position, 1 being the head, whenever it changes while the request waits; at most once per microtask. */
  readonly onPosition?: (position: number) => void;
}

/** Hands out leases on the backends, in the order that its settings ask for. */
export class Scheduler<T> {
  readonly #backends: BackendPort<T>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #core: Core<State> = EITHER_CORE;
  #state: State;
  #nextTicket: Ticket = 1;
  #nextAskId = 1;
  readonly #callers = new Map<Ticket, Caller<T>>();
  readonly #ids = new PublicIds<Caller<T>>();
  readonly #positions: Positions;
  readonly #loads = new Map<number, AbortController>();
  /** The unloads and reloads that have not ended. */
  readonly #asked = new Map<number, PromiseWithResolvers<void>>();
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
    this.#state = initialState(options);
    this.#positions = new Positions(options.log, (ticket) => this.#core.positionOf(this.#state, ticket));
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
    if (id !== undefined) this.#ids.add(id, caller);
    if (onPosition !== undefined) this.#positions.listen(caller.ticket, onPosition);
    this.#tell({ type: "requested", ticket: caller.ticket, model, at: this.#clock.now() });
    return caller.wait();
  }

  /** Cancels the request with this public id, waiting or active; false when there is none. */
  cancel(id: string): boolean {
    const caller = this.#ids.find(id);
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
    return this.#ask((unloadId) => this.#tell({ type: "unloadAsked", unloadId, models, at: this.#clock.now() }));
  }

  /**
   * Puts a new config in force, at once for whatever is decided from now on. Unchanged models notice nothing. A changed or
   * removed one that runs serves what it serves, is stopped then, and starts again with its new config.
   *
   * Resolves when every backend that ran with the config before has exited; rejects with a `GatewayError` when one has not.
   */
  reconfigure({ models, settings, changed }: Reconfiguration): Promise<void> {
    return this.#ask((reloadId) =>
      this.#tell({ type: "reconfigured", reloadId, models, settings, changed, at: this.#clock.now() })
    );
  }

  /** Fails everything that waits or loads, and all that comes later, with `error`; serving requests go on. */
  close(error: GatewayError): void {
    this.#tell({ type: "closing", error, at: this.#clock.now() });
  }

  /** Resolves when no request is active or waiting. */
  drained(): Promise<void> {
    if (this.#core.isEmpty(this.#state)) return Promise.resolve();
    const drain = Promise.withResolvers<void>();
    this.#drains.push(drain);
    return drain.promise;
  }

  /** The place of this waiting request, the head being 1; null when it does not wait. */
  position(id: string): number | null {
    const caller = this.#ids.find(id);
    return caller === undefined ? null : this.#core.positionOf(this.#state, caller.ticket);
  }

  /** What an operator may see: who is active, and a page of who waits. */
  snapshot(options: SnapshotOptions = {}): SchedulerSnapshot {
    const { limit, after } = options;
    const afterPosition = after === undefined ? 0 : this.position(after) ?? 0;
    const state = this.#state;
    return snapshotOf({
      running: state.running,
      active: this.#core.activeIn(state),
      waiting: this.#core.waitingIn(state, afterPosition),
      total: this.#core.waitingCount(state),
    }, { limit, now: this.#clock.now(), afterPosition, idOf: (ticket) => this.#idOf(ticket) });
  }

  #ask(tell: (askId: number) => void): Promise<void> {
    const askId = this.#nextAskId++;
    const ended = Promise.withResolvers<void>();
    this.#asked.set(askId, ended);
    tell(askId);
    return ended.promise;
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
    if (this.#drains.length > 0 && this.#core.isEmpty(this.#state)) {
      for (const drain of this.#drains.splice(0)) drain.resolve();
    }
  }

  readonly #hasSlot = (ticket: Ticket) => this.#core.phaseOf(this.#state, ticket) !== null;

  #step(event: Event): void {
    const [state, commands] = this.#core.transition(this.#state, event);
    this.#state = state;
    this.#ids.prune(this.#hasSlot);
    for (const command of commands) this.#execute(command);
  }

  #execute(command: Command): void {
    switch (command.type) {
      case "grant":
        return this.#grant(command);
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
      case "retire":
        return background(this.#log, "retire", this.#retire(command.retireId, command.model));
      case "reloaded":
        return this.#answer(command.reloadId, command.error);
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

  #grant({ ticket, model, metadata }: Extract<Command, { type: "grant" }>): void {
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
    if (metadata !== undefined) caller.metadata = metadata;
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
    this.#answer(unloadId, await this.#errorOfStop(models));
    this.#tell({ type: "unloaded", unloadId, at: this.#clock.now() });
  }

  async #retire(retireId: number, model: string): Promise<void> {
    const error = await this.#errorOfStop([model]);
    this.#tell({ type: "retired", retireId, error, at: this.#clock.now() });
  }

  /** Stops these backends; null when all have exited. */
  async #errorOfStop(models: readonly string[] | null): Promise<GatewayError | null> {
    try {
      await this.#backends.stop(models);
      return null;
    } catch (thrown) {
      return toGatewayError(thrown);
    }
  }

  #answer(askId: number, error: GatewayError | null): void {
    const ended = this.#asked.get(askId);
    this.#asked.delete(askId);
    if (error === null) ended?.resolve();
    else ended?.reject(error);
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
    if (caller.knownId === undefined) return;
    // The slot of a load outlives its caller; that of a served request ends with what is told next.
    const phase = this.#core.phaseOf(this.#state, ticket);
    this.#ids.forget(caller, phase === "loading" || (phase !== null && this.#busy));
  }

  #idOf(ticket: Ticket): string {
    return this.#ids.idOf(ticket, this.#callers.get(ticket));
  }
}
