/**
 * What browsers are told about pages of other sites: preflights (spec §2.4), and the headers of real answers. Pure.
 *
 * Credentials are never allowed, so that nothing but a key that the page itself holds opens anything to it.
 *
 * @module
 */

import type { HeaderList } from "./upstream/message.ts";
import { isTrusted, type SiteFacts, type SiteRules } from "./site_rules.ts";

/** Characters of a header's name (RFC 9110 §5.6.2). */
const TOKEN = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/;

const DEFAULT_HEADERS = "Content-Type, Authorization, Accept, X-Requested-With";

/**
 * Answers any OPTIONS request, whatever its path, key and origin. It promises nothing: the request that follows is held
 * against the rules.
 */
export function preflight(headers: Headers): Response {
  const asked = headers.get("access-control-request-headers") ?? "";
  return new Response(null, {
    status: 204,
    headers: {
      "access-control-allow-origin": "*",
      "access-control-allow-methods": "GET, POST, PUT, PATCH, DELETE, OPTIONS",
      "access-control-allow-headers": asked === "" ? DEFAULT_HEADERS : sanitizeHeaderNames(asked),
      "access-control-max-age": "86400",
    },
  });
}

/** The names in a list that can be names of headers. */
export function sanitizeHeaderNames(list: string): string {
  return list.split(",").map((name) => name.trim()).filter((name) => TOKEN.test(name)).join(", ");
}

/** Every header of an answer may be read: `retry-after`, `x-request-id` and the gateway's own among them. */
const EXPOSE = ["access-control-expose-headers", "*"] as const;
const VARY = ["vary", "Origin"] as const;

/**
 * The headers of a real answer. With keys any page may read it that brings one; without, pages that may use the gateway.
 * `vary` goes with every answer that a cache may keep.
 */
export function corsHeaders(facts: SiteFacts, rules: SiteRules): HeaderList {
  const { origin, method } = facts;
  if (origin === null) return method === "GET" || method === "HEAD" ? [VARY] : [];
  const isForAll = rules.origins === null ? rules.hasKeys : rules.origins.any;
  if (!isForAll && !isTrusted(facts, rules)) return [VARY];
  return [["access-control-allow-origin", origin], EXPOSE, VARY];
}

/** Puts {@link corsHeaders} on an answer; other values of `vary` stay, and none is said twice: a peer has rules like ours. */
export function applyCors(headers: Headers, cors: HeaderList): void {
  for (const [name, value] of cors) {
    if (name !== "vary") headers.set(name, value);
    else if (!varies(headers.get("vary"), value)) headers.append(name, value);
  }
}

function varies(said: string | null, by: string): boolean {
  return said !== null && said.split(",").some((name) => name.trim().toLowerCase() === by.toLowerCase());
}
