/**
 * Which headers go to another gateway (spec §1.7, column Peer), as a pure function.
 *
 * @module
 */

import { HOP_BY_HOP, namedByConnection } from "./headers.ts";
import type { HeaderList } from "./upstream/message.ts";

/** What the headers must tell, and whose credentials they carry. */
export interface PeerHeaderOptions {
  /** The peer's authority. */
  readonly host: string;
  /** The `via` to send: see `Hops`. */
  readonly via: string;
  /** The key that the peer is sent in place of the client's credentials; null = none. */
  readonly apiKey: string | null;
  /** Lower-case names of headers that may carry this gateway's own keys. */
  readonly credentialNames: readonly string[];
  /** What the body is; null where the client has said it. */
  readonly contentType?: string | null;
}

const NOT_SENT_ON = new Set([
  ...HOP_BY_HOP,
  ..."host content-length accept-encoding expect via forwarded".split(" "),
]);

/**
 * The headers to send to a peer. A key of the config goes out both ways, as a bearer token and as `x-api-key`; where there
 * is none, so do the client's credentials, unless this gateway's own keys travel in them. Nothing tells the peer who the
 * client is or which name it used for this gateway.
 */
export function headersToPeer(
  incoming: Headers,
  { host, via, apiKey, credentialNames, contentType = null }: PeerHeaderOptions,
): HeaderList {
  const list: [string, string][] = [["host", host], ["accept-encoding", "identity"], ["via", via]];
  const named = namedByConnection(incoming.get("connection") ?? "");
  for (const [name, value] of incoming) {
    if (NOT_SENT_ON.has(name) || name.startsWith("x-forwarded-") || named?.has(name) === true) continue;
    if (credentialNames.includes(name) || (apiKey !== null && KEY_HEADERS.includes(name))) continue;
    if (name === "content-type" && contentType !== null) continue;
    list.push([name, value]);
  }
  if (contentType !== null) list.push(["content-type", contentType]);
  if (apiKey !== null) list.push(["authorization", `Bearer ${apiKey}`], ["x-api-key", apiKey]);
  return list;
}

const KEY_HEADERS: readonly string[] = ["authorization", "x-api-key"];
