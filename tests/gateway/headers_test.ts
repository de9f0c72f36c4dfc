import { assert, assertEquals } from "@std/assert";
import { requestHeaders, responseHeaders } from "../../src/gateway/headers.ts";

const OPTIONS = { host: "127.0.0.1:9", remoteAddr: "10.0.0.7", credentialNames: ["authorization", "x-api-key"] };

function sent(incoming: Record<string, string>, options = OPTIONS): Record<string, string> {
  return Object.fromEntries(requestHeaders(new Headers(incoming), options));
}

Deno.test("hop-by-hop headers and those that Connection names stay on their side", () => {
  const headers = sent({
    connection: "keep-alive, X-Secret",
    "x-secret": "1",
    "keep-alive": "timeout=5",
    te: "trailers",
    trailer: "x",
    "transfer-encoding": "chunked",
    upgrade: "h2c",
    "proxy-authorization": "Basic x",
    "proxy-connection": "close",
    expect: "100-continue",
    "content-length": "4",
    "content-type": "application/json",
    "x-kept": "yes",
  });
  assertEquals(headers, {
    host: "127.0.0.1:9",
    "accept-encoding": "identity",
    "content-type": "application/json",
    "x-kept": "yes",
    "x-forwarded-for": "10.0.0.7",
    "x-forwarded-host": "127.0.0.1:9",
    "x-forwarded-proto": "http",
  });
});

Deno.test("the gateway's own credentials reach no backend, and others do", () => {
  const incoming = { authorization: "Bearer k", "x-api-key": "k", cookie: "a=b" };
  const headers = sent(incoming);
  assertEquals([headers.authorization, headers["x-api-key"], headers.cookie], [undefined, undefined, "a=b"]);
  assertEquals(sent(incoming, { ...OPTIONS, credentialNames: [] }).authorization, "Bearer k");
});

Deno.test("a client's own x-forwarded-host and -proto are not believed, its chain of addresses is continued", () => {
  const headers = sent({
    host: "gateway:8080",
    "x-forwarded-for": "1.2.3.4",
    "x-forwarded-host": "evil",
    "x-forwarded-proto": "https",
  });
  assertEquals(headers["x-forwarded-host"], "gateway:8080");
  assertEquals(headers["x-forwarded-proto"], "http");
  assertEquals(headers["x-forwarded-for"], "1.2.3.4, 10.0.0.7");
  assertEquals(
    "x-forwarded-for" in Object.fromEntries(requestHeaders(new Headers(), { ...OPTIONS, remoteAddr: null })),
    false,
  );
});

Deno.test("the scheme that the client used is told, and the host that a trusted proxy vouches for", () => {
  const headers = Object.fromEntries(
    requestHeaders(new Headers({ host: "berth:8080", "x-forwarded-host": "ai.example" }), {
      ...OPTIONS,
      scheme: "https",
      forwardedHost: "ai.example",
    }),
  );
  assertEquals([headers["x-forwarded-proto"], headers["x-forwarded-host"]], ["https", "ai.example"]);
});

Deno.test("a backend sees which gateways a request has passed, this one too where it says so", () => {
  const incoming = { via: "1.1 nginx", connection: "via" };
  const via = (more: { via?: string }) =>
    Object.fromEntries(requestHeaders(new Headers(incoming), { ...OPTIONS, ...more })).via;
  assertEquals([via({}), via({ via: "1.1 nginx, 1.1 berth-a" })], ["1.1 nginx", "1.1 nginx, 1.1 berth-a"]);
});

Deno.test("the client's accept-encoding is replaced, so that the answer streams uncompressed", () => {
  assertEquals(sent({ "accept-encoding": "gzip, br" })["accept-encoding"], "identity");
});

Deno.test("each set-cookie of an answer stays one of its own", () => {
  const expires = "a=1; Expires=Wed, 01 Jan 2031 00:00:00 GMT";
  const { headers } = responseHeaders([["Set-Cookie", expires], ["set-cookie", "b=2"]]);
  assertEquals(headers, [["set-cookie", expires], ["set-cookie", "b=2"]]);
});

Deno.test("an answer's hop-by-hop headers stay behind, its length goes on", () => {
  const { headers } = responseHeaders([
    ["connection", "close, x-gone"],
    ["X-Gone", "1"],
    ["keep-alive", "timeout=5"],
    ["transfer-encoding", "chunked"],
    ["content-length", "4"],
    ["x-kept", "1"],
  ]);
  assertEquals(headers, [["content-length", "4"], ["x-kept", "1"]]);
});

Deno.test("events are marked as not to be buffered, and may end with one more than the backend announced", () => {
  const events: [string, string] = ["content-type", "text/event-stream; charset=utf-8"];
  const { headers, isEventStream } = responseHeaders([events, ["content-length", "9"], ["x-accel-buffering", "yes"]]);
  assertEquals([headers, isEventStream], [[events, ["x-accel-buffering", "no"]], true]);
  assert(!responseHeaders([["content-type", "application/json"]]).isEventStream);
});

Deno.test("the gateway's own headers win over the backend's, and Connection cannot take them away", () => {
  const list = [["x-request-id", "theirs"], ["connection", "x-request-id"], ["x-kept", "1"]] as const;
  assertEquals(responseHeaders(list, [["x-request-id", "ours"]]).headers, [["x-kept", "1"], ["x-request-id", "ours"]]);
  assertEquals(sent({ connection: "host, x-forwarded-for, accept-encoding" })["x-forwarded-for"], "10.0.0.7");
});
