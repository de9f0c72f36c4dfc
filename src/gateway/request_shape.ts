/**
 * Shapes of requests that the runtime lets through and that mean one thing to one reader and another to the next: refused
 * before anything is done. The runtime itself refuses two lengths, a length beside chunks, folded lines and the like.
 *
 * @module
 */

import { GatewayError } from "../errors.ts";
import { isHost } from "./request_url.ts";

/** What is looked at of a request. */
export interface RequestShape {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
}

/** Schemes that the runtime or a proxy writes in front of a host. */
const SCHEMES: ReadonlySet<string> = new Set(["http", "https", "http+unix"]);

/**
 * Refuses what has no place here.
 *
 * @throws {GatewayError} for CONNECT, a target of another host than the Host header names, a Host header that is no host,
 * and a transfer encoding that nobody decodes. After CONNECT the connection must end, see {@link thenHangUp}.
 */
export function checkShape({ method, url, headers }: RequestShape): void {
  if (method === "CONNECT") throw new GatewayError("method_not_allowed", "This gateway opens no tunnels");
  const host = headers.get("host");
  if (host !== null && host !== "") {
    if (!isHost(host)) throw refused("The Host header is not the name of a host");
    if (!startsWithHost(url, host)) requireSameHost(url, host);
  }
  const encoding = headers.get("transfer-encoding");
  if (encoding !== null && encoding.toLowerCase() !== "chunked") {
    throw refused("The body has a transfer encoding besides chunked, which nobody decodes here");
  }
}

/**
 * The answer, and then the end of the connection: what the client has sent behind its request is not read as another one.
 * An answer has no other way to end a connection of the runtime than to break off, so it says no length.
 */
export function thenHangUp(response: Response): Response {
  const reader = response.body?.getReader();
  const headers = new Headers(response.headers);
  headers.delete("content-length");
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const value = (await reader?.read())?.value;
      if (value === undefined) controller.error(refused("The connection ends with its answer"));
      else controller.enqueue(value);
    },
  }, { highWaterMark: 0 });
  return new Response(stream, { status: response.status, statusText: response.statusText, headers });
}

/** Whether the URL is what the runtime makes of a path and this host: nearly always. */
function startsWithHost(url: string, host: string): boolean {
  const from = url.indexOf("://");
  if (from < 0 || !SCHEMES.has(url.slice(0, from)) || !url.startsWith(host, from + 3)) return false;
  const next = url[from + 3 + host.length];
  return next === undefined || next === "/" || next === "?";
}

function requireSameHost(url: string, host: string): void {
  const [scheme = ""] = url.split("://", 1);
  if (!SCHEMES.has(scheme.toLowerCase())) throw refused("The target of the request is no http URL");
  if (withoutDefaultPort(authorityIn(url)) !== withoutDefaultPort(host)) {
    throw refused("The target of the request names another host than its Host header");
  }
}

function authorityIn(url: string): string {
  return /^[^:/?#]*:\/\/([^/?#]*)/.exec(url)?.[1] ?? "";
}

function withoutDefaultPort(authority: string): string {
  return authority.toLowerCase().replace(/:(80|443)?$/, "");
}

function refused(message: string): GatewayError {
  return new GatewayError("bad_request", message);
}
