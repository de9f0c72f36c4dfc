/**
 * The lease façade: promises and signals around a core, which alone decides.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { type GatewayError, toGatewayError } from "../errors.ts";
import type { Log } from "../log.ts";
import { AwaitedEnds } from "./awaited_ends.ts";
import type { BackendPort, Hold } from "./backend_port.ts";
import { BackendWork } from "./backend_work.ts";
import type { CoreStart } from "./core.ts";
import { EITHER_CORE, initialState, type State } from "./either_core.ts";
import { Inbox } from "./inbox.ts";
import { Caller, type CallerPort, type Lease } from "./lease.ts";
import { Positions } from "./positions.ts";
import { PublicIds } from "./public_ids.ts";
import { type SchedulerSnapshot, snapshotOf, type SnapshotOptions } from "./snapshot.ts";
import type { Command, Event, Ticket } from "./types.ts";
import { WakeUp } from "./wake_up.ts";

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
  /** Is told, before {@link Scheduler.acquire} returns, where the request waits; never when it was granted or refused at once. */
  readonly onWait?: (place: Place) => void;
}

/** Where a request waits. */
export interface Place {
  /** The head being 1; 0 when its load has begun and nobody is before it. */
  readonly position: number;
  /** How long it will wait, in milliseconds. */
  readonly estimateMs: number;
}

/** Hands out leases on the backends, in the order that its settings ask for. */
export class Scheduler<T> {
  readonly #backends: BackendPort<T>;
  readonly #clock: Clock;
  readonly #log: Log;
  #state: State;
  #nextTicket: Ticket = 1;
  readonly #callers = new Map<Ticket, Caller<T>>();
  readonly #ids = new PublicIds<Caller<T>>();
  readonly #positions: Positions;
  readonly #work: BackendWork;
  readonly #wakeUp: WakeUp;
  readonly #ends = new AwaitedEnds();
  readonly #inbox = new Inbox((event) => this.#step(event));
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
    idOf: (ticket) => this.#ids.idOf(ticket, this.#callers.get(ticket)),
  };

  /** Starts with an empty queue and subscribes to the backends for good. */
  constructor(options: SchedulerOptions<T>) {
    this.#backends = options.backends;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#state = initialState(options);
    this.#positions = new Positions(options.log, (ticket) => EITHER_CORE.positionOf(this.#state, ticket));
    this.#work = new BackendWork({
      backends: this.#backends,
      clock: this.#clock,
      log: this.#log,
      tell: (event) => this.#tell(event),
      unloadEnded: (unloadId, error) => this.#ends.ended(unloadId, error),
    });
    this.#wakeUp = new WakeUp(this.#clock, () => this.#tell({ type: "woke", at: this.#clock.now() }));
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
    const { signal, id, onPosition, onWait } = options;
    if (signal?.aborted) return Promise.reject(signal.reason);
    const caller = new Caller<T>(this.#port, { ticket: this.#nextTicket++, model, id, signal });
    this.#callers.set(caller.ticket, caller);
    if (onPosition !== undefined) this.#positions.listen(caller.ticket, onPosition);
    this.#tell({ type: "requested", ticket: caller.ticket, model, at: this.#clock.now() });
    if (caller.isWaiting) {
      // Whoever is served at once is asked for by its id next to never, and is then found without an index.
      if (id !== undefined) this.#ids.add(id, caller);
      onWait?.(this.#placeOf(caller));
    }
    return caller.wait();
  }

  /** The model that this request, waiting or active, is for; null when there is no such request. */
  modelOf(id: string): string | null {
    return this.#find(id)?.model ?? null;
  }

  /** Cancels the request with this public id, waiting or active; false when there is none. */
  cancel(id: string): boolean {
    const caller = this.#find(id);
    if (caller === undefined) return false;
    this.#tell({ type: "cancelAsked", ticket: caller.ticket, at: this.#clock.now() });
    return true;
  }

  /** The caller of this request has left, though its signal does not say so; false when there is no such request. */
  leave(id: string, reason: GatewayError): boolean {
    const caller = this.#find(id);
    caller?.leave(reason);
    return caller !== undefined;
  }

  /**
   * Takes these models (null: all) out of memory and fails the requests that wait for them.
   *
   * Resolves when their backends have exited; rejects with a `GatewayError` when one has not.
   */
  unload(models: readonly string[] | null): Promise<void> {
    return this.#ends.ask((unloadId) => this.#tell({ type: "unloadAsked", unloadId, models, at: this.#clock.now() }));
  }

  /**
   * Puts a new config in force, at once for whatever is decided from now on. Unchanged models notice nothing. A changed or
   * removed one that runs serves what it serves, is stopped then, and starts again with its new config.
   *
   * Resolves when every backend that ran with the config before has exited; rejects with a `GatewayError` when one has not.
   */
  reconfigure({ models, settings, changed }: Reconfiguration): Promise<void> {
    return this.#ends.ask((reloadId) =>
      this.#tell({ type: "reconfigured", reloadId, models, settings, changed, at: this.#clock.now() })
    );
  }

  /** Fails everything that waits or loads, and all that comes later, with `error`; serving requests go on. */
  close(error: GatewayError): void {
    this.#tell({ type: "closing", error, at: this.#clock.now() });
  }

  /** Resolves when no request is active or waiting. */
  drained(): Promise<void> {
    return EITHER_CORE.isEmpty(this.#state) ? Promise.resolve() : this.#ends.drain();
  }

  /** The place of this waiting request, the head being 1; null when it does not wait. */
  position(id: string): number | null {
    const caller = this.#find(id);
    return caller === undefined ? null : EITHER_CORE.positionOf(this.#state, caller.ticket);
  }

  /** How long this request will still wait until it is granted, in milliseconds; null when it does not wait. */
  estimateMs(id: string): number | null {
    const caller = this.#find(id);
    return caller === undefined || !caller.isWaiting ? null : this.#placeOf(caller).estimateMs;
  }

  /** How long a request for this model that came now would wait, in milliseconds. */
  estimateNextMs(model: string): number {
    const state = this.#state;
    return EITHER_CORE.forecast(state, this.#clock.now()).waitMs(EITHER_CORE.waitingCount(state) + 1, model);
  }

  /** What an operator may see: who is active, and a page of who waits. */
  snapshot(options: SnapshotOptions = {}): SchedulerSnapshot {
    const { limit, after } = options;
    const afterPosition = after === undefined ? 0 : this.position(after) ?? 0;
    const state = this.#state;
    const now = this.#clock.now();
    return snapshotOf({
      running: state.running,
      forecast: EITHER_CORE.forecast(state, now),
      active: EITHER_CORE.activeIn(state),
      waiting: EITHER_CORE.waitingIn(state, afterPosition),
      total: EITHER_CORE.waitingCount(state),
    }, { limit, now, afterPosition, idOf: this.#port.idOf });
  }

  #find(id: string): Caller<T> | undefined {
    return this.#ids.find(id) ?? this.#callers.values().find(({ knownId }) => knownId === id);
  }

  #placeOf({ ticket, model }: Caller<T>): Place {
    const forecast = EITHER_CORE.forecast(this.#state, this.#clock.now());
    const position = EITHER_CORE.positionOf(this.#state, ticket);
    if (position !== null) return { position, estimateMs: forecast.waitMs(position, model) };
    return { position: 0, estimateMs: forecast.loadMs(model) };
  }

  #tell(event: Event): void {
    this.#inbox.take(event);
    if (this.#ends.isDrainAwaited && !this.#inbox.isBusy && EITHER_CORE.isEmpty(this.#state)) this.#ends.drained();
  }

  readonly #hasSlot = (ticket: Ticket) => EITHER_CORE.phaseOf(this.#state, ticket) !== null;

  #step(event: Event): void {
    const step = EITHER_CORE.transition(this.#state, event);
    this.#state = step[0];
    this.#ids.prune(this.#hasSlot);
    for (const command of step[1]) this.#execute(command);
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
        return this.#work.load(command);
      case "abandon":
        return this.#work.abandon(command.loadId);
      case "stop":
        return this.#work.stop(command);
      case "retire":
        return this.#work.retire(command);
      case "reloaded":
        return this.#ends.ended(command.reloadId, command.error);
      case "interrupt":
        return this.#interrupt(command.ticket, command.error);
      case "announce":
        return this.#positions.announce();
      case "wakeAt":
        return this.#wakeUp.set(command.at);
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

  #forget(ticket: Ticket): void {
    const caller = this.#callers.get(ticket);
    if (caller === undefined) return;
    this.#callers.delete(ticket);
    this.#positions.forget(ticket);
    if (caller.knownId === undefined) return;
    // The slot of a load outlives its caller; that of a served request ends with what is told next.
    const phase = EITHER_CORE.phaseOf(this.#state, ticket);
    this.#ids.forget(caller, phase === "loading" || (phase !== null && this.#inbox.isBusy));
  }
}
