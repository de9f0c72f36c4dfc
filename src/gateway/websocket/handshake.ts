/**
 * The opening handshake of RFC 6455, towards the client and towards the backend.
 *
 * @module
 */

import { GatewayError } from "../../errors.ts";
import type { HeaderList, UpstreamResponse } from "../upstream/message.ts";

/** RFC 6455 §1.3. */
const ACCEPT_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const VERSION = "13";
/** Between a client and us, or between us and a backend: each connection has its own. */
const OWN = new Set([
  "sec-websocket-key",
  "sec-websocket-version",
  "sec-websocket-extensions",
  "sec-websocket-protocol",
]);

/** Whether a request wants to become a websocket: both headers may be lists, and come more than once. */
export function isWebsocketUpgrade(headers: Headers): boolean {
  return hasToken(headers.get("connection"), "upgrade") && hasToken(headers.get("upgrade"), "websocket");
}

/**
 * Refuses an upgrade that could not be carried out, before anything is done for it.
 *
 * @throws {GatewayError} `bad_request`, `method_not_allowed`, or `upgrade_required` with the version that we speak.
 */
export function requireHandshake({ method, headers }: Pick<Request, "method" | "headers">): void {
  if (method !== "GET") throw new GatewayError("method_not_allowed", "A websocket begins with GET");
  const version = headers.get("sec-websocket-version");
  if (version !== VERSION) {
    const isMissing = version === null || version === "";
    const found = isMissing ? "missing" : JSON.stringify(version.slice(0, 60));
    const message = `Sec-WebSocket-Version must be ${VERSION}, and is ${found}`;
    if (isMissing) throw new GatewayError("bad_request", message);
    // RFC 6455 §4.4: a client that speaks several versions tries again with this one.
    throw new GatewayError("upgrade_required", message, { headers: [["sec-websocket-version", VERSION]] });
  }
  if ((headers.get("sec-websocket-key") ?? "") === "") {
    throw new GatewayError("bad_request", "Sec-WebSocket-Key is missing");
  }
}

/** The sub-protocols that a client offers, the one that it likes best first. */
export function offeredProtocols(headers: Headers): readonly string[] {
  return (headers.get("sec-websocket-protocol") ?? "").split(",").map((name) => name.trim()).filter((name) =>
    name !== ""
  );
}

/** What our own handshake with a backend is made of. */
export interface Offer {
  /** Sub-protocols. */
  readonly protocols: readonly string[];
  /** The nonce that the answer must prove to know. */
  readonly key: string;
}

/** An offer with a nonce of its own. */
export function newOffer(protocols: readonly string[]): Offer {
  return { protocols, key: btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16)))) };
}

/** `headers` with our own handshake in the place of the client's; no extensions are offered. */
export function upgradeHeaders(headers: HeaderList, { protocols, key }: Offer): HeaderList {
  const list = headers.filter(([name]) => !OWN.has(name.toLowerCase()));
  list.push(["sec-websocket-key", key], ["sec-websocket-version", VERSION]);
  if (protocols.length > 0) list.push(["sec-websocket-protocol", protocols.join(", ")]);
  return list;
}

/**
 * The sub-protocol that a backend chose with its 101; null when it chose none.
 *
 * @throws {GatewayError} `backend_lost` when it did not understand the offer, or chose what was not offered.
 */
export async function chosenProtocol({ headers }: UpstreamResponse, { protocols, key }: Offer): Promise<string | null> {
  const valuesOf = (wanted: string) => headers.filter(([name]) => name === wanted).map(([, value]) => value);
  const accepts = valuesOf("sec-websocket-accept");
  if (!hasToken(valuesOf("upgrade").join(), "websocket")) throw broken("it upgraded to something else");
  if (accepts.length !== 1 || accepts[0] !== await acceptOf(key)) throw broken("Sec-WebSocket-Accept is wrong");
  if (valuesOf("sec-websocket-extensions").some((value) => value !== "")) throw broken("it uses an extension unasked");
  const [chosen = null, ...others] = valuesOf("sec-websocket-protocol");
  if (others.length > 0 || (chosen !== null && !protocols.includes(chosen))) {
    throw broken("it chose a sub-protocol that was not offered");
  }
  return chosen;
}

/** The headers of a 101 that are the client's business: not those of the connection that it came over. */
export function answeredHeaders(headers: HeaderList): HeaderList {
  return headers.filter(([name]) => !OWN.has(name) && name !== "sec-websocket-accept" && name !== "content-length");
}

/** The answer to a nonce (RFC 6455 §4.2.2). */
export async function acceptOf(key: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(key + ACCEPT_SUFFIX));
  return btoa(String.fromCharCode(...new Uint8Array(hash)));
}

function hasToken(value: string | null, token: string): boolean {
  return value !== null && value.split(",").some((part) => part.trim().toLowerCase() === token);
}

function broken(how: string): GatewayError {
  const cause = new Error(how);
  return new GatewayError("backend_lost", "The model's backend broke the opening handshake of a websocket", { cause });
}
