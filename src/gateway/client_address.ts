/**
 * Who a request comes from, where a proxy may stand in front: what such a proxy says counts only when it is trusted. Pure.
 *
 * @module
 */

import type { TrustedProxies } from "../config/types.ts";
import { type IpAddress, isInRange, parseIpAddress } from "../ip_address.ts";

/** The scheme that a client uses. */
export type Scheme = "http" | "https";

/** What the connection itself tells. */
export interface PeerFacts {
  /** The address at the other end; `null` on a unix socket. */
  readonly address: string | null;
  /** Whether the gateway itself serves https there. */
  readonly isTls: boolean;
}

/** Where a request comes from, as far as it is believed. */
export interface ClientFacts {
  /** The client's address; `null` when only a unix socket is known. */
  readonly address: string | null;
  /** The scheme that the client used. */
  readonly scheme: Scheme;
  /** The host that the client asked for, when a trusted proxy says so; otherwise `null`, and the Host header counts. */
  readonly host: string | null;
  /** Whether the peer is a trusted proxy, whose `x-forwarded-…` headers may be passed on. */
  readonly isProxied: boolean;
}

/**
 * Finds out who the client is.
 *
 * Of a trusted proxy's `X-Forwarded-For` the last entry counts that is not a trusted proxy itself: what stands to its left
 * was sent by the client and may be made up. Where everybody is trusted that is the first one, as in llama-swap. An
 * entry that is no address ends the search. Without the header `X-Real-IP` counts.
 */
export function clientOf(headers: Headers, peer: PeerFacts, trust: TrustedProxies): ClientFacts {
  const scheme = peer.isTls ? "https" : "http";
  if (!isTrusted(peer.address, trust)) return { address: peer.address, scheme, host: null, isProxied: false };
  return {
    address: forwardedFor(headers, trust) ?? peer.address,
    scheme: forwardedScheme(headers) ?? scheme,
    host: forwardedHost(headers),
    isProxied: true,
  };
}

function isTrusted(address: string | null, { all, unix, ranges }: TrustedProxies): boolean {
  if (all) return true;
  if (address === null) return unix;
  if (ranges.length === 0) return false;
  const parsed = parseIpAddress(withoutZone(address));
  return parsed !== null && isAmong(parsed, ranges);
}

function isAmong(address: IpAddress, ranges: TrustedProxies["ranges"]): boolean {
  return ranges.some((range) => isInRange(address, range));
}

/** The client's address by the headers, written as it came; `null` when they tell none. */
function forwardedFor(headers: Headers, { all, ranges }: TrustedProxies): string | null {
  const chain = headers.get("x-forwarded-for");
  if (chain === null || chain.trim() === "") {
    const real = addressIn(headers.get("x-real-ip") ?? "");
    return real?.text ?? null;
  }
  let client: string | null = null;
  for (const entry of chain.split(",").reverse()) {
    const found = addressIn(entry);
    if (found === null) break;
    client = found.text;
    if (!all && !isAmong(found.parsed, ranges)) break;
  }
  return client;
}

/** An address as proxies write it: some add the port, and then brackets around an address of version 6. */
function addressIn(entry: string): { readonly text: string; readonly parsed: IpAddress } | null {
  const trimmed = entry.trim();
  const text = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(trimmed)?.[1] ?? /^([\d.]+):\d{1,5}$/.exec(trimmed)?.[1] ?? trimmed;
  const parsed = parseIpAddress(withoutZone(text));
  return parsed === null ? null : { text, parsed };
}

function withoutZone(address: string): string {
  return address.replace(/%.*$/, "");
}

/** The first scheme of `X-Forwarded-Proto`: each proxy in a row writes its own behind it. */
function forwardedScheme(headers: Headers): Scheme | null {
  const scheme = firstOf(headers.get("x-forwarded-proto")).toLowerCase();
  return scheme === "http" || scheme === "https" ? scheme : null;
}

function forwardedHost(headers: Headers): string | null {
  const host = firstOf(headers.get("x-forwarded-host"));
  return /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/.test(host) ? host : null;
}

function firstOf(list: string | null): string {
  return (list ?? "").split(",")[0]?.trim() ?? "";
}
