import { assertEquals } from "@std/assert";
import type { TrustedProxies } from "../../src/config/types.ts";
import { clientOf } from "../../src/gateway/client_address.ts";
import { type IpRange, parseIpRange } from "../../src/ip_address.ts";

const NOBODY: TrustedProxies = { all: false, unix: false, ranges: [] };
const EVERYBODY: TrustedProxies = { all: true, unix: true, ranges: [] };

function trusted(...ranges: readonly string[]): TrustedProxies {
  const parsed = ranges.map(parseIpRange).filter((range): range is IpRange => range !== null);
  assertEquals(parsed.length, ranges.length);
  return { all: false, unix: false, ranges: parsed };
}

const PROXY = { address: "127.0.0.1", isTls: false };

function addressOf(headers: Record<string, string>, trust: TrustedProxies, peer = PROXY): string | null {
  return clientOf(new Headers(headers), peer, trust).address;
}

Deno.test("nobody is believed what the config does not say: the peer is the client", () => {
  const headers = new Headers({
    "x-forwarded-for": "1.2.3.4",
    "x-real-ip": "1.2.3.4",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "evil.example",
  });
  const peer = { address: "203.0.113.9", isTls: false };
  const facts = { address: "203.0.113.9", scheme: "http", host: null, isProxied: false } as const;
  for (const trust of [NOBODY, trusted("127.0.0.1", "10.0.0.0/8")]) assertEquals(clientOf(headers, peer, trust), facts);
  assertEquals(clientOf(headers, { ...peer, isTls: true }, NOBODY), { ...facts, scheme: "https" });
});

Deno.test("SV73: behind a trusted proxy the first of X-Forwarded-For counts, then X-Real-IP, then the connection", () => {
  assertEquals(addressOf({ "x-forwarded-for": "1.2.3.4, 10.0.0.1", "x-real-ip": "5.6.7.8" }, EVERYBODY), "1.2.3.4");
  assertEquals(addressOf({ "x-real-ip": "5.6.7.8" }, EVERYBODY), "5.6.7.8");
  assertEquals(addressOf({ "x-forwarded-for": " ", "x-real-ip": "5.6.7.8" }, EVERYBODY), "5.6.7.8");
  assertEquals(addressOf({}, EVERYBODY), "127.0.0.1");
});

Deno.test("with named proxies a client cannot put an address in front of its own", () => {
  const trust = trusted("127.0.0.1", "10.0.0.0/8");
  assertEquals(addressOf({ "x-forwarded-for": "6.6.6.6, 203.0.113.9" }, trust), "203.0.113.9");
  assertEquals(addressOf({ "x-forwarded-for": "6.6.6.6, 203.0.113.9, 10.0.0.2" }, trust), "203.0.113.9");
  assertEquals(addressOf({ "x-forwarded-for": "10.0.0.9, 10.0.0.2" }, trust), "10.0.0.9", "all are proxies: the first");
});

Deno.test("what is no address is never told as one, and nothing to its left is believed", () => {
  const trust = trusted("127.0.0.1", "10.0.0.0/8");
  assertEquals(addressOf({ "x-forwarded-for": "6.6.6.6, unknown, 10.0.0.2" }, trust), "10.0.0.2");
  assertEquals(addressOf({ "x-forwarded-for": "unknown" }, trust), "127.0.0.1");
  assertEquals(addressOf({ "x-forwarded-for": "\u001b[31m, 9" }, EVERYBODY), "127.0.0.1");
  assertEquals(addressOf({ "x-real-ip": "nowhere" }, EVERYBODY), "127.0.0.1");
});

Deno.test("ports and brackets that proxies add are taken off", () => {
  assertEquals(addressOf({ "x-forwarded-for": "1.2.3.4:5678" }, EVERYBODY), "1.2.3.4");
  assertEquals(addressOf({ "x-forwarded-for": "[2001:db8::9]:5678" }, EVERYBODY), "2001:db8::9");
  assertEquals(addressOf({ "x-forwarded-for": "2001:db8::9" }, trusted("127.0.0.1")), "2001:db8::9");
});

Deno.test("a peer of version 4 on a socket of version 6 is the proxy that it is", () => {
  const peer = { address: "::ffff:127.0.0.1", isTls: false };
  assertEquals(addressOf({ "x-forwarded-for": "1.2.3.4" }, trusted("127.0.0.1"), peer), "1.2.3.4");
  const zoned = { address: "fe80::1%eth0", isTls: false };
  assertEquals(addressOf({ "x-forwarded-for": "1.2.3.4" }, trusted("fe80::/10"), zoned), "1.2.3.4");
});

Deno.test("whoever comes by the unix socket is trusted where the config says unix, and has no address otherwise", () => {
  const headers = new Headers({ "x-forwarded-for": "1.2.3.4" });
  const peer = { address: null, isTls: false };
  assertEquals(clientOf(headers, peer, { ...NOBODY, unix: true }).address, "1.2.3.4");
  for (const trust of [NOBODY, trusted("0.0.0.0/0", "::/0")]) {
    assertEquals(clientOf(headers, peer, trust).address, null);
  }
});

Deno.test("scheme and host come from a trusted proxy when they are such", () => {
  const facts = (headers: Record<string, string>) => {
    const { scheme, host, isProxied } = clientOf(new Headers(headers), PROXY, trusted("127.0.0.1"));
    return [scheme, host, isProxied];
  };
  assertEquals(facts({ "x-forwarded-proto": "https", "x-forwarded-host": "ai.example:444" }), [
    "https",
    "ai.example:444",
    true,
  ]);
  assertEquals(facts({ "x-forwarded-proto": "HTTPS, http", "x-forwarded-host": "[::1]:80, x" }), [
    "https",
    "[::1]:80",
    true,
  ]);
  assertEquals(facts({ "x-forwarded-proto": "gopher", "x-forwarded-host": "a b/c" }), ["http", null, true]);
});
