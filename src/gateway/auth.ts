/**
 * Who asks, and what that client may do: keys from `apiKeys`, found in constant time.
 *
 * @module
 */

import type { ApiKey, Scope } from "../config/types.ts";
import { GatewayError, shorten } from "../errors.ts";
import { queryOf } from "./request_url.ts";

/** Whoever sent a request, as far as its key tells. */
export interface Client {
  /** The name of its key; `null` when that has none, or there is no key. */
  readonly name: string | null;
  /** Its key; `null` when none are configured. */
  readonly key: ApiKey | null;
  /** Whether its key is good for this. */
  may(scope: Scope): boolean;
  /** Whether it may use a model, by its real id or, for one of a peer, `peer/model`. */
  mayUse(model: string): boolean;
}

/** Where a key may be found besides the headers. */
export interface KeySources {
  /** What {@link takeQueryKey} found; only for routes whose clients cannot send headers. */
  readonly queryKey?: string | null;
  /** What `protocolKeyOf` found; only for websockets. */
  readonly protocolKey?: string | null;
}

/** Finds out who asks. */
export interface KeyCheck {
  /**
   * Tells whose key a request carries.
   *
   * @throws {GatewayError} `unauthorized` when keys are configured and none of them was sent.
   */
  (headers: Headers, sources?: KeySources): Client;
}

/** Request headers that carry the gateway's own credentials and must not reach a backend. */
export const CREDENTIAL_HEADERS: readonly string[] = ["authorization", "x-api-key"];

/**
 * The headers in which this gateway's own keys may stand. Without keys of its own the gateway is open, and what a client sends
 * is meant for whoever answers.
 */
export function credentialNamesOf({ apiKeys }: { readonly apiKeys: readonly ApiKey[] }): readonly string[] {
  return apiKeys.length > 0 ? CREDENTIAL_HEADERS : [];
}

/** The parameter of a query that may carry a key where headers cannot, as for `EventSource`. */
export const QUERY_KEY = "api_key";

const ANYONE: Client = { name: null, key: null, may: () => true, mayUse: () => true };

/** Makes the check for `keys`; without keys everybody may do everything. */
export function createKeyCheck(keys: readonly ApiKey[]): KeyCheck {
  if (keys.length === 0) return () => ANYONE;
  const find = createFinder(keys.map((key) => ({ key: key.key, client: clientOf(key) })));
  return (headers, { queryKey = null, protocolKey = null } = {}) => {
    let client: Client | null = null;
    // A wrong one does not hide a right one; of several right ones the first counts.
    for (const candidate of candidatesIn(headers, [queryKey, protocolKey])) client = client ?? find(candidate);
    if (client === null) throw new GatewayError("unauthorized", "unauthorized: invalid or missing API key");
    return client;
  };
}

function clientOf(key: ApiKey): Client {
  return {
    name: key.name,
    key,
    may: (scope) => key.scopes.has(scope),
    mayUse: (model) => key.models === null || key.models.has(model),
  };
}

const EVERY_SCOPE: readonly Scope[] = ["inference", "models", "logs", "operate", "config"];

/** Whether nothing is kept from a client: no scope and no model. */
export function mayEverything({ key, may }: Client): boolean {
  return (key === null || key.models === null) && EVERY_SCOPE.every((scope) => may(scope));
}

/**
 * Lets a client pass whose key is good for this.
 *
 * @throws {GatewayError} `forbidden` otherwise.
 */
export function requireScope(client: Client, scope: Scope): void {
  if (client.may(scope)) return;
  throw new GatewayError("forbidden", `This API key is not good for this: its scopes lack ${JSON.stringify(scope)}`);
}

/**
 * Lets a client pass whose key is good for a model: `model` as {@link Client.mayUse} knows it, `asked` as the client does,
 * who learns no other name of it.
 *
 * @throws {GatewayError} `forbidden` otherwise.
 */
export function requireModel(
  client: Client,
  { model, asked }: { readonly model: string; readonly asked: string },
): void {
  if (client.mayUse(model)) return;
  const shown = JSON.stringify(shorten(asked));
  throw new GatewayError("forbidden", `This API key may not use the model ${shown}`, { param: "model" });
}

/** A request's URL without the key that its query held. */
export interface UrlWithoutKey {
  /** To be logged, forwarded and looked at. */
  readonly url: string;
  /** The first key of the query; `null` when there is none. */
  readonly key: string | null;
}

/** Takes the key out of a URL's query; every other byte of the URL stays. */
export function takeQueryKey(url: string): UrlWithoutKey {
  const query = queryOf(url);
  // Somebody may have escaped the letters of its name.
  if (query === "" || !(query.includes(QUERY_KEY) || query.includes("%"))) return { url, key: null };
  let key: string | null = null;
  const others = query.slice(1).split("&").filter((pair) => {
    const equals = pair.indexOf("=");
    if (unescape(equals < 0 ? pair : pair.slice(0, equals)) !== QUERY_KEY) return true;
    key ??= equals < 0 ? "" : unescape(pair.slice(equals + 1));
    return false;
  });
  if (key === null) return { url, key };
  return { url: url.slice(0, -query.length) + (others.length === 0 ? "" : `?${others.join("&")}`), key };
}

/** One part of a query, as a form is escaped. */
function unescape(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}

const UTF8 = new TextEncoder();
const OTHER_THAN_ASCII = /[^\0-\x7f]/;

/** Everything in a request that may be a key, each character a byte: Basic password, Bearer, `x-api-key`, `others`. */
function candidatesIn(headers: Headers, others: readonly (string | null)[]): readonly string[] {
  const found: string[] = [];
  const authorization = headers.get("authorization");
  if (authorization !== null) {
    const space = authorization.indexOf(" ");
    const scheme = authorization.slice(0, space).toLowerCase();
    const rest = authorization.slice(space + 1).trim();
    if (scheme === "basic") found.push(basicPassword(rest));
    else if (scheme === "bearer") found.push(rest);
  }
  found.push(headers.get("x-api-key") ?? "");
  for (const other of others) if (other !== null) found.push(bytesAsText(other));
  // The runtime gives bytes as characters; a client that is a browser sends characters as bytes.
  for (const text of [...found]) if (OTHER_THAN_ASCII.test(text)) found.push(bytesAsText(text));
  return found.filter((text) => text !== "");
}

/** Empty when there is none. */
function basicPassword(encoded: string): string {
  try {
    const decoded = atob(encoded);
    const colon = decoded.indexOf(":");
    return colon < 0 ? "" : decoded.slice(colon + 1);
  } catch {
    return "";
  }
}

function bytesAsText(text: string): string {
  return OTHER_THAN_ASCII.test(text)
    ? Array.from(UTF8.encode(text), (byte) => String.fromCharCode(byte)).join("")
    : text;
}

/** Shorter keys are compared as if they were so long, in bytes. */
const MIN_WIDTH = 64;

/**
 * Makes a function that finds the client of a key. Each search compares the candidate with every key over the same number of
 * bytes, which only the longest configured key decides, and without a branch that depends on what was found: the time says
 * neither which key was close, nor how long one is. That costs less than a hash of each candidate would.
 */
function createFinder(
  keys: readonly { readonly key: string; readonly client: Client }[],
): (key: string) => Client | null {
  const encoded = keys.map(({ key }) => UTF8.encode(key));
  const width = Math.max(MIN_WIDTH, ...encoded.map((bytes) => bytes.length));
  const rows = encoded.map((bytes) => {
    const row = new Uint8Array(width);
    row.set(bytes);
    return row;
  });
  const candidate = new Uint8Array(width);
  return (text) => {
    for (let i = 0; i < width; i++) candidate[i] = i < text.length ? text.charCodeAt(i) : 0;
    let found = -1;
    for (let at = 0; at < rows.length; at++) {
      const row = rows[at] ?? candidate;
      let difference = text.length ^ (encoded[at]?.length ?? 0);
      for (let i = 0; i < width; i++) difference |= (candidate[i] ?? 0) ^ (row[i] ?? 0);
      // All ones when nothing differs, otherwise zero.
      const mask = (difference - 1) >> 31;
      found = (at & mask) | (found & ~mask);
    }
    candidate.fill(0);
    return keys[found]?.client ?? null;
  };
}
