import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { UpstreamRequest, UpstreamTunnel } from "../../../src/gateway/upstream/message.ts";
import { textOf } from "../body_reader.ts";
import { codeOf, type RawBackend, testBoth } from "../raw_backend.ts";
import { answer, ask, GET, leaveIdle, OK, POST, serve } from "./raw_calls.ts";

const UPGRADE: UpstreamRequest = {
  ...GET,
  headers: [["connection", "close"], ["upgrade", "h2c"], ["x-one", "1"]],
  upgrade: "websocket",
};
const AGREED = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n";

testBoth("an upgrade asks for itself alone, over a socket of its own", async (rawBackend) => {
  using backend = rawBackend();
  await leaveIdle(backend);
  const asked = answer(backend.client, UPGRADE);
  const socket = await backend.accept();
  const head = await socket.readUntil("\r\n\r\n");
  assertStringIncludes(head, "connection: Upgrade\r\nupgrade: websocket\r\n");
  assertEquals(head.match(/^(connection|upgrade):/gim)?.length, 2);
  await socket.write(AGREED);
  const { status, body, tunnel, headers } = await asked;
  assertEquals([status, body], [101, null]);
  assertEquals(headers[0], ["upgrade", "websocket"]);
  tunnel?.close();
  await socket.readToEnd();
});

testBoth("bytes cross a tunnel both ways, those that came with the head first", async (rawBackend) => {
  using backend = rawBackend();
  const { socket, tunnel } = await open(backend, "early");
  assertEquals(await textIn(tunnel), "early");
  await socket.write("late");
  assertEquals(await textIn(tunnel), "late");
  await tunnel.write(new TextEncoder().encode("ping"));
  assertEquals(await socket.readUntil("ping"), "ping");
  await tunnel.write(new Uint8Array(0));
  tunnel.close();
  tunnel.close();
  assertEquals(await socket.readToEnd(), "");
});

testBoth("what was read of a tunnel is not changed by what is read next", async (rawBackend) => {
  using backend = rawBackend();
  const { socket, tunnel } = await open(backend, "");
  await socket.write("one");
  const one = await tunnel.read();
  await socket.write("two");
  const two = await tunnel.read();
  assertEquals([one, two].map((bytes) => new TextDecoder().decode(bytes ?? undefined)), ["one", "two"]);
  tunnel.close();
});

testBoth("more than a socket takes at once goes through a tunnel whole", async (rawBackend) => {
  using backend = rawBackend();
  const { socket, tunnel } = await open(backend, "");
  const writing = tunnel.write(new Uint8Array(4 * 1024 * 1024).fill(0x61));
  let length = 0;
  while (length < 4 * 1024 * 1024) length += (await socket.readUntil("a")).length;
  await writing;
  assertEquals(length, 4 * 1024 * 1024);
  tunnel.close();
});

testBoth("each direction of a tunnel ends by itself", async (rawBackend) => {
  using backend = rawBackend();
  const { socket, tunnel } = await open(backend, "");
  await tunnel.closeWrite();
  assertEquals(await socket.readToEnd(), "");
  await socket.write("still here");
  assertEquals(await textIn(tunnel), "still here");
  await socket.closeWrite();
  assertEquals(await tunnel.read(), null);
  tunnel.close();
});

testBoth("a tunnel whose other end has gone says so: reading, then writing", async (rawBackend) => {
  using backend = rawBackend();
  const { call, socket, tunnel } = await open(backend, "");
  const reading = codeOf(tunnel.read());
  call.abort(new Error("gone"));
  assertEquals(await reading, "backend_lost");
  assertEquals(await codeOf(tunnel.write(new Uint8Array(1))), "backend_lost");
  assertEquals(await codeOf(tunnel.closeWrite()), "backend_lost");
  await socket.readToEnd();
});

testBoth(
  "a plain answer to an upgrade is an answer like any other, and its socket is used again",
  async (rawBackend) => {
    using backend = rawBackend();
    const asked = answer(backend.client, UPGRADE);
    const socket = await backend.accept();
    await socket.readUntil("\r\n\r\n");
    await socket.write(OK);
    const { status, body, tunnel } = await asked;
    assertEquals([status, await textOf(body), tunnel], [200, "ok", null]);
    const second = ask(backend.client, POST);
    await serve(socket, "hello");
    assertEquals(await second, "ok");
  },
);

testBoth("an upgrade that nobody asked for is backend_lost", async (rawBackend) => {
  using backend = rawBackend();
  const asked = codeOf(answer(backend.client, GET));
  const socket = await backend.accept();
  await socket.readUntil("\r\n\r\n");
  await socket.write(AGREED);
  assertEquals(await asked, "backend_lost");
  await socket.readToEnd();
});

/** Both ends of a tunnel; `early` comes together with the head. */
async function open(backend: RawBackend, early: string) {
  const call = backend.client.send(UPGRADE);
  const socket = await backend.accept();
  await socket.readUntil("\r\n\r\n");
  await socket.write(AGREED + early);
  const { tunnel } = await call.response;
  assert(tunnel);
  return { call, socket, tunnel };
}

async function textIn(tunnel: UpstreamTunnel): Promise<string> {
  return new TextDecoder().decode(await tunnel.read() ?? undefined);
}
