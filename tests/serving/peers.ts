/**
 * Peers for tests: their configs, and gateways that know nothing but how to pass a request on to one.
 *
 * @module
 */

import { assertExists } from "@std/assert";
import { systemClock } from "../../src/clock.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Config, PeerConfig } from "../../src/config/types.ts";
import { toGatewayError } from "../../src/errors.ts";
import { errorResponse } from "../../src/gateway/error_response.ts";
import { Hops } from "../../src/gateway/hops.ts";
import { Peers } from "../../src/gateway/peers.ts";
import { silentLog } from "../../src/log.ts";
import { type PeerCall, type PeerEnv, servePeer } from "../../src/serving/peer.ts";
import { CERTIFICATE } from "../gateway/raw_backend.ts";

/** A config with one peer. */
export interface OnePeer {
  readonly config: Config;
  readonly peer: PeerConfig;
}

/** A config whose peer `far` is at `url`; `lines` are further lines of the peer, `top` of the config. */
export function peerConfig(
  url: string,
  { lines = [], top = "" }: { readonly lines?: readonly string[]; readonly top?: string } = {},
): OnePeer {
  const text = `${top}\npeers:\n  far:\n    proxy: ${url}\n    models: [m]\n${
    lines.map((line) => `    ${line}\n`).join("")
  }`;
  const { config } = loadConfig({ texts: [{ text, file: "c.yaml" }], env: () => undefined });
  const peer = config.peers.get("far");
  assertExists(peer);
  return { config, peer };
}

/** A {@link PeerEnv} that trusts the tests' certificate. */
export function peerEnv(more: Partial<PeerEnv> = {}): PeerEnv & Disposable {
  const peers = new Peers({ caCerts: [CERTIFICATE] });
  return {
    peers,
    hops: new Hops(),
    clock: systemClock,
    log: silentLog,
    ...more,
    [Symbol.dispose]() {
      for (const used of [peers, more.peers]) used?.close(toGatewayError("the test is over"));
    },
  };
}

/** A POST for the peer's model; the bytes are those that the peer is to get. */
export function peerCall(
  { config, peer }: OnePeer,
  more: Partial<PeerCall> & { readonly headers?: Record<string, string> } = {},
): PeerCall {
  const { headers = {}, ...rest } = more;
  return {
    peer,
    config,
    request: new Request("http://gateway.test/v1/chat/completions?x=1", { method: "POST", headers }),
    path: "/v1/chat/completions?x=1",
    body: new TextEncoder().encode('{"model":"m"}'),
    id: "id-1",
    dialect: "openai",
    ...rest,
  };
}

/** A gateway over a socket that passes every request on to a peer. */
export interface PassingGateway extends AsyncDisposable {
  readonly url: string;
  /** How many requests have come. */
  readonly count: () => number;
  /** Says where its peer is. */
  pointTo(url: string): void;
}

/** Listens on a free port. */
export function passingGateway(): PassingGateway {
  const env = peerEnv();
  let peer: OnePeer | undefined;
  let count = 0;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    count++;
    try {
      assertExists(peer);
      const body = await request.bytes();
      return await servePeer(env, peerCall(peer, { request, body }));
    } catch (error) {
      return errorResponse(toGatewayError(error), { dialect: "openai" });
    }
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    count: () => count,
    pointTo: (url) => void (peer = peerConfig(url)),
    async [Symbol.asyncDispose]() {
      env[Symbol.dispose]();
      await server.shutdown();
    },
  };
}
