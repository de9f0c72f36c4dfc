/**
 * Drives the pure core by short words and remembers every command.
 *
 * @module
 */

import { GatewayError } from "../../src/errors.ts";
import { initialState, transition } from "../../src/scheduler/serial_core.ts";
import type { SerialState } from "../../src/scheduler/serial_state.ts";
import type { BackendPhase, Command, Event, SchedulerModel, SerialSettings } from "../../src/scheduler/types.ts";

/** Three models without limits. */
export const MODELS: ReadonlyMap<string, SchedulerModel> = new Map([["a", {}], ["b", {}], ["c", {}]]);

/** The product's defaults. */
export const SETTINGS: SerialSettings = { use: "serial", parallel: 1, maxQueue: 1000, maxWaitMs: null };

type Told = Event extends infer E ? E extends Event ? Omit<E, "at"> : never : never;

/** One history of the core. */
export class History {
  state: SerialState;
  now = 0;
  readonly log: Command[] = [];
  #ticket = 0;
  #reloadId = 0;

  constructor(settings: Partial<SerialSettings> = {}, models: ReadonlyMap<string, SchedulerModel> = MODELS) {
    this.state = initialState({ models, settings: { ...SETTINGS, ...settings } });
  }

  /** Tells one fact; returns its commands, announcements and timer wishes left out, in short words. */
  tell(event: Told): string[] {
    const [state, commands] = transition(this.state, { ...event, at: this.now } as Event);
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

  reload(changed: readonly string[], models = this.state.models): string[] {
    const { settings } = this.state;
    return this.tell({ type: "reconfigured", reloadId: ++this.#reloadId, models, settings, changed: new Set(changed) });
  }

  /** The backends do what a load asks, and tell its end. */
  finishLoad(loadId: number, model: string): string[] {
    for (const other of this.state.running.keys()) if (other !== model) this.phase(other, "stopped");
    this.phase(model, "ready");
    return this.tell({ type: "loaded", loadId });
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
