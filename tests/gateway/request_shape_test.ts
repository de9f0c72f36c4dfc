import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { GatewayError } from "../../src/errors.ts";
import { checkShape, thenHangUp } from "../../src/gateway/request_shape.ts";

function shape(url: string, headers: Record<string, string> = {}, method = "GET") {
  return { method, url, headers: new Headers(headers) };
}

Deno.test("what clients send passes: over TCP, a unix socket, HTTP/2, without Host, in absolute form", () => {
  checkShape(shape("http://127.0.0.1:8080/v1/models", { host: "127.0.0.1:8080" }));
  checkShape(shape("http://[::1]:8080/", { host: "[::1]:8080" }));
  checkShape(shape("http+unix://localhost/a?b", { host: "localhost" }));
  checkShape(shape("https://berth.example/a")); // HTTP/2 has no Host header
  checkShape(shape("http://localhost:8080/a", { host: "" }));
  checkShape(shape("http://BERTH:80/a", { host: "berth" }));
  checkShape(shape("http://berth/a", { host: "Berth:80" }));
  checkShape(shape("http://berth?x", { host: "berth" }));
  checkShape(shape("http://berth/a", { host: "berth", "transfer-encoding": "Chunked" }, "POST"));
});

Deno.test("a target of another host than the Host header's is refused, however the two are alike", () => {
  for (
    const [url, host] of [
      ["http://evil/v1/models", "berth"],
      ["http://berth.evil/", "berth"],
      ["http://berth@evil/", "berth"],
      ["http://berth:8080/", "berth:8081"],
      ["http://berth:8080/", "berth"],
      ["ftp://berth/", "berth"],
      ["javascript:alert(1)", "berth"],
    ] as const
  ) assertEquals(assertThrows(() => checkShape(shape(url, { host })), GatewayError).status, 400, url);
});

Deno.test("a Host header that would choose the path is refused", () => {
  for (const host of ["berth/v1/models?", "a#b", "a?b", "u@berth", "a\\b", "a b"]) {
    const error = assertThrows(() => checkShape(shape(`http://${host}/`, { host })), GatewayError);
    assertStringIncludes(error.message, "Host header");
  }
});

Deno.test("CONNECT and encodings of the body that nobody decodes are refused", () => {
  const connect = shape("http://evil:80", { host: "evil:80" }, "CONNECT");
  assertEquals(assertThrows(() => checkShape(connect), GatewayError).status, 405);
  for (const encoding of ["gzip, chunked", "chunked, chunked", "identity", "xchunked"]) {
    const headers = { host: "berth", "transfer-encoding": encoding };
    assertEquals(assertThrows(() => checkShape(shape("http://berth/", headers, "POST")), GatewayError).status, 400);
  }
});

Deno.test("an answer that ends its connection comes whole and then breaks off", async () => {
  const response = thenHangUp(new Response("no", { status: 405, headers: { "content-length": "2", allow: "GET" } }));
  assertEquals([response.status, response.headers.get("allow")], [405, "GET"]);
  assertEquals(response.headers.get("content-length"), null);
  const reader = response.body?.getReader();
  assertEquals(new TextDecoder().decode((await reader?.read())?.value), "no");
  await assertRejects(async () => await reader?.read(), GatewayError);
});
