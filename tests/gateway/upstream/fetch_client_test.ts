import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { FetchCall } from "../../../src/gateway/upstream/fetch_client.ts";
import { readerOf, textOf } from "../body_reader.ts";
import { codeOf, type RawBackend, rawBackend } from "../raw_backend.ts";

// Without a certificate at hand these speak http: what is shown here does not depend on the encryption.
const POST = { method: "POST", path: "/", headers: [["x-one", "1"]], body: new TextEncoder().encode("hello") } as const;

Deno.test("fetch: an answer comes through", async () => {
  using backend = rawBackend();
  const call = new FetchCall(`${backend.baseUrl}/`, POST, null);
  const socket = await backend.accept();
  const request = await socket.readUntil("hello");
  assertStringIncludes(request.toLowerCase(), "accept-encoding: identity\r\n");
  await socket.write("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok");
  assertEquals(await textOf((await call.response).body), "ok");
});

Deno.test("fetch: a body that is cut short is backend_lost", async () => {
  using backend = rawBackend();
  const { socket, body } = await answered(backend);
  const reader = readerOf(body);
  assertEquals(new TextDecoder().decode((await reader.read()).value), "abc");
  socket.close();
  assertEquals(await codeOf(reader.read()), "backend_lost");
});

Deno.test("fetch: an abort in the body ends a waiting read with its reason", async () => {
  using backend = rawBackend();
  const { call, socket, body } = await answered(backend);
  const reader = readerOf(body);
  await reader.read();
  const waiting = reader.read();
  call.abort(new Error("gone"));
  await assertRejects(() => waiting, Error, "gone");
  await socket.readToEnd();
});

Deno.test("fetch: an abort while the head is awaited rejects with its reason", async () => {
  using backend = rawBackend();
  const call = new FetchCall(`${backend.baseUrl}/`, POST, null);
  const socket = await backend.accept();
  await socket.readUntil("hello");
  call.abort(new Error("gone"));
  await assertRejects(() => call.response, Error, "gone");
  await socket.readToEnd();
});

Deno.test("fetch: an abort ends the wait for room with its reason", async () => {
  using backend = rawBackend();
  const { call, socket, body } = await answered(backend);
  const isHeld = Promise.withResolvers<void>();
  const delivered = body.deliver(() => {
    isHeld.resolve();
    return new Promise(() => {});
  });
  await isHeld.promise;
  call.abort(new Error("gone"));
  await assertRejects(() => delivered, Error, "gone");
  await socket.readToEnd();
});

Deno.test("fetch: a cancelled body is noticed by the backend", async () => {
  using backend = rawBackend();
  const { socket, body } = await answered(backend);
  const reader = readerOf(body);
  await reader.cancel();
  await socket.readToEnd();
});

Deno.test("fetch: a request that a backend may have seen is backend_lost, so that it is not sent twice", async () => {
  using backend = rawBackend();
  const call = new FetchCall(`${backend.baseUrl}/`, POST, null);
  const socket = await backend.accept();
  await socket.readUntil("hello");
  socket.close();
  assertEquals(await codeOf(call.response), "backend_lost");
});

Deno.test("fetch: a refused connection is backend_unreachable, a late head header_timeout", async () => {
  using backend = rawBackend();
  assertEquals(await codeOf(new FetchCall(`${backend.baseUrl}/`, POST, 1).response), "header_timeout");
  backend.refuse();
  assertEquals(await codeOf(new FetchCall(`${backend.baseUrl}/`, POST, null).response), "backend_unreachable");
});

/** A call whose answer announces nine bytes, of which three have come. */
async function answered(backend: RawBackend) {
  const call = new FetchCall(`${backend.baseUrl}/`, POST, null);
  const socket = await backend.accept();
  await socket.readUntil("hello");
  await socket.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc");
  const { body } = await call.response;
  assert(body);
  return { call, socket, body };
}
