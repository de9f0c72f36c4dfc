/**
 * A world around the pure core that carries out its wishes, keeps its own book, and throws at the first broken promise.
 *
 * @module
 */

import { GatewayError } from "../../src/errors.ts";
import { countOf } from "../../src/scheduler/counts.ts";
import { first, itemsAfter } from "../../src/scheduler/queue.ts";
import { initialState, transition } from "../../src/scheduler/serial_core.ts";
import type { SerialState } from "../../src/scheduler/serial_state.ts";
import type { Command, Event, RunningPhase, SerialSettings } from "../../src/scheduler/types.ts";
import { checkForecast } from "./foreseen.ts";

/** One thing that happens; `pick` chooses among what it may happen to. */
export interface Step {
  readonly kind:
    | "request"
    | "leave"
    | "cancel"
    | "loadEnds"
    | "loadFails"
    | "serve"
    | "lose"
    | "crash"
    | "unload"
    | "unloadEnds"
    | "reload"
    | "retireEnds"
    | "retireFails"
    | "preload"
    | "wake"
    | "close";
  readonly pick: number;
}

type Told = Event extends infer E ? E extends Event ? Omit<E, "at"> : never : never;
type Standing = "unsettled" | "held" | "lost" | "over";

const NAMES = ["a", "b", "c", "d"];
/** A limit that is never reached, so that requests are counted. */
const MANY = 1_000_000;

/** See the module. */
export class World {
  state: SerialState;
  readonly #callers = new Map<number, { model: string; standing: Standing; served: boolean }>();
  readonly #loads = new Map<number, { model: string; evict: readonly string[]; abandoned: boolean }>();
  readonly #unloads = new Map<number, readonly string[] | null>();
  readonly #running = new Map<string, RunningPhase>();
  /** The stops of stale backends, and which are left to be stopped; null: has stopped meanwhile. */
  readonly #retires = new Map<number, string | null>();
  /** Backends with the config before; true for one that could not be stopped. */
  readonly #stale = new Map<string, boolean>();
  /** Reloads that have not ended. */
  readonly #reloads = new Set<number>();
  #models = new Set(NAMES);
  #settings: SerialSettings;
  #ticket = 0;
  #unloadId = 0;
  #reloadId = 0;
  #now = 0;
  #closed = false;

  constructor(settings: SerialSettings) {
    this.#settings = settings;
    this.state = initialState({ models: new Map(NAMES.map((name) => [name, { limit: MANY }])), settings });
  }

  step({ kind, pick }: Step): void {
    this.#now += pick % 7;
    switch (kind) {
      case "request": {
        const model = NAMES[pick % NAMES.length] ?? "a";
        this.#callers.set(++this.#ticket, { model, standing: "unsettled", served: false });
        this.#tell({ type: "requested", ticket: this.#ticket, model });
        break;
      }
      case "leave": {
        const ticket = choose(this.#standing("unsettled", "lost"), pick);
        if (ticket === undefined) break;
        this.#become(ticket, "over");
        this.#tell({ type: "cancelled", ticket });
        break;
      }
      case "cancel": {
        const ticket = choose([...this.#callers.keys()], pick);
        if (ticket !== undefined) this.#tell({ type: "cancelAsked", ticket });
        break;
      }
      case "loadEnds":
        this.#endLoad(choose([...this.#loads.keys()], pick), true);
        break;
      case "loadFails":
        this.#endLoad(choose([...this.#loads.keys()], pick), false);
        break;
      case "serve": {
        const ticket = choose(this.#standing("held"), pick);
        if (ticket === undefined) break;
        this.#become(ticket, "over");
        this.#tell({ type: "served", ticket });
        this.#tell({ type: "served", ticket });
        break;
      }
      case "lose": {
        const ticket = choose(this.#standing("held"), pick);
        if (ticket === undefined) break;
        if (pick % 2 === 0) this.#phase(this.#callers.get(ticket)?.model ?? "", "stopped");
        this.#become(ticket, "lost");
        this.#tell({ type: "lost", ticket });
        break;
      }
      case "crash": {
        const model = choose([...this.#running.keys()], pick);
        if (model !== undefined) this.#phase(model, "stopped");
        break;
      }
      case "unload": {
        const unloadId = ++this.#unloadId;
        const models = pick % 5 === 0 ? null : [NAMES[pick % NAMES.length] ?? "a"];
        this.#tell({ type: "unloadAsked", unloadId, models });
        for (const [ticket, caller] of this.#callers) {
          const hit = models === null || models.includes(caller.model);
          if (hit && caller.standing === "unsettled") fail(`S16: ${ticket} survived an unload of its model`);
        }
        break;
      }
      case "unloadEnds":
        this.#endUnload(choose([...this.#unloads.keys()], pick));
        break;
      case "reload":
        this.#reload(pick);
        break;
      case "retireEnds":
        this.#endRetire(choose([...this.#retires.keys()], pick), null);
        break;
      case "retireFails":
        if (pick % 4 === 0) {
          this.#endRetire(choose([...this.#retires.keys()], pick), new GatewayError("stop_failed", "alive"));
        }
        break;
      case "preload":
        this.#phase(NAMES[pick % NAMES.length] ?? "a", pick % 2 === 0 ? "starting" : "stopping");
        break;
      case "wake":
        this.#now = Math.max(this.#now, this.state.wakeAt ?? 0);
        if (this.state.wakeAt !== null) this.#tell({ type: "woke" });
        break;
      case "close":
        if (pick % 40 !== 0) break;
        this.#closed = true;
        this.#tell({ type: "closing", error: new GatewayError("shutting_down", "bye") });
        if (this.#standing("unsettled").length > 0) fail("S19: somebody still waits after the close");
        break;
      default:
        kind satisfies never;
    }
  }

  /** Ends everything that was begun: then nobody may be left. */
  drain(): void {
    for (let round = 0; round < 10_000; round++) {
      const unload = [...this.#unloads.keys()][0];
      const load = [...this.#loads.keys()][0];
      const held = this.#standing("held")[0];
      const retire = [...this.#retires.keys()][0];
      if (unload !== undefined) this.#endUnload(unload);
      else if (retire !== undefined) this.#endRetire(retire, null);
      else if (load !== undefined) this.#endLoad(load, true);
      else if (held !== undefined) this.step({ kind: "serve", pick: 0 });
      else break;
    }
    if (this.#standing("unsettled", "held", "lost").length > 0) fail("the queue does not drain");
    if (
      this.state.active !== null || this.state.queue.size > 0 ||
      NAMES.some((name) => countOf(this.state.counts, name) > 0)
    ) {
      fail("something is left in the state");
    }
    if (this.#reloads.size > 0 || this.state.conditions.reload.open.size > 0) fail("a reload never ended");
  }

  #endLoad(loadId: number | undefined, ok: boolean): void {
    const load = loadId === undefined ? undefined : this.#loads.get(loadId);
    if (loadId === undefined || load === undefined) return;
    if (!load.abandoned) {
      for (const other of [...this.#running.keys()]) {
        if (other !== load.model || load.evict.includes(other)) this.#phase(other, "stopped");
      }
      this.#phase(load.model, ok ? "ready" : "stopped");
    }
    this.#loads.delete(loadId);
    if (ok) this.#tell({ type: "loaded", loadId });
    else this.#tell({ type: "loadFailed", loadId, error: new GatewayError("start_failed", "no") });
  }

  #endUnload(unloadId: number | undefined): void {
    const models = unloadId === undefined ? undefined : this.#unloads.get(unloadId);
    if (unloadId === undefined || models === undefined) return;
    for (const model of models ?? [...this.#running.keys()]) this.#phase(model, "stopped");
    this.#unloads.delete(unloadId);
    this.#tell({ type: "unloaded", unloadId });
  }

  #reload(pick: number): void {
    const before = this.#models;
    this.#models = new Set(NAMES.filter((_, index) => (pick >> index) % 4 !== 3));
    const changed = new Set(
      NAMES.filter((name, index) => (before.has(name) && !this.#models.has(name)) || (pick >> (index + 2)) % 5 === 0),
    );
    if (!this.#closed) {
      for (const name of this.#stale.keys()) this.#stale.set(name, false);
      for (const name of changed) if (this.#running.has(name)) this.#stale.set(name, false);
    }
    this.#reloads.add(++this.#reloadId);
    this.#tell({
      type: "reconfigured",
      reloadId: this.#reloadId,
      models: new Map([...this.#models].map((name, index) => [name, (pick >> index) % 3 === 0 ? {} : { limit: MANY }])),
      settings: this.#settings,
      changed,
    });
  }

  #endRetire(retireId: number | undefined, error: GatewayError | null): void {
    const model = retireId === undefined ? undefined : this.#retires.get(retireId);
    if (retireId === undefined || model === undefined) return;
    this.#retires.delete(retireId);
    if (error === null && model !== null) this.#phase(model, "stopped");
    else if (model !== null) this.#stale.set(model, true);
    this.#tell({ type: "retired", retireId, error: model === null ? null : error });
  }

  #phase(model: string, phase: RunningPhase | "stopped"): void {
    if (phase === "stopped") {
      this.#stale.delete(model);
      for (const [retireId, left] of this.#retires) if (left === model) this.#retires.set(retireId, null);
    }
    if (phase === "stopped") this.#running.delete(model);
    else this.#running.set(model, phase);
    this.#tell({ type: "backendChanged", model, phase });
  }

  #tell(event: Told): void {
    const [state, commands] = transition(this.state, { ...event, at: this.#now } as Event);
    this.state = state;
    for (const command of commands) this.#obey(command);
    this.#check();
  }

  #obey(command: Command): void {
    switch (command.type) {
      case "grant": {
        const caller = this.#callers.get(command.ticket);
        if (caller?.standing !== "unsettled" && caller?.standing !== "lost") fail(`${command.ticket} is granted twice`);
        const earlier = this.#standing("unsettled")[0];
        if (!caller?.served && earlier !== command.ticket) fail(`S2: ${command.ticket} overtook ${earlier}`);
        if (this.#stale.has(command.model)) fail(`reload: ${command.ticket} is granted on a stale backend`);
        this.#become(command.ticket, "held");
        return;
      }
      case "refuse": {
        const standing = this.#callers.get(command.ticket)?.standing;
        if (standing !== "unsettled" && standing !== "lost") fail(`${command.ticket} is refused when ${standing}`);
        this.#become(command.ticket, "over");
        return;
      }
      case "load": {
        const { loadId, model, evict } = command;
        if ([...this.#loads.values()].some((load) => !load.abandoned)) fail("G1: two loads at once");
        if (this.#unloads.size > 0) fail("S18: a load while an unload is pending");
        if ([...this.#stale.values()].includes(false)) fail("G1: a load before a stale backend has stopped");
        const others = [...this.#running.keys()].filter((name) => name !== model || this.#stale.has(name)).sort();
        if (others.join() !== evict.join()) fail(`S4: ${evict} instead of ${others} is evicted for ${model}`);
        const next = this.#standing("lost")[0] ?? this.#standing("unsettled")[0];
        if (next === undefined || this.#callers.get(next)?.model !== model) {
          fail(`S9: nobody wants the load of ${model}`);
        }
        if (!this.#models.has(model)) fail(`S8: ${model} is not configured`);
        this.#loads.set(loadId, { model, evict, abandoned: false });
        return;
      }
      case "abandon": {
        const load = this.#loads.get(command.loadId);
        if (load === undefined || load.abandoned) fail("a load that does not run is abandoned");
        else load.abandoned = true;
        return;
      }
      case "stop":
        this.#unloads.set(command.unloadId, command.models);
        return;
      case "retire":
        if (this.#standing("held").some((ticket) => this.#callers.get(ticket)?.model === command.model)) {
          fail("reload: a backend that serves is stopped");
        }
        if (!this.#stale.has(command.model)) fail(`reload: ${command.model} is not stale`);
        this.#retires.set(command.retireId, command.model);
        return;
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

  #check(): void {
    checkForecast(this.state, this.#now);
    const held = this.#standing("held", "lost");
    const models = new Set(held.map((ticket) => this.#callers.get(ticket)?.model));
    const loading = [...this.#loads.values()].filter((load) => !load.abandoned);
    for (const load of loading) models.add(load.model);
    if (models.size > 1) fail(`S3: active for ${[...models]} at once`);
    if (held.length > this.#settings.parallel) fail(`G11: ${held.length} are active`);
    const waiting = [...itemsAfter(this.state.queue)].map(({ ticket }) => ticket);
    if (waiting.length > this.#settings.maxQueue) fail("G5: more wait than may");
    if (waiting.some((ticket) => this.#callers.get(ticket)?.standing !== "unsettled")) fail("S9: a gone caller waits");
    const idle = held.length === 0 && loading.length === 0;
    const draining = [...this.#stale].filter(([, isStuck]) => !isStuck).map(([model]) => model);
    for (const model of this.#closed ? [] : draining) {
      const serves = this.#standing("held").some((ticket) => this.#callers.get(ticket)?.model === model);
      if (!serves && ![...this.#retires.values()].includes(model)) fail(`reload: nobody stops the stale ${model}`);
    }
    const waitsForStops = this.#unloads.size > 0 || draining.length > 0;
    if (idle && !waitsForStops && waiting.length > 0) fail("a wake-up was lost: somebody waits for nothing");
    if (idle && !waitsForStops && this.state.active !== null) fail("S14: a slot is taken by nobody");
    const lost = this.#standing("lost").length > 0;
    if (lost && loading.length === 0 && !waitsForStops) fail("a wake-up was lost: a lost lease waits");
    this.#checkBooks();
    const { maxWaitMs } = this.#settings;
    const head = first(this.state.queue);
    if (maxWaitMs !== null && head !== undefined && (this.state.wakeAt ?? Infinity) > head.at + maxWaitMs) {
      fail("G5: nobody will wake the head in time");
    }
    if (this.#closed && loading.length > 0) fail("S19: a load runs after the close");
  }

  /** What the state keeps beside its lists, so that no event has to walk them, says what a walk would say. */
  #checkBooks(): void {
    const { queue, active, counts, conditions: { models } } = this.state;
    const turns = active === null ? [] : [...itemsAfter(active.turns)];
    const loading = turns.filter(({ phase }) => phase === "loading").length;
    if (active !== null && active.loading !== loading) fail(`${loading} are loading, not ${active.loading}`);
    const present = [...[...itemsAfter(queue)].map(({ model }) => model), ...turns.map(() => active?.model)];
    for (const name of NAMES) {
      const isLimited = models.get(name)?.limit !== undefined;
      const requests = isLimited ? present.filter((model) => model === name).length : 0;
      if (countOf(counts, name) !== requests) fail(`${countOf(counts, name)} are counted for ${name}, not ${requests}`);
    }
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
    if (standing === "held") caller.served = true;
  }
}

function choose<T>(from: readonly T[], pick: number): T | undefined {
  return from[pick % Math.max(1, from.length)];
}

function fail(message: string): never {
  throw new Error(message);
}
