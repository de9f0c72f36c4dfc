import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import type { ApiKey } from "../../src/config/types.ts";
import {
  checkSite,
  createSiteRules,
  type SiteFacts,
  siteFactsOf,
  type SiteRules,
} from "../../src/gateway/site_rules.ts";

const KEY: ApiKey = { key: "k", name: null, scopes: new Set(), models: null, maxOpen: null };

interface Given {
  readonly keys?: boolean;
  readonly isLoopback?: boolean;
  readonly origins?: readonly string[] | null;
  readonly allowedHosts?: readonly string[];
}

function rulesOf({ keys = false, isLoopback = true, origins = null, allowedHosts = [] }: Given = {}): SiteRules {
  return createSiteRules({ apiKeys: keys ? [KEY] : [], cors: { origins }, allowedHosts }, { isLoopback });
}

function factsOf(facts: Partial<SiteFacts>): SiteFacts {
  return {
    method: "POST",
    host: "localhost:8080",
    hostOfProxy: null,
    origin: null,
    fetchSite: null,
    isAmbient: false,
    ...facts,
  };
}

function codeOf(facts: Partial<SiteFacts>, rules: SiteRules, changes = true): string | null {
  return checkSite(factsOf(facts), rules, { changes })?.code ?? null;
}

Deno.test("a request is looked at by its Host header, even where the target of the request names another host", () => {
  const headers = {
    host: "localhost:1",
    origin: "http://a",
    "sec-fetch-site": "cross-site",
    authorization: "basic eA==",
  };
  assertEquals(siteFactsOf(new Request("http://evil.example/x", { method: "PUT", headers })), {
    method: "PUT",
    host: "localhost:1",
    hostOfProxy: null,
    origin: "http://a",
    fetchSite: "cross-site",
    isAmbient: true,
  });
  const bare = siteFactsOf(
    new Request("http://h2.example:8443/x?http://y/", { headers: { authorization: "Bearer x" } }),
  );
  assertEquals([bare.host, bare.isAmbient], ["h2.example:8443", false]);
  const url = (url: string) => siteFactsOf({ method: "GET", headers: new Headers(), url }).host;
  assertEquals([url("http://[::1]:80/"), url("http://h?x=/")], ["[::1]:80", "h"]);
  assertEquals(siteFactsOf({ method: "GET", headers: new Headers({ host: "" }), url: "http://localhost/" }).host, "");
});

Deno.test("behind a trusted proxy, the host that the client asked for is held against the rules", () => {
  const request = (host: string) => new Request("http://x/", { headers: { host, origin: "https://llm.example.com" } });
  const facts = siteFactsOf(request("127.0.0.1:8080"), "llm.example.com");
  assertEquals(checkSite(facts, rulesOf({ allowedHosts: ["llm.example.com"] }), { changes: true }), null);
  assertEquals(checkSite(facts, rulesOf(), { changes: true })?.code, "forbidden", "a name that leads to the proxy");
  assertEquals(codeOf(siteFactsOf(request("127.0.0.1:8080")), rulesOf()), "forbidden", "nobody says who was asked");
  assertEquals(codeOf(siteFactsOf(request("a/b"), "localhost"), rulesOf()), "bad_request");
});

Deno.test("a page that reaches the gateway past its proxy, by a name of its own, gains nothing by saying what the proxy says", () => {
  const request = new Request("http://x/", {
    headers: { host: "rebound.example:8080", "sec-fetch-site": "same-origin" },
  });
  for (const said of ["localhost", "llm.example.com", "127.0.0.1"]) {
    const error = checkSite(siteFactsOf(request, said), rulesOf({ allowedHosts: ["llm.example.com"] }), {
      changes: false,
    });
    assertEquals(error?.code, "forbidden", said);
    assertStringIncludes(error?.message ?? "", '"rebound.example"');
  }
  const listed = rulesOf({ allowedHosts: ["llm.example.com", "berth"] });
  const inside = new Request("http://x/", { headers: { host: "berth" } });
  assertEquals(checkSite(siteFactsOf(inside, "llm.example.com"), listed, { changes: true }), null);
});

Deno.test("a Host header that is no name of a host is a bad request, with keys or without", () => {
  for (const host of ["", "a/b", "a?b", "a#b", "user@a", "a\\b", "a, b", "a b"]) {
    for (const rules of [rulesOf(), rulesOf({ keys: true }), rulesOf({ isLoopback: false })]) {
      assertEquals(codeOf({ host }, rules, false), "bad_request", host);
    }
  }
});

Deno.test("on this machine's own addresses and without keys, only its names, IP addresses and listed names are answered", () => {
  const rules = rulesOf({ allowedHosts: ["llm.example.com", "*.lan"] });
  for (
    const host of [
      "localhost",
      "LOCALHOST:8080",
      "localhost.:1",
      "chat.localhost:8080",
      "127.0.0.1:8080",
      "192.168.1.7",
      "[::1]:8080",
      "[fe80::1]",
      "host.docker.internal:8080",
      "host.containers.internal",
      "llm.example.com:443",
      "LLM.example.com",
      "box.lan",
    ]
  ) assertEquals(codeOf({ host }, rules), null, host);
  for (
    const host of [
      "evil.example",
      "localhost.evil.example",
      "127.0.0.1.evil.example:8080",
      "notlocalhost",
      "lan",
      ".lan",
      "llm.example.com.evil.example",
      "docker.internal.evil.example",
      "[evil.example]",
      "[::1].evil.example:8080",
      "[::1]evil.example",
      "[::1",
      "1.2.3.4.5",
    ]
  ) assertEquals(codeOf({ host }, rules, false), "forbidden", host);
  const error = checkSite(factsOf({ host: "rebound.example:8080" }), rules, { changes: false });
  assertStringIncludes(error?.message ?? "", '"rebound.example"');
  assertStringIncludes(error?.message ?? "", "allowedHosts");
});

Deno.test("a gateway in a network, or with keys, is asked for by any name, unless names are listed", () => {
  const host = "myserver:8080";
  assertEquals(codeOf({ host }, rulesOf({ isLoopback: false })), null);
  assertEquals(codeOf({ host }, rulesOf({ keys: true })), null);
  assertEquals(codeOf({ host }, rulesOf({ keys: true, allowedHosts: ["other"] })), null);
  assertEquals(codeOf({ host }, rulesOf({ isLoopback: false, allowedHosts: ["other"] })), "forbidden");
  assertEquals(codeOf({ host }, rulesOf({ allowedHosts: ["*"] })), null);
});

Deno.test("programs, which send no Origin, and the person at the address bar are let through", () => {
  for (const fetchSite of [null, "none", "same-origin"]) assertEquals(codeOf({ fetchSite }, rulesOf()), null);
});

Deno.test("without keys a page of another site cannot change anything, nor ask a model, whatever way it tries", () => {
  for (const isLoopback of [true, false]) {
    const rules = rulesOf({ isLoopback });
    for (
      const origin of [
        "https://evil.example",
        "http://localhost.evil.example",
        "http://evil.example:8080",
        "null",
        "",
        "localhost:8080",
        "http://localhost:8080, http://evil.example",
        "chrome-extension://abcdef",
        "moz-extension://abcdef",
      ]
    ) {
      assertEquals(codeOf({ origin }, rules), "forbidden", origin);
      assertEquals(codeOf({ origin, fetchSite: "same-origin" }, rules), "forbidden", origin);
      assertEquals(codeOf({ origin }, rules, false), null, "reading: the browser keeps the answer from the page");
    }
    assertEquals(codeOf({ method: "GET", fetchSite: "cross-site" }, rules), "forbidden");
    assertEquals(codeOf({ method: "GET", fetchSite: "cross-site" }, rules, false), null);
  }
  const error = checkSite(factsOf({ origin: "https://evil.example" }), rulesOf(), { changes: true });
  assertEquals(error?.status, 403);
  for (const part of ['"https://evil.example"', "cors.origins", "apiKeys"]) {
    assertStringIncludes(error?.message ?? "", part);
  }
});

Deno.test("pages of the gateway itself may, also behind a proxy that speaks https", () => {
  const rules = rulesOf({ isLoopback: false });
  for (
    const [origin, host] of [
      ["http://myserver:8080", "myserver:8080"],
      ["http://MyServer:8080", "myserver:8080"],
      ["http://myserver", "myserver:80"],
      ["https://myserver", "myserver"],
      ["https://myserver", "myserver:443"],
    ] as const
  ) assertEquals(codeOf({ origin, host }, rules), null, origin);
  assertEquals(codeOf({ origin: "http://myserver:3000", host: "myserver:8080" }, rules), "forbidden");
});

Deno.test("what comes from this machine to this machine may: pages of local programs, desktop programs", () => {
  for (
    const origin of [
      "http://localhost:3000",
      "http://127.0.0.1:5173",
      "https://[::1]:1",
      "http://app.localhost",
      "tauri://localhost",
      "app://obsidian.md",
      "vscode-webview://x1",
    ]
  ) {
    for (const isLoopback of [true, false]) assertEquals(codeOf({ origin }, rulesOf({ isLoopback })), null, origin);
    assertEquals(codeOf({ origin, host: "myserver:8080" }, rulesOf({ isLoopback: false })), "forbidden", origin);
  }
  assertEquals(codeOf({ method: "GET", fetchSite: "same-site" }, rulesOf()), null);
  const inNetwork = { method: "GET", fetchSite: "same-site", host: "gw.example.com" };
  assertEquals(codeOf(inNetwork, rulesOf({ isLoopback: false })), "forbidden");
});

Deno.test("listed origins may, and nothing else but the gateway's own pages", () => {
  const rules = rulesOf({
    origins: ["https://chat.example.com", "https://*.team.example", "chrome-extension://*", "null"],
  });
  for (
    const origin of [
      "https://chat.example.com",
      "https://CHAT.example.com",
      "https://a.b.team.example",
      "chrome-extension://abc",
      "null",
      "http://localhost:8080",
    ]
  ) assertEquals(codeOf({ origin }, rules), null, origin);
  for (
    const origin of [
      "http://chat.example.com",
      "https://chat.example.com:444",
      "https://team.example",
      "https://evilteam.example",
      "https://x.team.example.evil",
      "http://localhost:3000",
      "moz-extension://abc",
    ]
  ) assertEquals(codeOf({ origin }, rules), "forbidden", origin);
  assertEquals(codeOf({ origin: "http://localhost:3000" }, rulesOf({ origins: [] })), "forbidden");
  assertEquals(codeOf({ origin: "https://any.example" }, rulesOf({ origins: ["*"] })), null);
});

Deno.test("with keys any page may bring one, but a password that the browser keeps is not the page's", () => {
  const origin = "https://evil.example";
  for (const origins of [null, [], ["*"]]) {
    const rules = rulesOf({ keys: true, isLoopback: false, origins });
    assertEquals(codeOf({ origin }, rules), null);
    assertEquals(codeOf({ fetchSite: "cross-site", method: "GET" }, rules), null);
    assertEquals(codeOf({ origin, isAmbient: true }, rules), "forbidden");
    assertEquals(codeOf({ fetchSite: "cross-site", method: "GET", isAmbient: true }, rules), "forbidden");
    assertEquals(codeOf({ origin: "http://localhost:8080", isAmbient: true }, rules), null);
    assertEquals(codeOf({ isAmbient: true }, rules), null);
  }
  const named = rulesOf({ keys: true, origins: [origin] });
  assertEquals(codeOf({ origin, isAmbient: true }, named), null);
  const error = checkSite(factsOf({ origin, isAmbient: true }), rulesOf({ keys: true }), { changes: true });
  assert(error?.message.includes("Bearer"));
});

/** Whether only this machine can have such an origin or name, by what a browser's own parser makes of it. */
function isOfThisMachine(url: URL): boolean {
  const hostname = url.hostname.replace(/\.$/, "");
  return hostname === "localhost" || hostname.endsWith(".localhost") || /^127\.[\d.]*\d$/.test(hostname) ||
    hostname === "[::1]" || hostname === "0.0.0.0" || /\.(docker|containers)\.internal$/.test(hostname);
}

const PIECES = [
  "localhost",
  "127.0.0.1",
  "evil",
  "example",
  "docker",
  "internal",
  "::1",
  "[::1]",
  "0",
  "7",
  ".",
  "-",
  ":",
  "8080",
];
const AUTHORITIES = fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 6 }).map((pieces) =>
  pieces.join("")
);

Deno.test("whatever an origin is made of: it is trusted when a browser takes it for one of this machine, and never otherwise", () => {
  const rules = rulesOf();
  fc.assert(
    fc.property(fc.constantFrom("http", "https"), AUTHORITIES, (scheme, authority) => {
      const text = `${scheme}://${authority}`;
      // Browsers send an origin only as their parser writes it.
      fc.pre(URL.canParse(text) && new URL(text).origin === text);
      assertEquals(codeOf({ origin: text }, rules), isOfThisMachine(new URL(text)) ? null : "forbidden", text);
    }),
    { numRuns: 2000, seed: 1 },
  );
});

Deno.test("whatever a Host is made of: it is answered when a browser takes it for this machine or an address, and never otherwise", () => {
  const rules = rulesOf();
  fc.assert(
    fc.property(AUTHORITIES, (authority) => {
      const text = `http://${authority}`;
      fc.pre(URL.canParse(text) && new URL(text).origin === text);
      const url = new URL(text);
      const isAddress = /^\[|^[\d.]*\d$/.test(url.hostname);
      assertEquals(codeOf({ host: authority }, rules), isOfThisMachine(url) || isAddress ? null : "forbidden", text);
    }),
    { numRuns: 2000, seed: 2 },
  );
});
