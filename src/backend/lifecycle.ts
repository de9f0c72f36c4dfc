/**
 * The life of one backend as a pure function: facts in, wishes out.
 *
 * @module
 */

import { GatewayError } from "../errors.ts";
import type { BackendPhase, Exit } from "./types.ts";

/** The bounds of a life, in milliseconds. */
export interface LifeSettings {
  /** Id of the model, for messages. */
  readonly model: string;
  /** From the spawn to ready. */
  readonly startTimeoutMs: number;
  /** Idle time until an unload; `null` for never. */
  readonly ttlMs: number | null;
  /** From asking to stop to SIGKILL. */
  readonly stopGraceMs: number;
}

/** What a backend is; each arm has only the fields that exist in it. `generation` counts spawns. */
export type LifeState =
  | { readonly state: "stopped"; readonly generation: number }
  | { readonly state: "starting"; readonly generation: number; readonly deadline: number }
  | { readonly state: "ready"; readonly generation: number; readonly holds: number; readonly idleAt: number | null }
  | {
    readonly state: "stopping";
    readonly generation: number;
    /** When SIGKILL is due, or, once it was sent, when the stop has failed. */
    readonly dueAt: number;
    readonly killed: boolean;
    /** Somebody waits for the next start. */
    readonly thenStart: boolean;
    /** Why the start that this stop ends has failed. */
    readonly startError: GatewayError | null;
  }
  | { readonly state: "stuck"; readonly generation: number };

/** A fact; `at` is the clock's milliseconds. Facts of an earlier generation change nothing. */
export type LifeEvent =
  & { readonly at: number }
  & (
    | { readonly type: "ensure" }
    | { readonly type: "stop" }
    /** Whoever asked to stop will not wait for the grace any longer. */
    | { readonly type: "hurry" }
    /** Other bounds hold from now on, for what runs too; these are the ones until now. */
    | { readonly type: "retimed"; readonly previous: LifeSettings }
    | { readonly type: "held"; readonly generation: number }
    | { readonly type: "released"; readonly generation: number }
    | { readonly type: "probeOk"; readonly generation: number }
    | { readonly type: "spawnFailed"; readonly generation: number; readonly error: GatewayError }
    | { readonly type: "exited"; readonly generation: number; readonly exit: Exit; readonly lastLines: string }
    | { readonly type: "gone"; readonly generation: number }
    | { readonly type: "due" }
  );

/** A wish, to be carried out in the order given. */
export type LifeCommand =
  | { readonly type: "spawn"; readonly generation: number }
  | { readonly type: "terminate"; readonly generation: number }
  | { readonly type: "kill"; readonly generation: number }
  | { readonly type: "started" }
  | { readonly type: "startFailed"; readonly error: GatewayError }
  | { readonly type: "stopped" }
  | { readonly type: "stopFailed"; readonly error: GatewayError };

/** How long a group may outlive SIGKILL before its stop counts as failed, in milliseconds. */
export const KILL_BOUND_MS = 5_000;

/** A backend that was never started. */
export const INITIAL_LIFE: LifeState = { state: "stopped", generation: 0 };

/** The phase that others see. */
export function phaseOf(life: LifeState): BackendPhase {
  return life.state === "stuck" ? "stopping" : life.state;
}

/** When {@link LifeEvent} `due` is due, in the clock's milliseconds; `null` for never. */
export function dueAt(life: LifeState): number | null {
  switch (life.state) {
    case "stopped":
    case "stuck":
      return null;
    case "starting":
      return life.deadline;
    case "ready":
      return life.idleAt;
    case "stopping":
      return life.dueAt;
    default:
      return life satisfies never;
  }
}

/** The one place where a backend's life is decided. */
export function transition(
  life: LifeState,
  event: LifeEvent,
  settings: LifeSettings,
): readonly [LifeState, readonly LifeCommand[]] {
  if ("generation" in event && event.generation !== life.generation) return [life, []];
  switch (event.type) {
    case "ensure":
      return ensure(life, event.at, settings);
    case "stop":
      return stop(life, event.at, settings);
    case "hurry":
      return hurry(life, event.at);
    case "retimed":
      return [retimed(life, event, settings), []];
    case "held":
      return life.state === "ready" ? [{ ...life, holds: life.holds + 1, idleAt: null }, []] : [life, []];
    case "released": {
      if (life.state !== "ready") return [life, []];
      const holds = life.holds - 1;
      return [{ ...life, holds, idleAt: holds === 0 ? idleFrom(event.at, settings) : null }, []];
    }
    case "probeOk":
      if (life.state !== "starting") return [life, []];
      return [
        { state: "ready", generation: life.generation, holds: 0, idleAt: idleFrom(event.at, settings) },
        [{ type: "started" }],
      ];
    case "spawnFailed":
      if (life.state === "ready") return [life, []];
      return gone(
        life.state === "starting" ? stopping(life.generation, event.at, event.error) : life,
        event.at,
        settings,
      );
    case "exited":
      return exited(life, event, settings);
    case "gone":
      return gone(life, event.at, settings);
    case "due":
      return due(life, event.at, settings);
    default:
      return event satisfies never;
  }
}

type Step = readonly [LifeState, readonly LifeCommand[]];

function ensure(life: LifeState, at: number, settings: LifeSettings): Step {
  switch (life.state) {
    case "stopped":
      return start(life.generation + 1, at, settings);
    case "starting":
      return [life, []];
    case "ready":
      return [life, [{ type: "started" }]];
    case "stopping":
      return [{ ...life, thenStart: true }, []];
    case "stuck":
      return [{ ...stopping(life.generation, at, null), thenStart: true }, [
        { type: "kill", generation: life.generation },
      ]];
    default:
      return life satisfies never;
  }
}

function start(generation: number, at: number, settings: LifeSettings): Step {
  return [{ state: "starting", generation, deadline: at + settings.startTimeoutMs }, [{ type: "spawn", generation }]];
}

function stop(life: LifeState, at: number, settings: LifeSettings): Step {
  switch (life.state) {
    case "stopped":
      return [life, [{ type: "stopped" }]];
    case "starting":
      return asked(life.generation, at + settings.stopGraceMs, unloaded(settings));
    case "ready":
      return asked(life.generation, at + settings.stopGraceMs, null);
    case "stopping":
      if (!life.thenStart) return [life, []];
      return [{ ...life, thenStart: false }, [{ type: "startFailed", error: unloaded(settings) }]];
    case "stuck":
      return [stopping(life.generation, at, null), [{ type: "kill", generation: life.generation }]];
    default:
      return life satisfies never;
  }
}

function hurry(life: LifeState, at: number): Step {
  if (life.state !== "stopping" || life.killed) return [life, []];
  return [{ ...life, killed: true, dueAt: at + KILL_BOUND_MS }, [{ type: "kill", generation: life.generation }]];
}

/** What counts since the start goes on counting; an idle time that there was none of begins now. */
function retimed(
  life: LifeState,
  { at, previous }: { readonly at: number; readonly previous: LifeSettings },
  settings: LifeSettings,
): LifeState {
  if (life.state === "starting") {
    return { ...life, deadline: life.deadline - previous.startTimeoutMs + settings.startTimeoutMs };
  }
  if (life.state !== "ready" || life.holds > 0) return life;
  if (life.idleAt === null || previous.ttlMs === null) return { ...life, idleAt: idleFrom(at, settings) };
  return { ...life, idleAt: settings.ttlMs === null ? null : life.idleAt - previous.ttlMs + settings.ttlMs };
}

function asked(generation: number, killAt: number, startError: GatewayError | null): Step {
  return [
    { state: "stopping", generation, dueAt: killAt, killed: false, thenStart: false, startError },
    [{ type: "terminate", generation }],
  ];
}

/** A stop whose members have been sent SIGKILL. */
function stopping(generation: number, at: number, startError: GatewayError | null): LifeState & { state: "stopping" } {
  return { state: "stopping", generation, dueAt: at + KILL_BOUND_MS, killed: true, thenStart: false, startError };
}

function exited(life: LifeState, event: Extract<LifeEvent, { type: "exited" }>, settings: LifeSettings): Step {
  const kill: LifeCommand = { type: "kill", generation: event.generation };
  switch (life.state) {
    case "starting": {
      const { exit } = event;
      const how = exit.signal === null ? `exit code ${exit.code}` : `signal ${exit.signal}`;
      const error = new GatewayError("start_failed", `The model ${JSON.stringify(settings.model)} failed to start`, {
        detail: `The backend ended before it was ready: ${how}${
          exit.code === 127 || exit.code === 126 ? " (the program was not found or cannot be run)" : ""
        }. Its last lines:\n${event.lastLines}`,
      });
      return [stopping(life.generation, event.at, error), [kill]];
    }
    case "ready":
      return [stopping(life.generation, event.at, null), [kill]];
    case "stopping":
      return life.killed ? [life, [kill]] : [{ ...life, killed: true, dueAt: event.at + KILL_BOUND_MS }, [kill]];
    case "stuck":
    case "stopped":
      return [life, []];
    default:
      return life satisfies never;
  }
}

function gone(life: LifeState, at: number, settings: LifeSettings): Step {
  if (life.state === "stopped") return [life, []];
  const ended: LifeCommand[] = [{ type: "stopped" }];
  if (life.state !== "stopping") return [{ state: "stopped", generation: life.generation }, ended];
  if (life.thenStart) {
    const [next, commands] = start(life.generation + 1, at, settings);
    return [next, [...ended, ...commands]];
  }
  if (life.startError !== null) ended.unshift({ type: "startFailed", error: life.startError });
  return [{ state: "stopped", generation: life.generation }, ended];
}

function due(life: LifeState, at: number, settings: LifeSettings): Step {
  const when = dueAt(life);
  if (when === null || at < when) return [life, []];
  switch (life.state) {
    case "starting":
      return asked(
        life.generation,
        at + settings.stopGraceMs,
        new GatewayError("start_timeout", `The model ${JSON.stringify(settings.model)} was not ready in time`, {
          detail: `Not ready ${settings.startTimeoutMs} ms after its start`,
        }),
      );
    case "ready":
      return asked(life.generation, at + settings.stopGraceMs, null);
    case "stopping": {
      if (!life.killed) return hurry(life, at);
      const error = new GatewayError(
        "stop_failed",
        `The model ${JSON.stringify(settings.model)} could not be stopped`,
        {
          detail: "Members of its process group are alive after SIGKILL; nothing is started beside them",
        },
      );
      return [{ state: "stuck", generation: life.generation }, [
        { type: "stopFailed", error },
        { type: "startFailed", error },
      ]];
    }
    case "stopped":
    case "stuck":
      return [life, []];
    default:
      return life satisfies never;
  }
}

function idleFrom(at: number, settings: LifeSettings): number | null {
  return settings.ttlMs === null ? null : at + settings.ttlMs;
}

function unloaded(settings: LifeSettings): GatewayError {
  return new GatewayError("model_unloaded", `The model ${JSON.stringify(settings.model)} was unloaded`);
}
