import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { sendByFetch } from "../../../src/gateway/upstream/fetch_client.ts";
import { codeOf, rawBackend } from "../raw_backend.ts";

// Without a certificate at hand these speak http: what is shown here does not depend on the encryption.
const POST = { method: "POST", path: "/", headers: [["x-one", "1"]], body: new TextEncoder().encode("hello") } as const;

Deno.test("fetch: an answer comes through, and no listener stays on the signal", async () => {
  using backend = rawBackend();
  const { signal, listeners } = countedSignal();
  const asked = sendByFetch(`${backend.baseUrl}/`, { ...POST, signal }, null);
  const socket = await backend.accept();
  const request = await socket.readUntil("hello");
  assertStringIncludes(request.toLowerCase(), "accept-encoding: identity\r\n");
  await socket.write("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok");
  assertEquals(await new Response((await asked).body).text(), "ok");
  assertEquals(listeners(), 0);
});

Deno.test("fetch: a body that is cut short is backend_lost, and no listener stays on the signal", async () => {
  using backend = rawBackend();
  const { signal, listeners } = countedSignal();
  const asked = sendByFetch(`${backend.baseUrl}/`, { ...POST, signal }, null);
  const socket = await backend.accept();
  await socket.readUntil("hello");
  await socket.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc");
  const reader = (await asked).body?.getReader();
  assert(reader);
  assertEquals(new TextDecoder().decode((await reader.read()).value), "abc");
  socket.close();
  assertEquals(await codeOf(reader.read()), "backend_lost");
  assertEquals(listeners(), 0);
});

Deno.test("fetch: an abort in the body ends a waiting read with its reason", async () => {
  using backend = rawBackend();
  const stop = new AbortController();
  const asked = sendByFetch(`${backend.baseUrl}/`, { ...POST, signal: stop.signal }, null);
  const socket = await backend.accept();
  await socket.readUntil("hello");
  await socket.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc");
  const reader = (await asked).body?.getReader();
  assert(reader);
  await reader.read();
  const waiting = reader.read();
  stop.abort(new Error("gone"));
  await assertRejects(() => waiting, Error, "gone");
  await socket.readToEnd();
});

Deno.test("fetch: a cancelled body is noticed by the backend", async () => {
  using backend = rawBackend();
  const { signal, listeners } = countedSignal();
  const asked = sendByFetch(`${backend.baseUrl}/`, { ...POST, signal }, null);
  const socket = await backend.accept();
  await socket.readUntil("hello");
  await socket.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc");
  await (await asked).body?.cancel();
  await socket.readToEnd();
  assertEquals(listeners(), 0);
});

Deno.test("fetch: a refused connection is backend_unreachable, a late head header_timeout", async () => {
  using backend = rawBackend();
  const late = codeOf(sendByFetch(`${backend.baseUrl}/`, POST, 1));
  assertEquals(await late, "header_timeout");
  backend.refuse();
  assertEquals(await codeOf(sendByFetch(`${backend.baseUrl}/`, POST, null)), "backend_unreachable");
});

/** A signal that knows how many abort listeners it has. */
function countedSignal() {
  const { signal } = new AbortController();
  const held = new Set<unknown>();
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  signal.addEventListener = (type: string, listener: EventListener) => {
    held.add(listener);
    add(type, listener);
  };
  signal.removeEventListener = (type: string, listener: EventListener) => {
    held.delete(listener);
    remove(type, listener);
  };
  return { signal, listeners: () => held.size };
}
