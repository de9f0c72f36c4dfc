/**
 * A world around either core with backends that stop and start in steps. It keeps its own book and throws at the first
 * broken promise: of `fifo`, of `serial`, and of a change between them.
 *
 * @module
 */

import { GatewayError } from "../../src/errors.ts";
import { countOf } from "../../src/scheduler/counts.ts";
import { EITHER_CORE, initialState, type State } from "../../src/scheduler/either_core.ts";
import type { FifoState } from "../../src/scheduler/fifo_state.ts";
import type {
  Command,
  Event,
  FifoSettings,
  RunningPhase,
  SchedulerSettings,
  SerialSettings,
} from "../../src/scheduler/types.ts";
import { checkForecast } from "./foreseen.ts";

/** What can happen. */
export const KINDS = [
  "request",
  "leave",
  "cancel",
  "advance",
  "loadFails",
  "serve",
  "lose",
  "crash",
  "idle",
  "unload",
  "unloadEnds",
  "reload",
  "retireEnds",
  "retireFails",
  "wake",
  "switch",
  "close",
] as const;

/** One thing that happens; `pick` chooses among what it may happen to. */
export interface Step {
  readonly kind: typeof KINDS[number];
  readonly pick: number;
}

/** The models of the world. */
export const NAMES: readonly string[] = ["a", "b", "c", "d", "e"];

type Told = Event extends infer E ? E extends Event ? Omit<E, "at"> : never : never;
type Standing = "unsettled" | "held" | "lost" | "over";
interface Load {
  readonly model: string;
  readonly evict: readonly string[];
  readonly use: SchedulerSettings["use"];
  stage: "evicting" | "starting";
  isAbandoned: boolean;
}

const SERIAL: SerialSettings = { use: "serial", parallel: 2, maxQueue: 1000, maxWaitMs: null };

/** See the module. */
export class FifoWorld {
  state: State;
  now = 0;
  readonly #fifo: FifoSettings;
  readonly #callers = new Map<number, { model: string; standing: Standing; wasServed: boolean }>();
  readonly #loads = new Map<number, Load>();
  /** Stops that have not ended, and what is left of each. */
  readonly #unloads = new Map<number, Set<string>>();
  readonly #retires = new Map<number, string | null>();
  readonly #stale = new Map<string, boolean>();
  readonly #reloads = new Set<number>();
  readonly #running = new Map<string, RunningPhase>();
  readonly #inbox: Told[] = [];
  #settings: SchedulerSettings;
  #models = new Set(NAMES);
  #id = 0;
  #isBusy = false;
  #isClosed = false;
  readonly #isPairwise: boolean;

  /**
   * `isPairwise` says of the policy that whether a model goes depends on the target alone. Otherwise a start may free
   * somebody who waits; he starts when what goes on then ends, at the latest.
   */
  constructor(settings: FifoSettings, isPairwise: boolean) {
    this.#isPairwise = isPairwise;
    this.#fifo = settings;
    this.#settings = settings;
    this.state = initialState({ models: this.#configured(0), settings });
  }

  step({ kind, pick }: Step): void {
    this.now += pick % 7;
    switch (kind) {
      case "request": {
        const model = NAMES[pick % NAMES.length] ?? "a";
        const ticket = ++this.#id;
        this.#callers.set(ticket, { model, standing: "unsettled", wasServed: false });
        return this.#tell({ type: "requested", ticket, model });
      }
      case "leave":
        return this.#with(this.#standing("unsettled", "lost"), pick, (ticket) => {
          this.#become(ticket, "over");
          this.#tell({ type: "cancelled", ticket });
        });
      case "cancel":
        return this.#with([...this.#callers.keys()], pick, (ticket) => this.#tell({ type: "cancelAsked", ticket }));
      case "advance":
        return this.#with([...this.#loads.keys()], pick, (loadId) => this.#advance(loadId));
      case "loadFails":
        return this.#with([...this.#loads.keys()], pick, (loadId) => this.#failLoad(loadId));
      case "serve":
        return this.#with(this.#standing("held"), pick, (ticket) => {
          this.#become(ticket, "over");
          this.#tell({ type: "served", ticket });
          this.#tell({ type: "served", ticket });
        });
      case "lose":
        return this.#with(this.#standing("held"), pick, (ticket) => {
          if (pick % 2 === 0) this.#phase(this.#modelOf(ticket), "stopped");
          this.#become(ticket, "lost");
          this.#tell({ type: "lost", ticket });
        });
      case "crash":
        return this.#with([...this.#running.keys()], pick, (model) => this.#phase(model, "stopped"));
      case "idle": {
        const idle = [...this.#running].filter(([model, phase]) => phase === "ready" && !this.#serves(model));
        return this.#with(idle, pick, ([model]) => this.#phase(model, "stopping"));
      }
      case "unload":
        return this.#tell({
          type: "unloadAsked",
          unloadId: ++this.#id,
          models: pick % 5 === 0 ? null : [NAMES[pick % NAMES.length] ?? "a"],
        });
      case "unloadEnds":
        return this.#with([...this.#unloads.keys()], pick, (unloadId) => this.#endUnload(unloadId));
      case "reload":
        return this.#reload(pick, this.#settings);
      case "retireEnds":
        return this.#with([...this.#retires.keys()], pick, (retireId) => this.#endRetire(retireId, true));
      case "retireFails":
        return this.#with([...this.#retires.keys()], pick, (retireId) => this.#endRetire(retireId, pick % 4 !== 0));
      case "wake":
        if (this.state.wakeAt === null) return;
        this.now = Math.max(this.now, this.state.wakeAt);
        return this.#tell({ type: "woke" });
      case "switch":
        return this.#reload(pick, this.#settings.use === "serial" ? this.#fifo : SERIAL);
      case "close":
        if (pick % 40 !== 0) return;
        this.#isClosed = true;
        this.#tell({ type: "closing", error: new GatewayError("shutting_down", "bye") });
        if (this.#standing("unsettled").length > 0) fail("somebody still waits after the close");
        return;
      default:
        kind satisfies never;
    }
  }

  /** Ends everything that was begun: then nobody may be left. */
  drain(): void {
    for (let round = 0; round < 10_000; round++) {
      const [unload] = this.#unloads.keys();
      const [retire] = this.#retires.keys();
      const [load] = this.#loads.keys();
      const [held] = this.#standing("held");
      if (unload !== undefined) this.#endUnload(unload);
      else if (retire !== undefined) this.#endRetire(retire, true);
      else if (load !== undefined) this.#advance(load);
      else if (held !== undefined) this.step({ kind: "serve", pick: 0 });
      else break;
    }
    if (this.#standing("unsettled", "held", "lost").length > 0) fail("the queue does not drain");
    if (!EITHER_CORE.isEmpty(this.state)) fail("something is left in the state");
    if (NAMES.some((name) => countOf(this.state.counts, name) > 0)) fail("a count leaks");
    if (this.#reloads.size > 0 || this.state.conditions.reload.open.size > 0) fail("a reload never ended");
    if (this.#settings.use !== this.state.conditions.settings.use && !this.#isClosed) {
      fail("the other core never took over");
    }
  }

  /** A load goes one step on: what it evicts has stopped, then its target is ready. */
  #advance(loadId: number): void {
    const load = this.#loads.get(loadId);
    if (load === undefined) return;
    const { model, evict } = load;
    if (load.stage === "starting") {
      if (load.isAbandoned || this.#running.get(model) !== "starting") return this.#endLoad(loadId, false);
      this.#phase(model, "ready");
      return this.#endLoad(loadId, true);
    }
    for (const other of evict) if (this.#running.has(other)) this.#phase(other, "stopped");
    if (this.#running.get(model) === "stopping" && !load.isAbandoned) this.#phase(model, "stopped");
    if (load.isAbandoned) return this.#endLoad(loadId, false);
    if (this.#running.get(model) === "ready") return this.#endLoad(loadId, true);
    const others = [...this.#running.keys()].filter((other) => other !== model).sort();
    if (load.use === "serial" && others.length > 0) fail(`G1: ${model} begins to start beside ${others}`);
    const beside = this.#fifo.policy.evictedBy(model, others);
    if (beside.length > 0) fail(`${model} begins to start beside ${beside}, which the policy does not allow`);
    load.stage = "starting";
    this.#phase(model, "starting");
  }

  #failLoad(loadId: number): void {
    const load = this.#loads.get(loadId);
    if (load === undefined) return;
    if (load.stage === "starting" && !load.isAbandoned) this.#phase(load.model, "stopped");
    this.#endLoad(loadId, false);
  }

  #endLoad(loadId: number, isReady: boolean): void {
    this.#loads.delete(loadId);
    if (isReady) this.#tell({ type: "loaded", loadId });
    else this.#tell({ type: "loadFailed", loadId, error: new GatewayError("start_failed", "no") });
  }

  #endUnload(unloadId: number): void {
    for (const model of [...this.#unloads.get(unloadId) ?? []]) this.#phase(model, "stopped");
    this.#unloads.delete(unloadId);
    this.#tell({ type: "unloaded", unloadId });
  }

  #endRetire(retireId: number, isWell: boolean): void {
    const model = this.#retires.get(retireId) ?? null;
    this.#retires.delete(retireId);
    if (model !== null && isWell) this.#phase(model, "stopped");
    else if (model !== null) this.#stale.set(model, true);
    const error = model === null || isWell ? null : new GatewayError("stop_failed", "alive");
    this.#tell({ type: "retired", retireId, error });
  }

  #reload(pick: number, settings: SchedulerSettings): void {
    const before = this.#models;
    this.#settings = settings;
    this.#models = new Set(NAMES.filter((_, index) => (pick >> index) % 4 !== 3));
    const changed = new Set(
      NAMES.filter((name, index) => (before.has(name) && !this.#models.has(name)) || (pick >> (index + 2)) % 5 === 0),
    );
    if (!this.#isClosed) {
      for (const name of this.#stale.keys()) this.#stale.set(name, false);
      for (const name of changed) if (this.#running.has(name)) this.#stale.set(name, false);
    }
    const reloadId = ++this.#id;
    this.#reloads.add(reloadId);
    this.#tell({ type: "reconfigured", reloadId, models: this.#configured(pick), settings, changed });
  }

  #configured(pick: number): ReadonlyMap<string, { limit?: number }> {
    return new Map([...this.#models].map((name, index) => [name, (pick >> index) % 3 === 0 ? {} : { limit: 3 }]));
  }

  #phase(model: string, phase: RunningPhase | "stopped"): void {
    if (phase === "stopped") {
      this.#running.delete(model);
      this.#stale.delete(model);
      for (const left of this.#unloads.values()) left.delete(model);
      for (const [retireId, left] of this.#retires) if (left === model) this.#retires.set(retireId, null);
    } else {
      this.#running.set(model, phase);
    }
    this.#tell({ type: "backendChanged", model, phase });
  }

  /** As the façade does: what a command raises waits until the others of its event are carried out. */
  #tell(event: Told): void {
    this.#inbox.push(event);
    if (this.#isBusy) return;
    this.#isBusy = true;
    for (let next = this.#inbox.shift(); next !== undefined; next = this.#inbox.shift()) {
      const [state, commands] = EITHER_CORE.transition(this.state, { ...next, at: this.now } as Event);
      this.state = state;
      for (const command of commands) this.#obey(command);
    }
    this.#isBusy = false;
    this.#check();
  }

  #obey(command: Command): void {
    switch (command.type) {
      case "grant":
        return this.#obeyGrant(command.ticket, command.model);
      case "refuse": {
        const standing = this.#callers.get(command.ticket)?.standing;
        if (standing !== "unsettled" && standing !== "lost") fail(`${command.ticket} is refused when ${standing}`);
        return this.#become(command.ticket, "over");
      }
      case "load":
        return this.#obeyLoad(command);
      case "abandon": {
        const load = this.#loads.get(command.loadId);
        if (load === undefined || load.isAbandoned) fail("a load that does not run is abandoned");
        load.isAbandoned = true;
        return;
      }
      case "stop": {
        const models = command.models ?? [...this.#running.keys()];
        this.#unloads.set(command.unloadId, new Set(models));
        for (const model of models) this.#beginStop(model);
        return;
      }
      case "retire":
        if (this.#serves(command.model)) fail(`reload: ${command.model} is stopped while it serves`);
        if (!this.#stale.has(command.model)) fail(`reload: ${command.model} is not stale`);
        this.#retires.set(command.retireId, command.model);
        return this.#beginStop(command.model);
      case "reloaded":
        if (!this.#reloads.delete(command.reloadId)) fail("a reload ends twice");
        return;
      case "interrupt":
        if (this.#callers.get(command.ticket)?.standing !== "held") fail("a request that is not served is interrupted");
        return;
      case "announce":
      case "wakeAt":
        return;
      default:
        command satisfies never;
    }
  }

  #obeyGrant(ticket: number, model: string): void {
    const caller = this.#callers.get(ticket);
    if (caller?.standing !== "unsettled" && caller?.standing !== "lost") fail(`${ticket} is granted twice`);
    const same = this.#standing("unsettled").find((other) => this.#modelOf(other) === model);
    if (!caller.wasServed && same !== ticket) fail(`${ticket} overtook ${same}, which wants the same model`);
    if (this.#stale.has(model)) fail(`reload: ${ticket} is granted on a stale backend`);
    this.#become(ticket, "held");
  }

  #obeyLoad({ loadId, model, evict }: Extract<Command, { type: "load" }>): void {
    const { use } = this.state.conditions.settings;
    const live = [...this.#loads.values()].filter((load) => !load.isAbandoned);
    if (live.some((load) => load.model === model || use === "serial")) fail(`a second load beside that of ${model}`);
    if (!this.#standing("unsettled", "lost").some((ticket) => this.#modelOf(ticket) === model)) {
      fail(`nobody wants the load of ${model}`);
    }
    if (!this.#models.has(model)) fail(`${model} is not configured`);
    if (this.#stale.get(model) === false) fail(`reload: ${model} starts before its old backend has stopped`);
    if (use === "serial" && [...this.#stale.values()].includes(false)) {
      fail("G1: a load before a stale backend stopped");
    }
    const busy = evict.filter((other) => this.#serves(other));
    if (use === "fifo" && busy.length > 0) fail(`${busy} are stopped for ${model} while they serve`);
    const present = new Set([...this.#running.keys(), ...live.flatMap((load) => [load.model, ...load.evict])]);
    for (const ticket of this.#standing("held")) present.add(this.#modelOf(ticket));
    if (this.#running.get(model) === "ready" && !this.#stale.has(model)) present.add(model);
    else present.delete(model);
    const names = [...present].sort();
    const out = use === "serial"
      ? [...this.#running.keys()].filter((other) => other !== model)
      : this.#fifo.policy.evictedBy(model, names).filter((other) => other !== model);
    const expected = [...out, ...(this.#stale.has(model) ? [model] : [])].sort();
    if (expected.join() !== evict.join()) fail(`${evict} instead of ${expected} are stopped for ${model}`);
    for (const load of live) {
      const { policy } = this.#fifo;
      const isThere = this.#running.get(load.model) === "ready";
      if (!isThere && policy.evictedBy(load.model, [model]).length > 0) fail(`${model} loads beside ${load.model}`);
      if (policy.evictedBy(model, [load.model]).length > 0) fail(`${model} loads beside ${load.model}`);
    }
    this.#loads.set(loadId, { model, evict, use, stage: "evicting", isAbandoned: false });
    for (const other of evict) this.#beginStop(other);
  }

  #beginStop(model: string): void {
    if (this.#running.has(model)) this.#phase(model, "stopping");
  }

  #check(): void {
    checkForecast(this.state, this.now);
    const { wakeAt, conditions: { settings } } = this.state;
    if (this.#isPairwise && !this.#isClosed && (wakeAt === null || wakeAt > this.now)) {
      const [, more] = EITHER_CORE.transition(this.state, { type: "woke", at: this.now });
      const late = more.find(({ type }) => type === "grant" || type === "load" || type === "retire");
      if (late !== undefined) fail(`a wake-up was lost: ${JSON.stringify(late)}`);
    }
    const isQuiet = this.#loads.size + this.#unloads.size + this.#retires.size + this.#standing("held").length === 0;
    if (isQuiet && this.#standing("unsettled", "lost").length > 0) {
      fail("a wake-up was lost: somebody waits for nothing");
    }
    if (settings.use === "fifo") this.#checkBooks(this.state as FifoState);
  }

  /** What the state keeps beside its lists says what the callers say. */
  #checkBooks({ counts, conditions: { models }, inFlight, lanes }: FifoState): void {
    for (const model of models.keys()) {
      const mine = (...standing: Standing[]) => this.#standing(...standing).filter((t) => this.#modelOf(t) === model);
      if (countOf(counts, model) !== mine("unsettled", "held", "lost").length) fail(`${model} is counted wrongly`);
      if ((inFlight.get(model) ?? 0) !== mine("held").length) {
        fail(`${model} is in flight ${inFlight.get(model)} times`);
      }
    }
    const waiting = [...EITHER_CORE.waitingIn(this.state, 0)].map(({ model }) => model);
    if (lanes.size !== waiting.length || lanes.models !== new Set(waiting).size) fail("the lanes are counted wrongly");
  }

  #serves(model: string): boolean {
    return this.#standing("held").some((ticket) => this.#modelOf(ticket) === model);
  }

  #modelOf(ticket: number): string {
    return this.#callers.get(ticket)?.model ?? "";
  }

  #standing(...wanted: Standing[]): number[] {
    const found: number[] = [];
    for (const [ticket, { standing }] of this.#callers) if (wanted.includes(standing)) found.push(ticket);
    return found;
  }

  #become(ticket: number, standing: Standing): void {
    const caller = this.#callers.get(ticket);
    if (caller === undefined) return;
    caller.standing = standing;
    if (standing === "held") caller.wasServed = true;
  }

  #with<T>(from: readonly T[], pick: number, act: (chosen: T) => void): void {
    const chosen = from[pick % Math.max(1, from.length)];
    if (chosen !== undefined) act(chosen);
  }
}

function fail(message: string): never {
  throw new Error(message);
}
