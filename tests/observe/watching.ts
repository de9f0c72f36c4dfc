/**
 * An in-flight table with a clock moved by hand, and a watcher's picture of it.
 *
 * @module
 */

import { InFlight } from "../../src/observe/in_flight.ts";
import type { InFlightFacts, InFlightView } from "../../src/observe/in_flight_entry.ts";
import type { InFlightUpdate, InFlightWatch } from "../../src/observe/in_flight_watch.ts";
import { HandClock } from "../scheduler/fake_backends.ts";

/** When the tables of the tests begin: noon. */
export const NOON = Date.UTC(2026, 0, 1, 12);

/** A table and its clock. */
export interface World {
  readonly clock: HandClock;
  readonly inFlight: InFlight;
}

/** Makes a table whose wall clock goes with the clock moved by hand. */
export function makeTable({ changesKept }: { readonly changesKept?: number } = {}): World {
  const clock = new HandClock();
  const inFlight = new InFlight({
    clock,
    wallNow: () => NOON + clock.time,
    ...(changesKept === undefined ? {} : { changesKept }),
  });
  return { clock, inFlight };
}

/** The facts of a chat with model `m`. */
export function facts(changes: Partial<InFlightFacts> = {}): InFlightFacts {
  return {
    requestId: "r-1",
    model: "m",
    method: "POST",
    path: "/v1/chat/completions",
    headers: new Headers(),
    remoteAddr: "10.0.0.7",
    cancel: () => true,
    ...changes,
  };
}

/** In short: which update of which id. */
export function told(update: InFlightUpdate): string {
  switch (update.operation) {
    case "snapshot":
      return `snapshot of ${update.requests.map(({ id }) => id).join(",") || "nothing"}`;
    case "upsert":
      return `upsert ${update.request.id} ${update.request.phase} ${update.request.resp_bytes}`;
    case "remove":
      return `remove ${update.id}`;
  }
}

/** Takes what a watch has, in short. */
export function takeTold(watch: InFlightWatch): readonly string[] {
  return watch.take().map(told);
}

/** What a client makes of the updates that it reads. */
export class Picture {
  /** By id. */
  readonly requests = new Map<string, InFlightView>();

  /** Puts one update in. */
  take(update: InFlightUpdate): void {
    switch (update.operation) {
      case "snapshot":
        this.requests.clear();
        for (const request of update.requests) this.requests.set(request.id, request);
        break;
      case "upsert":
        this.requests.set(update.request.id, update.request);
        break;
      case "remove":
        this.requests.delete(update.id);
        break;
    }
  }
}
