/**
 * Which headers cross the gateway, as pure functions.
 *
 * @module
 */

import type { Scheme } from "./client_address.ts";
import type { HeaderList } from "./upstream/message.ts";

/** Names that concern one connection alone (RFC 9110 §7.6.1). */
export const HOP_BY_HOP: ReadonlySet<string> = new Set(
  "connection keep-alive proxy-connection proxy-authenticate proxy-authorization te trailer transfer-encoding upgrade"
    .split(" "),
);
const NOT_SENT_ON = new Set([
  ...HOP_BY_HOP,
  ..."host content-length accept-encoding expect via x-forwarded-for x-forwarded-host x-forwarded-proto".split(" "),
]);

/** Facts about the request and its backend that the headers must tell. */
export interface RequestHeaderOptions {
  /** The backend's authority. */
  readonly host: string;
  /** The address at the other end of the connection, which the chain of addresses goes on with; null when there is none. */
  readonly remoteAddr: string | null;
  /** The scheme that the client used (see `clientOf`); http unless given. */
  readonly scheme?: Scheme;
  /** The host that a trusted proxy says the client asked for; otherwise the Host header is told. */
  readonly forwardedHost?: string | null;
  /** Lower-case names of headers that carry the gateway's own credentials. */
  readonly credentialNames: readonly string[];
  /** The `via` to send; the client's own goes on unless given. */
  readonly via?: string;
  /** Whether the answer may be compressed as the client allows; otherwise it may not, so that it can be read here. */
  readonly mayBeCompressed?: boolean;
}

/** The headers to send to the backend. */
export function requestHeaders(
  incoming: Headers,
  options: RequestHeaderOptions,
): HeaderList {
  const { host, remoteAddr, credentialNames, scheme = "http", forwardedHost = null, via } = options;
  const encoding = options.mayBeCompressed === true ? incoming.get("accept-encoding") : null;
  const list: (readonly [string, string])[] = [["host", host], ["accept-encoding", encoding ?? "identity"]];
  let own = host;
  let chain = "";
  let named = null as ReadonlySet<string> | null; // the type that the callback leaves it with
  // Not `for … of`: that makes an iterator, and with some headers the whole list again at each step.
  incoming.forEach((value, name) => {
    if (!NOT_SENT_ON.has(name)) {
      if (!credentialNames.includes(name)) list.push([name, value]);
    } else if (name === "host") {
      own = value;
    } else if (name === "x-forwarded-for") {
      chain = value;
    } else if (name === "connection") {
      named = namedByConnection(value);
    } else if (name === "via" && via === undefined) {
      list.push([name, value]);
    }
  });
  const forwardedFor = chain !== "" && remoteAddr !== null ? `${chain}, ${remoteAddr}` : remoteAddr ?? chain;
  if (forwardedFor !== "") list.push(["x-forwarded-for", forwardedFor]);
  if (via !== undefined) list.push(["via", via]);
  list.push(["x-forwarded-host", forwardedHost ?? own], ["x-forwarded-proto", scheme]);
  return named === null ? list : list.filter(([name]) => PUT_BY_US.has(name) || named?.has(name) !== true);
}

/** A client cannot have the gateway's own headers removed. */
const PUT_BY_US = new Set([
  "host",
  "accept-encoding",
  "via",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
]);

/** What the client gets of an answer's head. */
export interface ClientHead {
  /** Lower-case names; each `set-cookie` stays one of its own. */
  readonly headers: [string, string][];
  /** Whether the body is a stream of server-sent events. */
  readonly isEventStream: boolean;
  /** Whether the body is compressed, so that nothing can be written into it. */
  readonly isEncoded: boolean;
}

/**
 * The headers to send to the client: the backend's `list`, then the gateway's own, which win; `vary` is said by both. What a
 * backend tells browsers about pages of other sites is dropped: it knows neither the gateway's keys nor its rules.
 */
export function responseHeaders(list: HeaderList, own: HeaderList = []): ClientHead {
  let isEventStream = false;
  let isEncoded = false;
  let named: ReadonlySet<string> | null = null;
  for (const [name, value] of list) {
    const lower = name.toLowerCase();
    if (lower === "connection") named = new Set([...named ?? [], ...namedByConnection(value) ?? []]);
    else if (lower === "content-type") isEventStream ||= value.toLowerCase().includes("text/event-stream");
    else if (lower === "content-encoding") isEncoded ||= value.toLowerCase() !== "identity";
  }
  const headers: [string, string][] = [];
  for (const [name, value] of list) {
    const lower = name.toLowerCase();
    if (HOP_BY_HOP.has(lower) || named?.has(lower) === true) continue;
    if (isEventStream && NOT_WITH_EVENTS.has(lower)) continue;
    if (lower.startsWith("access-control-")) continue;
    if (lower !== "vary" && own.some(([ours]) => ours === lower)) continue;
    headers.push([lower, value]);
  }
  for (const [name, value] of own) headers.push([name, value]);
  if (isEventStream) headers.push(["x-accel-buffering", "no"]);
  return { headers, isEventStream, isEncoded };
}

/** An error event may make a stream longer than announced; buffering is ours to forbid. */
const NOT_WITH_EVENTS = new Set(["content-length", "x-accel-buffering"]);

/** The names in a Connection header; null when there are none but those that are never sent on, as nearly always. */
export function namedByConnection(value: string): ReadonlySet<string> | null {
  if (value === "keep-alive" || value === "close") return null;
  const names = value.toLowerCase().split(",").map((name) => name.trim()).filter((name) => !HOP_BY_HOP.has(name));
  return names.some((name) => name !== "" && name !== "close") ? new Set(names) : null;
}
