import { assert, assertEquals, assertRejects } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { UpstreamClient } from "../../../src/gateway/upstream/client.ts";
import { connect } from "../../../src/gateway/upstream/connection.ts";
import type { UpstreamRequest } from "../../../src/gateway/upstream/message.ts";
import { readerOf } from "../body_reader.ts";
import { codeOf, rawBackend, RawSocket, testBoth } from "../raw_backend.ts";
import { answer, ask, GET, leaveIdle, POST, serve, staysUsable } from "./raw_calls.ts";

const LARGE: UpstreamRequest = { ...POST, body: new Uint8Array(32 * 1024 * 1024) };

Deno.test("a connection that is not accepted in time is backend_unreachable, and closed when it opens after all", async () => {
  using time = new FakeTime();
  using held = heldConnects();
  const client = new UpstreamClient({ baseUrl: held.baseUrl, connectTimeoutMs: 500 });
  const asked = codeOf(answer(client, POST));
  await time.tickAsync(499);
  await time.runMicrotasks();
  held.notYet();
  await time.tickAsync(1);
  assertEquals(await asked, "backend_unreachable");
  await held.open();
  assertEquals(await held.readToEnd(), "");
  client.close();
});

Deno.test("without a time limit a connection may take for ever", async () => {
  using time = new FakeTime();
  using held = heldConnects();
  const client = new UpstreamClient({ baseUrl: held.baseUrl, connectTimeoutMs: null });
  const call = client.send(POST);
  await time.tickAsync(24 * 60 * 60_000);
  held.notYet();
  call.abort(new Error("gone"));
  await assertRejects(() => call.response, Error, "gone");
  await held.open();
  assertEquals(await held.readToEnd(), "");
  client.close();
});

testBoth("a connection that opens in time leaves no timer, and one that fails neither", async (rawBackend) => {
  using backend = rawBackend();
  const port = Number(new URL(backend.baseUrl).port);
  const options = {
    name: "It",
    hostname: "127.0.0.1",
    port,
    timeoutMs: 60_000,
    keepAlive: true,
    tls: null,
    gaveUp: new Promise<never>(() => {}),
  };
  const connection = await connect(options);
  connection.close();
  connection.close();
  backend.refuse();
  assertEquals(await codeOf(connect(options)), "backend_unreachable");
});

testBoth("the head's time begins when the connection is there, and ends with the head", async (rawBackend) => {
  using time = new FakeTime();
  using backend = rawBackend({ headerTimeoutMs: 100 });
  const call = backend.client.send(POST);
  const socket = await backend.accept();
  await socket.readUntil("hello");
  time.tick(99);
  await socket.write("HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nab");
  const { body } = await call.response;
  assert(body);
  time.tick(60_000);
  const reader = readerOf(body);
  assertEquals((await reader.read()).value?.length, 2);
  await socket.write("cdef");
  assertEquals((await reader.read()).value?.length, 4);
  assert((await reader.read()).done);
});

testBoth("a head that is late closes the socket, and is header_timeout", async (rawBackend) => {
  using time = new FakeTime();
  using backend = rawBackend({ headerTimeoutMs: 100 });
  const asked = codeOf(answer(backend.client, POST));
  const socket = await backend.accept();
  await socket.readUntil("hello");
  await socket.write("HTTP/1.1 200 O");
  time.tick(100);
  assertEquals(await asked, "header_timeout");
  assertEquals(await socket.readToEnd(), "");
  await staysUsable(backend);
});

testBoth(
  "an abort in the step in which a request is sent reaches the backend as a closed socket at most",
  async (rawBackend) => {
    using backend = rawBackend();
    const socket = await leaveIdle(backend);
    const call = backend.client.send(POST);
    call.abort(new Error("gone"));
    await assertRejects(() => call.response, Error, "gone");
    await socket.readToEnd();
    await staysUsable(backend);
  },
);

for (const request of [POST, LARGE]) {
  for (const steps of [0, 1, 2, 3, 5, 8]) {
    testBoth(
      `an abort ${steps} turns after the send of ${request.body instanceof Uint8Array ? request.body.length : 0} bytes`,
      async (rawBackend) => {
        using backend = rawBackend();
        const call = backend.client.send(request);
        const rejected = assertRejects(() => call.response, Error, "gone");
        for (let step = 0; step < steps; step++) await Promise.resolve();
        call.abort(new Error("gone"));
        call.abort(new Error("again"));
        await rejected;
        (await backend.accept()).close();
        await staysUsable(backend);
      },
    );
  }
}

testBoth(
  "an abort before, in and after each piece of a body: no piece comes after it, and nothing hangs",
  async (rawBackend) => {
    for (let abortAt = 0; abortAt < 4; abortAt++) {
      using backend = rawBackend();
      const call = backend.client.send(GET);
      const socket = await backend.accept();
      await socket.readUntil("\r\n\r\n");
      await socket.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc");
      const { body } = await call.response;
      assert(body);
      let pieces = 0;
      if (abortAt === 0) call.abort(new Error("gone"));
      const delivered = body.deliver(() => {
        pieces++;
        if (pieces === abortAt) call.abort(new Error("gone"));
        else socket.write("def").catch(() => {});
        return Promise.resolve();
      });
      await assertRejects(() => delivered, Error, "gone");
      assertEquals(pieces, abortAt);
      await socket.readToEnd();
      await staysUsable(backend);
    }
  },
);

Deno.test("an abort after a whole answer leaves its socket to the next request", async () => {
  using backend = rawBackend();
  const call = backend.client.send(POST);
  const socket = await backend.accept();
  await serve(socket, "hello");
  assert((await call.response).body?.whole);
  call.abort(new Error("late"));
  const next = ask(backend.client, GET);
  await serve(socket);
  assertEquals(await next, "ok");
});

/** A backend to which connections do not open before {@link HeldConnects.open}. */
interface HeldConnects extends Disposable {
  readonly baseUrl: string;
  /** Fails where a connection was opened already. */
  notYet(): void;
  /** Opens the one connection that is waited for. */
  open(): Promise<void>;
  /** Reads at the backend's end. */
  readToEnd(): Promise<string>;
}

function heldConnects(): HeldConnects {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const realConnect = Deno.connect;
  const gate = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  let isOpen = false;
  let peer: RawSocket | undefined;
  const held = async (options: Deno.ConnectOptions) => {
    await gate.promise;
    const conn = await realConnect(options);
    isOpen = true;
    opened.resolve();
    return conn;
  };
  Object.assign(Deno, { connect: held });
  return {
    baseUrl: `http://127.0.0.1:${listener.addr.port}`,
    notYet: () => assert(!isOpen),
    async open() {
      gate.resolve();
      peer = new RawSocket(await listener.accept());
      await opened.promise;
    },
    async readToEnd() {
      assert(peer);
      const text = await peer.readToEnd();
      peer.close();
      return text;
    },
    [Symbol.dispose]() {
      Object.assign(Deno, { connect: realConnect });
      listener.close();
    },
  };
}
