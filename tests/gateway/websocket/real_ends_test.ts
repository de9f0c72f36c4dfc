import { assertEquals } from "@std/assert";
import { CERTIFICATE } from "../raw_backend.ts";
import { Harness } from "./harness.ts";

const MIB = 1024 * 1024;

/** A backend as people write them: it echoes, and closes as it is asked to. */
function echoBackend(
  tls: { readonly cert?: string; readonly key?: string } = {},
): { readonly baseUrl: string; readonly closes: string[] } & AsyncDisposable {
  const closes: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {}, ...tls }, (request) => {
    const offered = request.headers.get("sec-websocket-protocol")?.split(", ") ?? [];
    const protocol = offered.at(-1);
    const { socket, response } = Deno.upgradeWebSocket(request, protocol === undefined ? {} : { protocol });
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => {
      const asked = typeof data === "string" ? /^close (\d+) (.*)$/.exec(data) : null;
      if (asked === null) socket.send(data);
      else socket.close(Number(asked[1]), asked[2]);
    };
    socket.onclose = ({ code, reason, wasClean }) => closes.push(`${code} ${reason} ${wasClean}`);
    return response;
  });
  return {
    baseUrl: `${tls.cert === undefined ? "http" : "https"}://127.0.0.1:${server.addr.port}`,
    closes,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** A client as browsers have it, once it is open. */
async function open(gateway: Harness, protocols: string[] = []): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/any`, protocols);
  socket.binaryType = "arraybuffer";
  await eventOf(socket, "open");
  return socket;
}

function eventOf<Type extends keyof WebSocketEventMap>(
  socket: WebSocket,
  type: Type,
): Promise<WebSocketEventMap[Type]> {
  return new Promise((resolve) => socket.addEventListener(type, resolve, { once: true }));
}

Deno.test("the runtime's own ends: sub-protocol, text, bytes and an empty message", async () => {
  await using backend = echoBackend();
  await using gateway = new Harness({ baseUrl: backend.baseUrl });
  const socket = await open(gateway, ["a", "b"]);
  assertEquals(socket.protocol, "b");
  for (const sent of ["hello €", "", "\ufeffmark", "x".repeat(70_000)]) {
    const answer = eventOf(socket, "message");
    socket.send(sent);
    assertEquals((await answer).data, sent);
  }
  const answer = eventOf(socket, "message");
  socket.send(Uint8Array.of(0, 255, 7));
  assertEquals(new Uint8Array((await answer).data), Uint8Array.of(0, 255, 7));
  const closed = eventOf(socket, "close");
  socket.close(4000, "done");
  const { code, reason, wasClean } = await closed;
  assertEquals([code, reason, wasClean], [4000, "done", true]);
  assertEquals((await open(gateway)).protocol, "");
});

Deno.test("the runtime's own ends: a message of 20 MiB there and back, as it was", async () => {
  await using backend = echoBackend();
  await using gateway = new Harness({ baseUrl: backend.baseUrl });
  const socket = await open(gateway);
  const bytes = new Uint8Array(20 * MIB);
  for (let i = 0; i < bytes.length; i += 4093) bytes[i] = i;
  const answer = eventOf(socket, "message");
  socket.send(bytes);
  const time = setInterval(() => gateway.clock.advance(100), 1);
  const back = new Uint8Array((await answer).data);
  clearInterval(time);
  assertEquals([back.length, back.findIndex((byte, i) => byte !== bytes[i])], [bytes.length, -1]);
});

for (const code of [1000, 1001, 1008, 1011, 1012, 1013, 3000, 4999]) {
  Deno.test(`the runtime's own ends: the backend's close reaches the client: ${code}`, async () => {
    await using backend = echoBackend();
    await using gateway = new Harness({ baseUrl: backend.baseUrl });
    const socket = await open(gateway);
    const closed = eventOf(socket, "close");
    socket.send(`close ${code} as asked`);
    const { code: seen, reason, wasClean } = await closed;
    assertEquals([seen, reason, wasClean], [code, "as asked", true]);
    assertEquals(gateway.ends, [{ by: "backend", code }]);
  });
}

Deno.test("a backend behind https speaks websocket too", async () => {
  const key = Deno.readTextFileSync(new URL("../../fixtures/tls/key.pem", import.meta.url));
  await using backend = echoBackend({ cert: CERTIFICATE, key });
  await using gateway = new Harness({ baseUrl: backend.baseUrl, caCerts: [CERTIFICATE] });
  const socket = await open(gateway, ["a"]);
  assertEquals(socket.protocol, "a");
  const answer = eventOf(socket, "message");
  socket.send(new Uint8Array(MIB));
  assertEquals((await answer).data.byteLength, MIB);
  const closed = eventOf(socket, "close");
  socket.send("close 4001 as asked");
  assertEquals((await closed).code, 4001);
});

Deno.test("the runtime's own ends: a thousand messages keep their order", async () => {
  await using backend = echoBackend();
  await using gateway = new Harness({ baseUrl: backend.baseUrl });
  const socket = await open(gateway);
  const seen: string[] = [];
  const all = new Promise<void>((resolve) =>
    socket.addEventListener("message", ({ data }) => {
      if (seen.push(data) === 1000) resolve();
    })
  );
  for (let i = 0; i < 1000; i++) socket.send(String(i));
  await all;
  assertEquals(seen, Array.from({ length: 1000 }, (_, i) => String(i)));
});
