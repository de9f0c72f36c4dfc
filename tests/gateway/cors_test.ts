import { assertEquals } from "@std/assert";
import type { ApiKey } from "../../src/config/types.ts";
import { applyCors, corsHeaders, preflight, sanitizeHeaderNames } from "../../src/gateway/cors.ts";
import { responseHeaders } from "../../src/gateway/headers.ts";
import { createSiteRules, type SiteFacts } from "../../src/gateway/site_rules.ts";

const KEY: ApiKey = { key: "k", name: null, scopes: new Set(), models: null, maxOpen: null };

function headersFor(
  facts: Partial<SiteFacts>,
  { keys = false, origins = null }: { readonly keys?: boolean; readonly origins?: readonly string[] | null } = {},
): Record<string, string> {
  const rules = createSiteRules({ apiKeys: keys ? [KEY] : [], cors: { origins }, allowedHosts: [] }, {
    isLoopback: true,
  });
  const all = {
    method: "POST",
    host: "localhost:8080",
    hostOfProxy: null,
    origin: null,
    fetchSite: null,
    isAmbient: false,
    ...facts,
  };
  return Object.fromEntries(corsHeaders(all, rules));
}

Deno.test("SV115: a preflight is answered 204 and allows every origin and method for a day", () => {
  const response = preflight(new Headers());
  assertEquals([response.status, response.body], [204, null]);
  assertEquals(Object.fromEntries(response.headers), {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET, POST, PUT, PATCH, DELETE, OPTIONS",
    "access-control-allow-headers": "Content-Type, Authorization, Accept, X-Requested-With",
    "access-control-max-age": "86400",
  });
});

Deno.test("SV45: the headers that a preflight asks for are allowed when they can be names", () => {
  const allowed = (asked: string) =>
    preflight(new Headers({ "access-control-request-headers": asked })).headers.get("access-control-allow-headers");
  assertEquals(allowed("x-api-key,  Content-Type ,authorization"), "x-api-key, Content-Type, authorization");
  assertEquals(allowed("x good, x-ok, a@b, ü, (x), ok2"), "x-ok, ok2");
  assertEquals(allowed("a b"), "");
  assertEquals([sanitizeHeaderNames(""), sanitizeHeaderNames(" , ,")], ["", ""]);
});

Deno.test("SV46: the characters of a header's name", () => {
  const tokens = "!#$%&'*+-.^_`|~09azAZ";
  assertEquals(sanitizeHeaderNames(tokens), tokens);
  for (let code = 0; code < 256; code++) {
    const char = String.fromCharCode(code);
    const isToken = /[A-Za-z0-9]/.test(char) || (char !== "" && "!#$%&'*+-.^_`|~".includes(char));
    if (char !== ",") assertEquals(sanitizeHeaderNames(`a${char}b`) !== "", isToken, `character ${code}`);
  }
});

Deno.test("with keys every page may read answers, so that it can use a key of its own; credentials are never allowed", () => {
  for (const origins of [null, ["*"]]) {
    assertEquals(headersFor({ origin: "https://chat.example" }, { keys: true, origins }), {
      "access-control-allow-origin": "https://chat.example",
      "access-control-expose-headers": "*",
      vary: "Origin",
    });
  }
  assertEquals(headersFor({ origin: "https://other.example" }, { keys: true, origins: ["https://chat.example"] }), {
    vary: "Origin",
  });
});

Deno.test("SV1: without keys a page that may use the gateway finds its origin in the answer, another one nothing", () => {
  for (const origin of ["http://localhost:3000", "http://localhost:8080"]) {
    assertEquals(headersFor({ origin, method: "GET" }), {
      "access-control-allow-origin": origin,
      "access-control-expose-headers": "*",
      vary: "Origin",
    });
  }
  assertEquals(headersFor({ origin: "https://evil.example" }), { vary: "Origin" });
  assertEquals(headersFor({ origin: "null" }), { vary: "Origin" });
  assertEquals(
    headersFor({ origin: "https://any.example" }, { origins: ["*"] })["access-control-allow-origin"],
    "https://any.example",
  );
});

Deno.test("who is no browser is told nothing, besides that caches must tell origins apart", () => {
  assertEquals(headersFor({ method: "POST" }), {});
  for (const method of ["GET", "HEAD"]) assertEquals(headersFor({ method }), { vary: "Origin" });
});

Deno.test("on an answer of the gateway's own, other reasons to vary stay", () => {
  const headers = new Headers({ vary: "Accept-Encoding", "content-type": "text/html" });
  applyCors(headers, [["access-control-allow-origin", "*"], ["vary", "Origin"]]);
  assertEquals(Object.fromEntries(headers), {
    "access-control-allow-origin": "*",
    vary: "Accept-Encoding, Origin",
    "content-type": "text/html",
  });
});

Deno.test("a peer that says already that its answer varies by origin is not said twice", () => {
  for (const said of ["Origin", "origin", "Accept-Encoding, Origin", "Origin , Accept"]) {
    const headers = new Headers({ vary: said });
    applyCors(headers, [["vary", "Origin"]]);
    assertEquals(headers.get("vary"), said);
  }
  const headers = new Headers({ vary: "X-Origin" });
  applyCors(headers, [["vary", "Origin"]]);
  assertEquals(headers.get("vary"), "X-Origin, Origin");
});

Deno.test("what a backend says about pages is dropped, what it says about caching stays", () => {
  const backend = [
    ["Access-Control-Allow-Origin", "https://evil.example"],
    ["access-control-allow-credentials", "true"],
    ["Vary", "Accept-Encoding"],
    ["content-type", "application/json"],
  ] as const;
  assertEquals(responseHeaders(backend, [["access-control-allow-origin", "*"], ["vary", "Origin"]]).headers, [
    ["vary", "Accept-Encoding"],
    ["content-type", "application/json"],
    ["access-control-allow-origin", "*"],
    ["vary", "Origin"],
  ]);
  assertEquals(responseHeaders(backend.slice(0, 2)).headers, []);
});
