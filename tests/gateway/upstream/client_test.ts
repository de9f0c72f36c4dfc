import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { UpstreamClient } from "../../../src/gateway/upstream/client.ts";
import type { UpstreamRequest } from "../../../src/gateway/upstream/message.ts";
import { readerOf } from "../body_reader.ts";
import { CERTIFICATE, codeOf, type RawBackend, type RawSocket, testBoth } from "../raw_backend.ts";
import { answer, ask, GET, leaveIdle, OK, POST } from "./raw_calls.ts";

testBoth("a second request goes over the socket that the first has left", async (rawBackend) => {
  using backend = rawBackend();
  const first = ask(backend.client, POST);
  const socket = await backend.accept();
  const request = await socket.readUntil("hello");
  assert(request.startsWith("POST / HTTP/1.1\r\n"));
  assertStringIncludes(request, "content-length: 5\r\n");
  await socket.write(OK);
  assertEquals(await first, "ok");
  const second = ask(backend.client, GET);
  assertStringIncludes(await socket.readUntil("\r\n\r\n"), "GET /a?b=c HTTP/1.1\r\n");
  await socket.write(OK);
  assertEquals(await second, "ok");
});

testBoth("a target beyond ASCII goes out as the UTF-8 that the client sent", async (rawBackend) => {
  using backend = rawBackend();
  const asked = ask(backend.client, { ...GET, path: "/a?q=é日" });
  const socket = await backend.accept();
  assertStringIncludes(await socket.readUntil("\r\n\r\n"), "GET /a?q=é日 HTTP/1.1\r\n"); // read as UTF-8
  await socket.write(OK);
  assertEquals(await asked, "ok");
});

testBoth("a base path comes before the request's path", async (rawBackend) => {
  using backend = rawBackend();
  const client = new UpstreamClient({ baseUrl: `${backend.baseUrl}/base/`, caCerts: [CERTIFICATE] });
  const asked = ask(client, GET);
  const socket = await backend.accept();
  assertStringIncludes(await socket.readUntil("\r\n\r\n"), "GET /base/a?b=c HTTP/1.1\r\n");
  await socket.write(OK);
  await asked;
  client.close();
});

testBoth("an answer that says close, or has no length, leaves no socket behind", async (rawBackend) => {
  using backend = rawBackend();
  for (const head of ["connection: close\r\ncontent-length: 2\r\n\r\n", "\r\n"]) {
    const asked = ask(backend.client, POST);
    const socket = await backend.accept();
    await socket.readUntil("hello");
    await socket.write(`HTTP/1.1 200 OK\r\n${head}ok`);
    if (head === "\r\n") socket.close();
    else await socket.readToEnd();
    assertEquals(await asked, "ok");
  }
});

testBoth("bytes that nobody asked for make a socket useless", async (rawBackend) => {
  using backend = rawBackend();
  const socket = await leaveIdle(backend);
  await socket.write("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil");
  await socket.readToEnd(); // closed from the other side as soon as the bytes came
  const asked = ask(backend.client, POST);
  const other = await backend.accept();
  await other.readUntil("hello");
  await other.write(OK);
  assertEquals(await asked, "ok");
});

testBoth("bytes behind the end of an answer make its socket useless", async (rawBackend) => {
  using backend = rawBackend();
  const asked = ask(backend.client, POST);
  const socket = await backend.accept();
  await socket.readUntil("hello");
  await socket.write(`${OK}HTTP/1.1 200 OK\r\n`);
  assertEquals(await asked, "ok");
  await socket.readToEnd();
});

testBoth("a socket that is idle for too long is closed", async (rawBackend) => {
  using backend = rawBackend({ idleTimeoutMs: 1 });
  const socket = await leaveIdle(backend);
  await socket.readToEnd();
});

testBoth("closing the client closes its idle sockets, and later sends fail", async (rawBackend) => {
  using backend = rawBackend();
  const socket = await leaveIdle(backend);
  backend.client.close();
  await socket.readToEnd();
  assertEquals(await codeOf(answer(backend.client, GET)), "backend_unreachable");
});

testBoth("a GET that meets a dead kept-alive socket goes again over a fresh one", async (rawBackend) => {
  using backend = rawBackend();
  const old = await leaveIdle(backend);
  const asked = ask(backend.client, GET);
  await old.readUntil("\r\n\r\n");
  old.close();
  const fresh = await backend.accept();
  await fresh.readUntil("\r\n\r\n");
  await fresh.write(OK);
  assertEquals(await asked, "ok");
});

testBoth("a POST that a kept-alive socket lost may have been seen, and is not sent twice", async (rawBackend) => {
  using backend = rawBackend();
  const socket = await leaveIdle(backend);
  const asked = codeOf(answer(backend.client, POST));
  await socket.readUntil("hello");
  socket.close();
  assertEquals(await asked, "backend_lost");
});

testBoth(
  "a refused connection is backend_unreachable, one that ends without an answer backend_lost",
  async (rawBackend) => {
    using backend = rawBackend();
    const asked = codeOf(answer(backend.client, POST));
    (await backend.accept()).close();
    assertEquals(await asked, "backend_lost");
    backend.refuse();
    assertEquals(await codeOf(answer(backend.client, POST)), "backend_unreachable");
  },
);

testBoth("after the backend's end, the next POST learns that nothing reached it", async (rawBackend) => {
  using backend = rawBackend({ idleTimeoutMs: 60_000 });
  const socket = await leaveIdle(backend);
  backend.refuse();
  const gone = new UpstreamClient({ baseUrl: backend.baseUrl, caCerts: [CERTIFICATE] });
  socket.close();
  assertEquals(await codeOf(answer(gone, POST)), "backend_unreachable"); // by now the end of the idle socket is known
  assertEquals(await codeOf(answer(backend.client, POST)), "backend_unreachable");
  gone.close();
});

for (
  const [name, answer] of [
    ["content-length", "content-length: 9\r\n\r\nabc"],
    ["chunked", "transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n"],
    ["chunked without its last line", "transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n"],
  ]
) {
  testBoth(`a body that is cut short is an error: ${name}`, async (rawBackend) => {
    using backend = rawBackend();
    const { socket, reader } = await answered(backend, POST, `HTTP/1.1 200 OK\r\n${answer}`);
    assertEquals(new TextDecoder().decode((await reader.read()).value), "abc");
    socket.close();
    assertEquals(await codeOf(reader.read()), "backend_lost");
  });
}

testBoth("a malformed answer is backend_lost and closes the socket", async (rawBackend) => {
  using backend = rawBackend();
  const asked = codeOf(answer(backend.client, POST));
  const socket = await backend.accept();
  await socket.readUntil("hello");
  await socket.write("HTTP/1.1 200 OK\ncontent-length: 0\n\n");
  assertEquals(await asked, "backend_lost");
  await socket.readToEnd();
});

testBoth("an abort while connecting rejects with its reason, and what opens later is closed", async (rawBackend) => {
  using backend = rawBackend();
  const call = backend.client.send(POST);
  call.abort(new Error("gone"));
  await assertRejects(() => call.response, Error, "gone");
  await (await backend.accept()).readToEnd();
});

testBoth("an abort while the head is awaited closes the silent backend's socket", async (rawBackend) => {
  using backend = rawBackend();
  const call = backend.client.send(POST);
  const socket = await backend.accept();
  await socket.readUntil("hello");
  call.abort(new Error("gone"));
  await assertRejects(() => call.response, Error, "gone");
  await socket.readToEnd();
});

testBoth("an abort in the body ends a waiting read with its reason and closes the socket", async (rawBackend) => {
  using backend = rawBackend();
  const { call, socket, reader } = await answered(backend, POST, "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc");
  await reader.read();
  const waiting = reader.read();
  call.abort(new Error("gone"));
  await assertRejects(() => waiting, Error, "gone");
  await socket.readToEnd();
});

testBoth("an abort after the end, and a second one, change nothing", async (rawBackend) => {
  using backend = rawBackend();
  const { call, socket, reader } = await answered(backend, POST, "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc");
  await reader.read();
  assert((await reader.read()).done);
  call.abort(new Error("late"));
  call.abort(new Error("later"));
  const second = ask(backend.client, GET);
  await socket.readUntil("GET /a?b=c");
  await socket.write(OK);
  assertEquals(await second, "ok");
});

testBoth("cancelling a body is noticed by a backend that has fallen silent", async (rawBackend) => {
  using backend = rawBackend();
  const { socket, reader } = await answered(backend, POST, "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc");
  await reader.cancel();
  await socket.readToEnd();
});

testBoth("an abort while a large body is going out ends the waiting for its answer", async (rawBackend) => {
  using backend = rawBackend();
  const call = backend.client.send({ ...POST, body: new Uint8Array(32 * 1024 * 1024) });
  const socket = await backend.accept();
  await socket.readUntil("\r\n\r\n");
  call.abort(new Error("gone"));
  await assertRejects(() => call.response, Error, "gone");
  await socket.readToEnd();
});

testBoth("an answer before the request is whole is handed on, and its socket is not used again", async (rawBackend) => {
  using backend = rawBackend();
  const { socket, reader } = await answered(
    backend,
    { ...POST, body: new Uint8Array(32 * 1024 * 1024) },
    "HTTP/1.1 413 No\r\ncontent-length: 2\r\n\r\nno",
  );
  assertEquals(new TextDecoder().decode((await reader.read()).value), "no");
  assert((await reader.read()).done);
  await socket.readToEnd();
});

testBoth("a backend that sends no head in time is header_timeout", async (rawBackend) => {
  using backend = rawBackend({ headerTimeoutMs: 1 });
  const asked = codeOf(answer(backend.client, POST));
  const socket = await backend.accept();
  assertEquals(await asked, "header_timeout");
  await socket.readToEnd();
});

testBoth("answers without a body leave the socket to the next request", async (rawBackend) => {
  using backend = rawBackend();
  let socket: RawSocket | undefined;
  for (
    const [method, head] of [["HEAD", "200 OK\r\ncontent-length: 99"], ["POST", "204 None"], ["GET", "304 Same"]]
  ) {
    const asked = answer(backend.client, { ...GET, method: method ?? "" });
    socket ??= await backend.accept();
    await socket.readUntil("\r\n\r\n");
    await socket.write(`HTTP/1.1 ${head}\r\n\r\n`);
    assertEquals((await asked).body, null);
  }
});

testBoth("a header that could end its line early is refused", async (rawBackend) => {
  using backend = rawBackend();
  for (const value of ["a\r\nb: c", "a\0", "\u010d\u010ax"]) {
    assertEquals(await codeOf(answer(backend.client, { ...GET, headers: [["x", value]] })), "bad_request");
  }
  assertEquals(await codeOf(answer(backend.client, { ...GET, path: "/a b" })), "bad_request");
});

/** Sends `request`, has `answer` written once it begins to arrive, and returns both ends of the body. */
async function answered(backend: RawBackend, request: UpstreamRequest, answer: string) {
  const call = backend.client.send(request);
  const socket = await backend.accept();
  await socket.readUntil("\r\n\r\n");
  await socket.write(answer);
  const { body } = await call.response;
  assert(body);
  return { call, socket, reader: readerOf(body) };
}
