/**
 * One HTTP client for each generation of a backend.
 *
 * @module
 */

import type { ModelTimeouts } from "../../config/types.ts";
import { UpstreamClient, type UpstreamOptions } from "./client.ts";

/** Where one generation of a backend is reached. */
export interface ClientTarget {
  readonly model: string;
  readonly baseUrl: string;
  /** Aborts when it has exited. */
  readonly gone: AbortSignal;
}

interface KnownClient {
  readonly client: UpstreamClient;
  readonly timeouts: ModelTimeouts | undefined;
}

/**
 * Lends clients whose connections go when the process does. `timeoutsOf` says what is configured now, with the same object
 * as long as nothing was reloaded; other timeouts make another client, and what is under way goes on.
 */
export function createClients(
  timeoutsOf: (model: string) => ModelTimeouts | undefined,
): (target: ClientTarget) => UpstreamClient {
  const clients = new WeakMap<ClientTarget, KnownClient>();
  return (target) => {
    const known = clients.get(target);
    const timeouts = timeoutsOf(target.model);
    if (known !== undefined && (known.timeouts === timeouts || timeouts === undefined)) return known.client;
    if (known !== undefined && isSame(known.timeouts, timeouts)) {
      clients.set(target, { ...known, timeouts });
      return known.client;
    }
    const client = new UpstreamClient({ baseUrl: target.baseUrl, ...optionsOf(timeouts) });
    clients.set(target, { client, timeouts });
    known?.client.close();
    if (target.gone.aborted) client.close();
    else if (known === undefined) {
      target.gone.addEventListener("abort", () => clients.get(target)?.client.close(), { once: true });
    }
    return client;
  };
}

function isSame(before: ModelTimeouts | undefined, after: ModelTimeouts | undefined): boolean {
  return JSON.stringify(optionsOf(before)) === JSON.stringify(optionsOf(after));
}

function optionsOf(timeouts: ModelTimeouts | undefined): Partial<UpstreamOptions> {
  return timeouts === undefined ? {} : timeoutOptions(timeouts);
}

/** What the config's `timeouts` mean to a client: in a config 0 is no limit. */
export function timeoutOptions(timeouts: ModelTimeouts): Partial<UpstreamOptions> {
  const toMs = (seconds: number) => seconds <= 0 ? null : seconds * 1000;
  return {
    connectTimeoutMs: toMs(timeouts.connect),
    tlsHandshakeMs: toMs(timeouts.tlsHandshake),
    headerTimeoutMs: toMs(timeouts.responseHeader),
    idleTimeoutMs: toMs(timeouts.idleConn),
    keepAlive: timeouts.keepalive > 0,
  };
}
