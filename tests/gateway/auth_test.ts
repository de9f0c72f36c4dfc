import { assert, assertEquals, assertFalse, assertInstanceOf, assertStringIncludes, assertThrows } from "@std/assert";
import type { ApiKey, Scope } from "../../src/config/types.ts";
import { GatewayError } from "../../src/errors.ts";
import { createKeyCheck, requireModel, requireScope, takeQueryKey } from "../../src/gateway/auth.ts";
import { offeredProtocols } from "../../src/gateway/websocket/handshake.ts";
import { protocolKeyOf, withoutKeys } from "../../src/gateway/websocket/protocol_key.ts";

const ALL: readonly Scope[] = ["inference", "models", "logs", "operate", "config"];

function keyOf(key: string, more: Partial<ApiKey> = {}): ApiKey {
  return { key, name: null, scopes: new Set(ALL), models: null, maxOpen: null, ...more };
}

const LONG = "long-".repeat(40);
const check = createKeyCheck([
  keyOf("first", { name: "one" }),
  keyOf("schlüssel", { name: "two" }),
  keyOf(LONG, { name: "long" }),
  keyOf("narrow", { scopes: new Set(["inference"]), models: new Set(["qwen", "attic/llama"]) }),
]);

function basic(text: string): string {
  return `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(text)))}`;
}

function codeOf(act: () => unknown): string {
  const error = assertThrows(act);
  assertInstanceOf(error, GatewayError);
  return error.code;
}

Deno.test("SV48 SW11: a configured key passes as Basic password, Bearer token or x-api-key, whatever the scheme's case", () => {
  for (
    const [headers, name] of [
      [{ authorization: basic("anyone:first") }, "one"],
      [{ authorization: basic(":schlüssel") }, "two"],
      [{ authorization: "Bearer first" }, "one"],
      [{ authorization: "bearer   first" }, "one"],
      [{ authorization: "BASIC " + basic("u:first").slice(6) }, "one"],
      [{ "x-api-key": "first" }, "one"],
      [{ "x-api-key": LONG }, "long"],
    ] as [Record<string, string>, string][]
  ) assertEquals(check(new Headers(headers)).name, name);
});

Deno.test("a websocket's key may be a sub-protocol, as OpenAI's clients in browsers have it, and never goes on with the others", () => {
  const headers = new Headers({ "sec-websocket-protocol": "realtime, openai-insecure-api-key.first,openai-project.p" });
  assertEquals(check(new Headers(), { protocolKey: protocolKeyOf(headers) }).name, "one");
  assertEquals(withoutKeys(offeredProtocols(headers)), ["realtime", "openai-project.p"]);
  for (const offered of ["realtime", "openai-insecure-api-key.", "openai-insecure-api-key.wrong", "first"]) {
    const protocolKey = protocolKeyOf(new Headers({ "sec-websocket-protocol": offered }));
    assertEquals(codeOf(() => check(new Headers(), { protocolKey })), "unauthorized", offered);
  }
});

Deno.test("SV48: anything else is unauthorized", () => {
  for (
    const headers of [
      {},
      { authorization: "first" },
      { authorization: "Bearer" },
      { authorization: "Bearer firs" },
      { authorization: "Bearer First" },
      { authorization: "Bearer firstfirst" },
      { authorization: "Bearer wrong" },
      { authorization: basic("first") },
      { authorization: basic("first:") },
      { authorization: basic("u:first\0") },
      { authorization: "Basic %%%" },
      { "x-api-key": "" },
      { "x-api-key": LONG.slice(0, -1) },
      { "x-api-key": LONG + "x" },
      { "x-api-key": "x".repeat(10_000) },
    ] as Record<string, string>[]
  ) {
    assertEquals(codeOf(() => check(new Headers(headers))), "unauthorized", JSON.stringify(headers).slice(0, 80));
    assertEquals(codeOf(() => check(new Headers(headers), { queryKey: null })), "unauthorized");
  }
});

Deno.test("a wrong credential does not hide a right one; of two right ones Basic counts before Bearer before x-api-key", () => {
  const nameOf = (headers: Record<string, string>) => check(new Headers(headers)).name;
  assertEquals(nameOf({ authorization: "Bearer wrong", "x-api-key": "first" }), "one");
  assertEquals(nameOf({ authorization: basic("u:wrong"), "x-api-key": "first" }), "one");
  assertEquals(nameOf({ authorization: "Basic %%%", "x-api-key": "first" }), "one");
  assertEquals(nameOf({ authorization: "Digest x", "x-api-key": "first" }), "one");
  assertEquals(nameOf({ authorization: basic(`u:${LONG}`), "x-api-key": "first" }), "long");
  assertEquals(nameOf({ authorization: "Bearer first", "x-api-key": LONG }), "one");
});

Deno.test("a key with other letters than ASCII passes as UTF-8, which the runtime gives byte by byte, and as a browser sends it", () => {
  const bytes = String.fromCharCode(...new TextEncoder().encode("schlüssel"));
  for (const sent of [bytes, "schlüssel"]) {
    assertEquals(check(new Headers({ authorization: `Bearer ${sent}` })).name, "two");
    assertEquals(check(new Headers({ "x-api-key": sent })).name, "two");
  }
});

Deno.test("a Basic password may hold colons", () => {
  const colons = createKeyCheck([keyOf("a:b")]);
  assertEquals(colons(new Headers({ authorization: basic("u:a:b") })).key?.key, "a:b");
});

Deno.test("SV48: without keys everyone passes and may do everything", () => {
  const anyone = createKeyCheck([])(new Headers({ authorization: "Bearer whatever" }));
  assertEquals([anyone.name, anyone.key], [null, null]);
  assert(ALL.every((scope) => anyone.may(scope)) && anyone.mayUse("anything"));
});

Deno.test("every key is found among many, and only as a whole", () => {
  const keys = Array.from({ length: 40 }, (_, i) => keyOf(`key-${i}`.padEnd(i * 3, "x"), { name: `n${i}` }));
  const among = createKeyCheck(keys);
  for (const { key, name } of keys) {
    assertEquals(among(new Headers({ authorization: `Bearer ${key}` })).name, name);
    for (const wrong of [key + "x", key.slice(0, -1) + "?", "?" + key.slice(1)]) {
      assertEquals(codeOf(() => among(new Headers({ authorization: `Bearer ${wrong}` }))), "unauthorized", wrong);
    }
  }
});

Deno.test("a right key without the scope, or without the model, is forbidden, and learns no other name of the model", () => {
  const narrow = check(new Headers({ "x-api-key": "narrow" }));
  requireScope(narrow, "inference");
  requireModel(narrow, { model: "qwen", asked: "chat" });
  requireModel(narrow, { model: "attic/llama", asked: "llama" });
  assertFalse(narrow.may("operate"));
  const scope = assertThrows(() => requireScope(narrow, "operate"), GatewayError);
  assertEquals([scope.code, scope.status], ["forbidden", 403]);
  assertStringIncludes(scope.message, '"operate"');
  const model = assertThrows(() => requireModel(narrow, { model: "real-id", asked: "alias" }), GatewayError);
  assertEquals([model.code, model.param], ["forbidden", "model"]);
  assertStringIncludes(model.message, '"alias"');
  assertFalse(/real-id|qwen|attic/.test(model.message));
  requireModel(check(new Headers({ "x-api-key": "first" })), { model: "real-id", asked: "alias" });
});

Deno.test("a key in the query counts only where the route asks for it, and a header's counts before it", () => {
  assertEquals(check(new Headers(), { queryKey: "schlüssel" }).name, "two");
  assertEquals(check(new Headers({ "x-api-key": LONG }), { queryKey: "first" }).name, "long");
  assertEquals(check(new Headers({ "x-api-key": "wrong" }), { queryKey: "first" }).name, "one");
  assertEquals(codeOf(() => check(new Headers(), { queryKey: "" })), "unauthorized");
});

Deno.test("the query's key is taken out of the URL, and every other byte of it stays", () => {
  for (
    const [given, url, key] of [
      ["http://h/api/events?api_key=k1", "http://h/api/events", "k1"],
      ["http://h/logs/stream?no-history&api_key=k%2B1&b=%20+%", "http://h/logs/stream?no-history&b=%20+%", "k+1"],
      ["http://h/e?a=1&%61pi%5Fkey=one&api_key=two&c", "http://h/e?a=1&c", "one"],
      ["http://h/e?api_key", "http://h/e", ""],
      ["http://h/e?my_api_key=k&api_keys=k&a=api_key", "http://h/e?my_api_key=k&api_keys=k&a=api_key", null],
      ["http://h/api_key=k", "http://h/api_key=k", null],
      ["http://h/e?%", "http://h/e?%", null],
      ["http://h/e?api_key=%ZZ", "http://h/e", "%ZZ"],
    ] as const
  ) assertEquals(takeQueryKey(given), { url, key }, given);
});
