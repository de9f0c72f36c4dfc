/**
 * Who may use the gateway: keys from `apiKeys`, compared in constant time.
 *
 * @module
 */

import { GatewayError } from "../errors.ts";

/** Decides whether a request's headers carry one of the configured keys. */
export interface KeyCheck {
  /**
   * Lets the request pass or throws.
   *
   * @throws {GatewayError} `unauthorized` when keys are configured and none of them was sent.
   */
  (headers: Headers): void;
}

/** Request headers that carry the gateway's own credentials and must not reach a backend. */
export const CREDENTIAL_HEADERS: readonly string[] = ["authorization", "x-api-key"];

/** Makes the check for `keys`; without keys everything passes. */
export function createKeyCheck(keys: readonly string[]): KeyCheck {
  if (keys.length === 0) return () => {};
  const encoder = new TextEncoder();
  const expected = keys.map((key) => encoder.encode(key));
  return (headers) => {
    const sent = credentialOf(headers);
    const bytes = sent === null ? null : encoder.encode(sent);
    let known = false;
    // Every key is compared, so that the time taken tells nothing about which one was close.
    if (bytes !== null) { for (const key of expected) known = equalInConstantTime(bytes, key) || known; }
    if (!known) throw new GatewayError("unauthorized", "unauthorized: invalid or missing API key");
  };
}

/** The one candidate of a request, in llama-swap's order (spec §2.2): Basic password, Bearer, `x-api-key`. */
export function credentialOf(headers: Headers): string | null {
  const authorization = headers.get("authorization") ?? "";
  const space = authorization.indexOf(" ");
  const scheme = authorization.slice(0, space).toLowerCase();
  const rest = authorization.slice(space + 1).trim();
  if (scheme === "basic") {
    const password = basicPassword(rest);
    if (password !== null && password !== "") return password;
  }
  if (scheme === "bearer" && rest !== "") return rest;
  return headers.get("x-api-key");
}

function basicPassword(encoded: string): string | null {
  try {
    const bytes = Uint8Array.from(atob(encoded), (char) => char.charCodeAt(0));
    const decoded = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    const colon = decoded.indexOf(":");
    return colon < 0 ? null : decoded.slice(colon + 1);
  } catch {
    return null;
  }
}

function equalInConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i % b.length] ?? 0);
  return difference === 0;
}
