/**
 * Where a gateway listens: a TCP address or a unix socket, as text and as value.
 *
 * @module
 */

import { UsageError } from "./arguments.ts";

/** Where to listen. */
export type ListenAddress = TcpAddress | UnixAddress;

/** A TCP address. */
export interface TcpAddress {
  readonly kind: "tcp";
  /** Host name or address without brackets. */
  readonly hostname: string;
  /** Port, 0–65535; 0 lets the system choose. */
  readonly port: number;
}

/** A unix socket. */
export interface UnixAddress {
  readonly kind: "unix";
  /** The path of its file. */
  readonly path: string;
}

/** The gateway cannot listen; the message says where and why. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

/** Where the gateway listens when nothing is said: this machine only. */
export const DEFAULT_LISTEN: ListenAddress = { kind: "tcp", hostname: "127.0.0.1", port: 8080 };

/** Where it listens with https when nothing is said. */
export const DEFAULT_TLS_LISTEN: ListenAddress = { kind: "tcp", hostname: "127.0.0.1", port: 8443 };

/**
 * Reads `host:port`, `:port` (all interfaces, as llama-swap means it), `[v6]:port` or `unix:path`.
 *
 * @throws {UsageError} when it is none of these.
 */
export function parseListen(text: string): ListenAddress {
  const path = unixPathIn(text);
  if (path !== null) return { kind: "unix", path };
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]\s]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65535) {
    throw new UsageError(`Flag -listen has "${text}": expected HOST:PORT, [IPV6]:PORT, :PORT or unix:PATH`);
  }
  return { kind: "tcp", hostname: match[1] ?? (match[2] || "0.0.0.0"), port };
}

/** The path in `unix:/run/berth.sock`, also written `unix:///run/berth.sock`; `null` when it is no such text. */
export function unixPathIn(text: string): string | null {
  return /^unix:(?:\/\/(?=\/))?(.+)$/s.exec(text)?.[1] ?? null;
}

/** Whether only programs on this machine can reach the address. Names other than `localhost` count as reachable. */
export function isLocal(address: ListenAddress): boolean {
  return address.kind === "unix" || isLoopback(address.hostname);
}

/** Whether a host is this machine and nobody else reaches it. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "::1" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** The address as one writes it for `-listen`. */
export function formatAddress(address: ListenAddress): string {
  return address.kind === "unix" ? `unix:${address.path}` : formatHostPort(address);
}

/** `host:port`, with brackets where they are needed. */
export function formatHostPort({ hostname, port }: Omit<TcpAddress, "kind">): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}
