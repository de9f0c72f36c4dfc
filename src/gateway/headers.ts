/**
 * Which headers cross the gateway, as pure functions.
 *
 * @module
 */

type HeaderList = readonly (readonly [string, string])[];

const HOP_BY_HOP = new Set(
  "connection keep-alive proxy-connection proxy-authenticate proxy-authorization te trailer transfer-encoding upgrade"
    .split(" "),
);
const REPLACED = new Set(
  "host content-length accept-encoding expect x-forwarded-for x-forwarded-host x-forwarded-proto".split(" "),
);

/** Facts about the request and its backend that the headers must tell. */
export interface RequestHeaderOptions {
  /** The backend's authority. */
  readonly host: string;
  /** The client's address, or null when it is not known. */
  readonly remoteAddr: string | null;
  /** Lower-case names of headers that carry the gateway's own credentials. */
  readonly credentialNames: readonly string[];
}

/** The headers to send to the backend. */
export function requestHeaders(
  incoming: Headers,
  { host, remoteAddr, credentialNames }: RequestHeaderOptions,
): readonly (readonly [string, string])[] {
  const named = namedByConnection(incoming.get("connection"));
  const list: (readonly [string, string])[] = [["host", host], ["accept-encoding", "identity"]];
  for (const [name, value] of incoming) {
    if (HOP_BY_HOP.has(name) || REPLACED.has(name) || named.has(name) || credentialNames.includes(name)) continue;
    list.push([name, value]);
  }
  const forwarded = [incoming.get("x-forwarded-for"), remoteAddr].filter((part) => part).join(", ");
  if (forwarded !== "") list.push(["x-forwarded-for", forwarded]);
  list.push(["x-forwarded-host", incoming.get("host") ?? host]);
  list.push(["x-forwarded-proto", "http"]);
  return list;
}

/** The headers to send to the client; each `set-cookie` stays one of its own. */
export function responseHeaders(list: HeaderList): Headers {
  const named = namedByConnection(
    list.filter(([name]) => name.toLowerCase() === "connection").map(([, v]) => v).join(","),
  );
  const headers = new Headers();
  for (const [name, value] of list) {
    const lower = name.toLowerCase();
    if (!HOP_BY_HOP.has(lower) && !named.has(lower)) headers.append(lower, value);
  }
  if (headers.get("content-type")?.toLowerCase().includes("text/event-stream")) {
    headers.set("x-accel-buffering", "no");
    headers.delete("content-length"); // an error event may follow
  }
  return headers;
}

function namedByConnection(value: string | null): ReadonlySet<string> {
  return new Set((value ?? "").toLowerCase().split(",").map((name) => name.trim()).filter((name) => name !== ""));
}
