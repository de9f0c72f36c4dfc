/**
 * The event file: what a fake engine tells about itself, one JSON line for each fact, written before anything else happens.
 *
 * @module
 */

/** What can happen to an engine. `term` is a stop signal received; `overlap` is another engine met on the accelerator. */
export type EngineEventKind =
  | "start"
  | "ready"
  | "request"
  | "request-end"
  | "client-left"
  | "term"
  | "alive"
  | "overlap"
  | "exit";

/** One line of the event file. */
export interface EngineEvent {
  /** What happened. */
  readonly event: EngineEventKind;
  /** The process that it happened to. */
  readonly pid: number;
  /** The engine's `--model`, or the empty string. */
  readonly model: string;
  /** Wall clock, milliseconds since 1970, with fractions. */
  readonly at: number;
  /** Milliseconds since this process started, monotonic. */
  readonly performance: number;
  /** For request events: the request's number in this process, from 1. */
  readonly sequence?: number;
  /** For request events: the client's own mark, from the header `x-tag` or the body's `user`. */
  readonly tag?: string;
  /** For request events: the path asked for. */
  readonly path?: string;
  /** For request events: how many requests run in this process, this one included. */
  readonly active?: number;
  /** For `exit`: the exit code. */
  readonly code?: number;
}

/** The part of an event that depends on its kind. */
export type EngineEventDetail = Pick<EngineEvent, "sequence" | "tag" | "path" | "active" | "code">;

/** Appends events to a file. */
export interface EventFile {
  /** Writes one event; it is in the file when this returns. */
  write(event: EngineEventKind, detail?: EngineEventDetail): void;
}

/** Opens the event file for appending; without a path, events are dropped. A line is one `write`, so processes can share a file. */
export function openEventFile(path: string | undefined, model: string): EventFile {
  if (path === undefined) return { write() {} };
  const file = Deno.openSync(path, { append: true, create: true });
  const encoder = new TextEncoder();
  return {
    write(event, detail = {}) {
      const line: EngineEvent = {
        event,
        pid: Deno.pid,
        model,
        at: performance.timeOrigin + performance.now(),
        performance: performance.now(),
        ...detail,
      };
      file.writeSync(encoder.encode(JSON.stringify(line) + "\n"));
    },
  };
}
