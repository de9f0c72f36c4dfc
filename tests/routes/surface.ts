/**
 * The whole HTTP surface over one raw backend, with a scheduler that grants at once and counts.
 *
 * @module
 */

import type { Backends } from "../../src/backend/backends.ts";
import type { BackendPhase, BackendTarget } from "../../src/backend/types.ts";
import { systemClock } from "../../src/clock.ts";
import { loadConfig } from "../../src/config/load.ts";
import { Hops } from "../../src/gateway/hops.ts";
import { OpenRequests } from "../../src/gateway/open_requests.ts";
import { Peers } from "../../src/gateway/peers.ts";
import { BodyMemory } from "../../src/gateway/request/body_memory.ts";
import { OpenSockets } from "../../src/gateway/websocket/open_sockets.ts";
import { silentLog } from "../../src/log.ts";
import { EventFeed } from "../../src/observe/events.ts";
import { InFlight } from "../../src/observe/in_flight.ts";
import { Logs } from "../../src/observe/logs.ts";
import { createRoutes } from "../../src/routes/app.ts";
import { noConfigFiles } from "../../src/routes/config.ts";
import { type Listener, putInForce } from "../../src/serving/request_context.ts";
import { ResponseOwners } from "../../src/routes/response_owners.ts";
import { Names } from "../../src/routing/names.ts";
import type { Lease } from "../../src/scheduler/lease.ts";
import type { Scheduler } from "../../src/scheduler/scheduler.ts";
import type { RawBackend } from "../gateway/raw_backend.ts";

const NEVER = new AbortController().signal;

/** What {@link surface} is made of. */
export interface SurfaceOptions {
  /** The config's text. */
  readonly config: string;
  /** What backends are doing; stopped unless given. */
  readonly phases?: Readonly<Record<string, BackendPhase>>;
  /** Where it listens; anywhere unless given. */
  readonly listener?: Listener;
}

/** A request as bytes may bring it: with targets and methods that no `Request` can be made of. */
export interface RawRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: BodyInit | null;
}

/** The surface, and what was asked of it. */
export interface Surface {
  /** Sends one request as it is: the runtime's server neither cleans targets nor forbids methods. */
  send(request: RawRequest): Promise<Response>;
  /** Sends one request. */
  ask(
    method: string,
    path: string,
    body?: BodyInit,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Response>;
  /** How many leases were granted and given back, and for which models. */
  readonly leases: { granted: number; released: number; readonly models: string[] };
  readonly inFlight: InFlight;
  readonly bodyMemory: BodyMemory;
  readonly openRequests: OpenRequests;
  readonly names: Names;
}

/** Builds it. */
export function surface(backend: RawBackend, options: SurfaceOptions): Surface {
  const { phases = {}, listener = { isLoopback: false, isTls: false } } = options;
  const { config } = loadConfig({ texts: [{ text: options.config, file: "test.yaml" }], env: () => undefined });
  const current = putInForce(config, listener);
  const leases = { granted: 0, released: 0, models: [] as string[] };
  const targetOf = (model: string) => ({ model, gone: NEVER, leaving: NEVER }) as BackendTarget;
  const hold = (model: string) => {
    leases.granted++;
    leases.models.push(model);
    let isHeld = true;
    const lease: Pick<Lease<BackendTarget>, "model" | "target" | "onInterrupt" | "release"> = {
      model,
      target: targetOf(model),
      onInterrupt: () => {},
      release() {
        if (isHeld) leases.released++;
        isHeld = false;
      },
    };
    return lease;
  };
  const phaseOf = (model: string) => phases[model] ?? "stopped";
  const readyTarget = (model: string) => phaseOf(model) === "ready" ? targetOf(model) : null;
  const names = new Names({ phaseOf });
  const logs = new Logs();
  const inFlight = new InFlight({ clock: systemClock });
  const bodyMemory = new BodyMemory(config.limits.bodyMemoryBytes);
  const openRequests = new OpenRequests();
  const serve = createRoutes({
    current: () => current,
    configFiles: noConfigFiles(),
    scheduler: {
      acquire: (model: string) => Promise.resolve(hold(model)),
      position: () => null,
      modelOf: () => null,
      cancel: () => false,
    } as unknown as Scheduler<BackendTarget>,
    backends: { snapshot: () => [], phaseOf, hold, readyTarget } as unknown as Backends,
    names,
    inFlight,
    events: new EventFeed({
      logs,
      inFlight,
      modelStatus: () => [],
      activeProfile: () => names.activeProfile,
      sessionHeaders: () => [],
      clock: systemClock,
      log: silentLog,
    }),
    openRequests,
    bodyMemory,
    peers: new Peers(),
    hops: new Hops(),
    sockets: new OpenSockets(),
    responseOwners: new ResponseOwners(),
    clientFor: () => backend.client,
    clock: systemClock,
    log: silentLog,
    logs,
    refusal: () => null,
    isTls: listener.isTls,
    version: "test",
  });
  const ask: Surface["ask"] = (method, path, body, more = {}) => {
    const headers: [string, string][] = Object.entries(more);
    if (typeof body === "string") headers.push(["content-length", String(new TextEncoder().encode(body).length)]);
    return serve(
      new Request(`http://${more["host"] ?? "gateway.test"}${path}`, {
        method,
        headers,
        ...(body === undefined ? {} : { body }),
      }),
    );
  };
  const send = (raw: RawRequest) => serve(requestOf(raw));
  return { ask, send, leases, inFlight, bodyMemory, openRequests, names };
}

/** The request that the runtime's server would make of it. */
export function requestOf({ method, target, headers = [], body = null }: RawRequest): Request {
  const hasBody = body !== null && method !== "GET" && method !== "HEAD";
  const host = headers.find(([name]) => name.toLowerCase() === "host")?.[1] ?? "gateway.test";
  const request = new Request("http://gateway.test/", {
    method: "POST",
    headers: headers.map(([name, value]): [string, string] => [name, value]),
    body: hasBody ? body : null,
  });
  if (body === null && headers.every(([name]) => name.toLowerCase() !== "content-type")) {
    request.headers.delete("content-type");
  }
  return Object.defineProperties(request, {
    method: { value: method },
    url: { value: `http://${host}${target}` },
  });
}
