/**
 * Drives the pure core by short words and remembers every command.
 *
 * @module
 */

import { GatewayError } from "../../src/errors.ts";
import type { CommonState, Core } from "../../src/scheduler/core.ts";
import { EITHER_CORE, initialState as initialEither, type State } from "../../src/scheduler/either_core.ts";
import { FIFO_CORE, initialState as initialFifo } from "../../src/scheduler/fifo_core.ts";
import type { FifoState } from "../../src/scheduler/fifo_state.ts";
import { initialState, SERIAL_CORE } from "../../src/scheduler/serial_core.ts";
import type { SerialState } from "../../src/scheduler/serial_state.ts";
import type {
  BackendPhase,
  Command,
  Event,
  EvictionPolicyLike,
  FifoSettings,
  SchedulerModel,
  SchedulerSettings,
  SerialSettings,
} from "../../src/scheduler/types.ts";

/** Three models without limits. */
export const MODELS: ReadonlyMap<string, SchedulerModel> = new Map([["a", {}], ["b", {}], ["c", {}]]);

/** The product's defaults. */
export const SETTINGS: SerialSettings = { use: "serial", parallel: 1, maxQueue: 1000, maxWaitMs: null };

/** Every model excludes every other. */
export const ONE_AT_A_TIME: EvictionPolicyLike = {
  evictedBy: (target, running) => running.filter((m) => m !== target),
};

/** llama-swap's defaults, with models that exclude each other. */
export const FIFO_SETTINGS: FifoSettings = {
  use: "fifo",
  policy: ONE_AT_A_TIME,
  priorities: new Map(),
  maxAgeMs: null,
  maxWaitMs: null,
};

/** A policy by a table: which models each target stops. */
export function stops(table: Readonly<Record<string, string>>): EvictionPolicyLike {
  return { evictedBy: (target, running) => running.filter((model) => table[target]?.split(" ").includes(model)) };
}

type Told = Event extends infer E ? E extends Event ? Omit<E, "at"> : never : never;

/** One history of a core. */
export class CoreHistory<S extends CommonState> {
  state: S;
  now = 0;
  readonly log: Command[] = [];
  readonly #core: Core<S>;
  #settings: SchedulerSettings;
  #ticket = 0;
  #reloadId = 0;

  constructor(core: Core<S>, state: S, settings: SchedulerSettings) {
    this.#core = core;
    this.state = state;
    this.#settings = settings;
  }

  /** Tells one fact; returns its commands, announcements and timer wishes left out, in short words. */
  tell(event: Told): string[] {
    const [state, commands] = this.#core.transition(this.state, { ...event, at: this.now } as Event);
    this.state = state;
    this.log.push(...commands);
    return commands.map(word).filter((text) => text !== "");
  }

  request(model: string): string[] {
    this.#ticket++;
    return this.tell({ type: "requested", ticket: this.#ticket, model });
  }

  phase(model: string, phase: BackendPhase): string[] {
    return this.tell({ type: "backendChanged", model, phase });
  }

  /** The config changed; its settings stay as they were unless given. */
  reload(
    changed: readonly string[],
    { models = this.state.conditions.models, settings = this.#settings }: {
      models?: ReadonlyMap<string, SchedulerModel>;
      settings?: SchedulerSettings;
    } = {},
  ): string[] {
    this.#settings = settings;
    return this.tell({ type: "reconfigured", reloadId: ++this.#reloadId, models, settings, changed: new Set(changed) });
  }

  /** The backends do what a load asks, and tell its end; every command of that. */
  finishLoad(loadId: number, model: string): string[] {
    const load = this.log.find((command) => command.type === "load" && command.loadId === loadId);
    const said = load?.type === "load" ? load.evict.flatMap((other) => this.phase(other, "stopped")) : [];
    said.push(...this.phase(model, "ready"));
    said.push(...this.tell({ type: "loaded", loadId }));
    return said;
  }

  failLoad(loadId: number): string[] {
    return this.tell({ type: "loadFailed", loadId, error: new GatewayError("start_failed", "no") });
  }

  /** The last error that this ticket got. */
  error(ticket: number): GatewayError | undefined {
    return this.log.findLast((command) => command.type === "refuse" && command.ticket === ticket)?.type === "refuse"
      ? (this.log.findLast((command) => command.type === "refuse" && command.ticket === ticket) as
        & Command
        & { type: "refuse" }).error
      : undefined;
  }
}

/** One history of the serial core. */
export class History extends CoreHistory<SerialState> {
  constructor(settings: Partial<SerialSettings> = {}, models: ReadonlyMap<string, SchedulerModel> = MODELS) {
    const all = { ...SETTINGS, ...settings };
    super(SERIAL_CORE, initialState({ models, settings: all }), all);
  }
}

/** One history of the fifo core. */
export class FifoHistory extends CoreHistory<FifoState> {
  constructor(settings: Partial<FifoSettings> = {}, models: ReadonlyMap<string, SchedulerModel> = MODELS) {
    const all = { ...FIFO_SETTINGS, ...settings };
    super(FIFO_CORE, initialFifo({ models, settings: all }), all);
  }

  /** The models that wait, in the order in which they are looked at. */
  waiting(): string {
    return [...FIFO_CORE.waitingIn(this.state, 0)].map(({ model }) => model).join(" ");
  }
}

/** One history in which a reload may change the core. */
export class EitherHistory extends CoreHistory<State> {
  constructor(settings: SchedulerSettings, models: ReadonlyMap<string, SchedulerModel> = MODELS) {
    super(EITHER_CORE, initialEither({ models, settings }), settings);
  }
}

function word(command: Command): string {
  switch (command.type) {
    case "grant":
      return `grant ${command.ticket}`;
    case "refuse":
      return `refuse ${command.ticket} ${command.error.code}`;
    case "load":
      return `load ${command.loadId} ${command.model}${command.evict.map((model) => ` -${model}`).join("")}`;
    case "abandon":
      return `abandon ${command.loadId}`;
    case "stop":
      return `stop ${command.unloadId} ${command.models?.join(",") ?? "all"}`;
    case "retire":
      return `retire ${command.retireId} ${command.model}`;
    case "reloaded":
      return `reloaded ${command.reloadId} ${command.error?.code ?? "well"}`;
    case "interrupt":
      return `interrupt ${command.ticket} ${command.error.code}`;
    default:
      return "";
  }
}
