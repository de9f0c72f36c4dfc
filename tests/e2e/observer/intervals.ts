/**
 * The outside observer: reads what the fake engines wrote down about themselves and says whether two ever lived at once,
 * and in which order requests were served. Pure: text in, findings out.
 *
 * @module
 */

import type { EngineEvent } from "../../fakes/engine_events.ts";

/** The life of one engine process. */
export interface Life {
  /** The process. */
  readonly pid: number;
  /** The model that it served. */
  readonly model: string;
  /** Its first sign of life; wall clock, milliseconds. */
  readonly from: number;
  /** Its exit if it wrote one, else its last sign of life: it lived at least until then. */
  readonly to: number;
  /** Whether it wrote its own exit. A process that was killed has not. */
  readonly exited: boolean;
  /** Its exit code, if it wrote one. */
  readonly code: number | undefined;
}

/** Two processes that lived at the same time, or an engine that itself met another on the accelerator. */
export interface Overlap {
  /** The life that began first. */
  readonly first: Life;
  /** The life that began while `first` went on; `undefined` when an engine met a holder that wrote no events. */
  readonly second: Life | undefined;
  /** For how long at least, in milliseconds. */
  readonly ms: number;
}

/** One request as the engines saw it. */
export interface Served {
  /** The client's own mark, or the empty string. */
  readonly tag: string;
  /** The engine process that served it. */
  readonly pid: number;
  /** The model that it was served by. */
  readonly model: string;
  /** When it arrived at the engine. */
  readonly from: number;
  /** When it ended; `undefined` when the engine died first. */
  readonly to: number | undefined;
  /** How it ended; `lost` when the engine died first. */
  readonly how: "request-end" | "client-left" | "lost";
  /** How many requests ran in that engine, this one included, when it arrived. */
  readonly active: number;
}

/**
 * Reads event files, one text for each. A last line without a line break was cut off by a kill and is left out; any other line that is not
 * an event throws an `Error` with its number. The result is in the order of the wall clock; equal times keep their order of writing.
 */
export function parseEvents(...texts: readonly string[]): EngineEvent[] {
  const events = texts.flatMap((text) =>
    text.split("\n").slice(0, -1).map((line, index) => {
      try {
        const value: unknown = JSON.parse(line);
        if (isEvent(value)) return value;
      } catch {
        // told below, with the line's number
      }
      throw new Error(`line ${index + 1} is not an event: ${line}`);
    })
  );
  return events.sort((a, b) => a.at - b.at);
}

/** Every engine's life, in the order of starting. A pid that starts again after its exit is another life. */
export function lives(events: readonly EngineEvent[]): Life[] {
  const done: Life[] = [];
  const running = new Map<number, Life>();
  for (const event of inOrder(events)) {
    const before = running.get(event.pid);
    if (event.event === "start" || before === undefined) {
      if (before !== undefined) done.push(before);
      running.set(event.pid, lifeFrom(event));
      if (event.event === "exit") finish(event.pid);
      continue;
    }
    const exited = event.event === "exit";
    running.set(event.pid, { ...before, to: event.at, exited, code: exited ? event.code : undefined });
    if (exited) finish(event.pid);
  }
  return [...done, ...running.values()].sort((a, b) => a.from - b.from);

  function finish(pid: number): void {
    const life = running.get(pid);
    if (life !== undefined) done.push(life);
    running.delete(pid);
  }
}

/**
 * Every pair of processes that lived at once, and every engine that met another on the accelerator. Empty is what the contract promises.
 * A killed process counts until its last sign of life, so a finding is always true; run engines with `--heartbeat-ms` or
 * `--accelerator` to see a killed one to its end.
 */
export function overlaps(events: readonly EngineEvent[]): Overlap[] {
  const all = lives(events);
  const found: Overlap[] = [];
  all.forEach((first, index) => {
    for (const second of all.slice(index + 1)) {
      if (second.from >= first.to) continue;
      found.push({ first, second, ms: Math.min(first.to, second.to) - second.from });
    }
  });
  for (const event of events) {
    if (event.event !== "overlap") continue;
    const self = all.find((life) => life.pid === event.pid && life.from <= event.at && event.at <= life.to);
    if (self === undefined || found.some(({ first, second }) => first === self || second === self)) continue;
    found.push({ first: self, second: undefined, ms: 0 });
  }
  return found;
}

/** Every request in the order in which the engines received it. */
export function served(events: readonly EngineEvent[]): Served[] {
  const requests: Served[] = [];
  const open = new Map<string, number>();
  for (const event of inOrder(events)) {
    const key = `${event.pid}/${event.sequence}`;
    if (event.event === "start") {
      for (const other of [...open.keys()]) if (other.startsWith(`${event.pid}/`)) open.delete(other);
    } else if (event.event === "request") {
      open.set(key, requests.length);
      requests.push({
        tag: event.tag ?? "",
        pid: event.pid,
        model: event.model,
        from: event.at,
        to: undefined,
        how: "lost",
        active: event.active ?? 1,
      });
    } else if (event.event === "request-end" || event.event === "client-left") {
      const index = open.get(key);
      const request = index === undefined ? undefined : requests[index];
      if (index !== undefined && request !== undefined) {
        requests[index] = { ...request, to: event.at, how: event.event };
      }
      open.delete(key);
    }
  }
  return requests;
}

/** The marks of the requests in the order of service. */
export function orderOfService(events: readonly EngineEvent[]): string[] {
  return served(events).map(({ tag }) => tag);
}

/**
 * The first mark that was served before one that had arrived earlier; `undefined` means that order of service is arrival order. Marks in
 * `arrived` that were never served (the caller left) are skipped; a mark that never arrived, or is served twice, is a finding.
 */
export function firstOutOfOrder(arrived: readonly string[], order: readonly string[]): string | undefined {
  const places = new Map(arrived.map((tag, place) => [tag, place]));
  let last = -1;
  for (const tag of order) {
    const place = places.get(tag);
    if (place === undefined || place <= last) return tag;
    last = place;
  }
  return undefined;
}

/** The time between one engine's exit and the next one's start, in milliseconds, for each swap of two that both wrote it down. */
export function swapGaps(events: readonly EngineEvent[]): number[] {
  const all = lives(events);
  return all.slice(1).flatMap((next, index) => {
    const before = all[index];
    return before?.exited ? [next.from - before.to] : [];
  });
}

function inOrder(events: readonly EngineEvent[]): EngineEvent[] {
  return [...events].sort((a, b) => a.at - b.at);
}

function lifeFrom(event: EngineEvent): Life {
  const exited = event.event === "exit";
  return {
    pid: event.pid,
    model: event.model,
    from: event.at,
    to: event.at,
    exited,
    code: exited ? event.code : undefined,
  };
}

function isEvent(value: unknown): value is EngineEvent {
  if (typeof value !== "object" || value === null) return false;
  const { event, pid, model, at } = value as Record<string, unknown>;
  return typeof event === "string" && typeof pid === "number" && typeof model === "string" && typeof at === "number";
}
