/**
 * One request in the table of what is in flight, from its being handed on to its end.
 *
 * @module
 */

import { GatewayError } from "../errors.ts";
import type { CutRest, Outcome } from "../gateway/response_stream.ts";
import type { HeaderList } from "../gateway/upstream/message.ts";
import type { InFlight } from "../observe/in_flight.ts";
import type { InFlightEntry } from "../observe/in_flight_entry.ts";
import type { Dispatched, Kind } from "./dispatched.ts";
import type { RequestWatcher } from "./local_visit.ts";
import type { Owed } from "./owed.ts";

/** What {@link Tracked} needs. */
export interface TrackedEnv {
  /** The table of what is in flight. */
  readonly inFlight: InFlight;
  /** Where a request that is in the line is cancelled, and its place. */
  readonly scheduler: { cancel(id: string): boolean; position(id: string): number | null };
}

/** Who serves a request, and how it is ended where it is in no line. */
export interface Course {
  readonly kind: Kind;
  /** Aborts it; null for one that is cancelled in the line. */
  readonly removed: AbortController | null;
}

/** Tells the entry, if there is one, and gives back at the end what is owed. */
export class Tracked implements RequestWatcher {
  readonly #entry: InFlightEntry | null;
  readonly #owed: Owed;
  #cutRest: CutRest | null = null;

  /** Is in the table from now on, if it is of those that are listed. */
  constructor(env: TrackedEnv, asked: Dispatched, course: Course) {
    this.#entry = begin(env, asked, { ...course, cut: (reason) => this.#cut(reason) });
    this.#owed = asked.owed;
  }

  /** It waits in the line. */
  queued(position: number): void {
    this.#entry?.queued(position);
  }

  /** Its model is being loaded. */
  loading(): void {
    this.#entry?.loading();
  }

  /** It goes to the one who serves it. */
  serving(): void {
    this.#entry?.serving();
  }

  /** The head of the answer is known. */
  responded(status: number, headers: HeaderList): void {
    this.#entry?.responded(status, headers);
  }

  /** More of the answer has gone by. */
  bytes(count: number): void {
    this.#entry?.bytes(count);
  }

  /** The one who serves it has done its part; the rest waits for the client. */
  rest(cut: CutRest): void {
    this.#cutRest = cut;
  }

  /** Cuts the rest of its answer; whether there is one. */
  #cut(reason: GatewayError): boolean {
    this.#cutRest?.(reason);
    return this.#cutRest !== null;
  }

  /** It is over. */
  end(outcome: Outcome["kind"]): void {
    this.#entry?.end(outcome);
    this.#owed.settle();
  }
}

interface Beginning extends Course {
  /** Cuts the rest of an answer that waits for its client; whether there is one. */
  readonly cut: (reason: GatewayError) => boolean;
}

function begin(env: TrackedEnv, asked: Dispatched, { kind, removed, cut }: Beginning): InFlightEntry | null {
  const { context, request, resolution, named, path, route } = asked;
  if (route === null || asked.line === "pass" || kind === "ignoredSocket") return null;
  const { destination, selector } = resolution;
  return env.inFlight.begin({
    requestId: context.id,
    model: resolution.shownModel,
    requested: named.model,
    method: request.method,
    path: asked.isAsItIs === true ? path : route.prefix + path,
    headers: request.headers,
    remoteAddr: context.from.address,
    key: context.client.name,
    stream: named.wantsStream,
    metadata: selector === null ? undefined : { selector },
    place: destination.kind === "local" ? () => env.scheduler.position(context.id) : undefined,
    cancel() {
      if (destination.kind === "local" && env.scheduler.cancel(context.id)) return true;
      const reason = new GatewayError("cancelled", "The request was cancelled by an operator");
      if (cut(reason)) return true;
      removed?.abort(reason); // a websocket may be open without a lease
      return removed !== null;
    },
  });
}
