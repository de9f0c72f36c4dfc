/**
 * Headers as others may see them: without secrets, and never more than a bound. Pure.
 *
 * @module
 */

import { shorten } from "../errors.ts";

/** What stands where a secret was. */
export const REDACTED = "[REDACTED]";

/** Cookies, and every name that speaks of a credential: `authorization`, `x-api-key`, `x-auth-token`, `x-client-secret`. */
const SECRET_NAME = /cookie|auth|token|secret|key|passw|credential/;

/** Values that are addresses: what follows the question mark may hold a key. */
const ADDRESSES = new Set([
  "referer",
  "location",
  "content-location",
  "x-original-url",
  "x-original-uri",
  "x-forwarded-uri",
]);

/** Of what is shown: how long one value may be, and how long all names and values of one side together, in characters. */
const [MOST_VALUE, MOST_IN_ALL] = [2048, 32 * 1024];

/**
 * The first value of each header under its lower-case name; what is secret reads {@link REDACTED}, long values are cut, and
 * headers beyond the bound are left out.
 */
export function shownHeaders(headers: Iterable<readonly [string, string]>): Readonly<Record<string, string>> {
  const shown = new Map<string, string>();
  let left = MOST_IN_ALL;
  for (const [given, value] of headers) {
    const name = given.toLowerCase();
    if (shown.has(name)) continue;
    const text = SECRET_NAME.test(name) ? REDACTED : shownText(shownValue(name, value));
    left -= name.length + text.length;
    if (left < 0) break;
    shown.set(name, text);
  }
  return Object.fromEntries(shown);
}

function shownValue(name: string, value: string): string {
  if (ADDRESSES.has(name)) return withoutQuery(value);
  if (name !== "sec-websocket-protocol") return value;
  // Pages have no other place for a key: `openai-insecure-api-key.KEY`, `base64url.bearer.authorization.k8s.io.TOKEN`.
  return value.split(",").map((part) => SECRET_NAME.test(part.toLowerCase()) ? REDACTED : part.trim()).join(", ");
}

/** `text`, cut as every value that is shown. */
export function shownText(text: string): string {
  return shorten(text, MOST_VALUE);
}

/** What comes before the question mark. */
export function withoutQuery(address: string): string {
  const mark = address.indexOf("?");
  return mark < 0 ? address : address.slice(0, mark);
}
