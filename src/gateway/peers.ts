/**
 * The connections to the peers of a config, and the requests that are under way to them.
 *
 * @module
 */

import type { PeerConfig } from "../config/types.ts";
import type { GatewayError } from "../errors.ts";
import type { ProxyLease } from "./proxy.ts";
import { UpstreamClient } from "./upstream/client.ts";
import { timeoutOptions } from "./upstream/clients.ts";

/** A request under way. */
interface PeerRequest {
  interrupt: ((reason: GatewayError) => void) | null;
}

/** One HTTP client for each peer, as long as its address and its time limits stay what they are. */
export class Peers {
  readonly #clients = new Map<string, UpstreamClient>();
  /** The same for a config that was replaced: its requests still find theirs. */
  readonly #byPeer = new WeakMap<PeerConfig, UpstreamClient>();
  readonly #underWay = new Set<PeerRequest>();
  readonly #drained: (() => void)[] = [];
  readonly #caCerts: readonly string[];
  #refusal: GatewayError | null = null;

  /** `caCerts` are authorities in PEM form that are trusted besides those of the runtime. */
  constructor({ caCerts = [] }: { readonly caCerts?: readonly string[] } = {}) {
    this.#caCerts = caCerts;
  }

  /** The client of `peer`; nothing is connected before its first request. */
  clientFor(peer: PeerConfig): UpstreamClient {
    const known = this.#byPeer.get(peer);
    if (known !== undefined) return known;
    const key = keyOf(peer);
    let client = this.#clients.get(key);
    if (client === undefined) {
      const name = `peer proxy error: peer "${peer.id}"`; // llama-swap's words, then who it is and never where
      const options = { name, caCerts: this.#caCerts, ...timeoutOptions(peer.timeouts) };
      client = new UpstreamClient({ baseUrl: peer.proxy, ...options });
      if (this.#refusal !== null) client.retire();
      this.#clients.set(key, client);
    }
    this.#byPeer.set(peer, client);
    return client;
  }

  /**
   * Another config is in force: peers that are gone or have changed keep no idle connections. What is under way goes on, and
   * requests that began with the config before still reach the peer that it names.
   */
  reconfigure(peers: ReadonlyMap<string, PeerConfig>): void {
    const kept = new Set([...peers.values()].map(keyOf));
    for (const [key, client] of this.#clients) {
      if (kept.has(key)) continue;
      this.#clients.delete(key);
      client.retire();
    }
  }

  /**
   * Counts a request until it is released.
   *
   * @throws {GatewayError} the reason given to {@link Peers.refuse}.
   */
  begin(): ProxyLease {
    if (this.#refusal !== null) throw this.#refusal;
    const request: PeerRequest = { interrupt: null };
    this.#underWay.add(request);
    return {
      onInterrupt: (listener) => void (request.interrupt = listener),
      release: () => {
        this.#underWay.delete(request);
        if (this.#underWay.size === 0) { for (const tell of this.#drained.splice(0)) tell(); }
      },
    };
  }

  /** No request begins any more: each gets `reason`. */
  refuse(reason: GatewayError): void {
    this.#refusal = reason;
    for (const client of this.#clients.values()) client.retire();
  }

  /** Resolves when no request is under way. */
  drained(): Promise<void> {
    return this.#underWay.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#drained.push(resolve));
  }

  /** Ends every request that is under way with `reason`, and refuses what comes. */
  close(reason: GatewayError): void {
    this.refuse(reason);
    for (const { interrupt } of [...this.#underWay]) interrupt?.(reason);
  }
}

function keyOf({ id, proxy, timeouts }: PeerConfig): string {
  return JSON.stringify([id, proxy, timeoutOptions(timeouts)]);
}
