import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { GatewayError } from "../../../src/errors.ts";
import type { UpstreamRequest } from "../../../src/gateway/upstream/message.ts";
import { textOf } from "../body_reader.ts";
import { codeOf, testBoth } from "../raw_backend.ts";
import { answer, ask, fedBody, GET, leaveIdle, OK, serve, staysUsable } from "./raw_calls.ts";

function streamed(body: ReadableStream<Uint8Array>, bodyLength?: number): UpstreamRequest {
  return { method: "POST", path: "/", headers: [], body, ...(bodyLength === undefined ? {} : { bodyLength }) };
}

testBoth(
  "a streamed body goes out in chunks, each as soon as it is there, and its socket is used again",
  async (rawBackend) => {
    using backend = rawBackend();
    const { body, feed, end } = fedBody();
    const asked = ask(backend.client, streamed(body));
    const socket = await backend.accept();
    const head = await socket.readUntil("\r\n\r\n");
    assertStringIncludes(head, "transfer-encoding: chunked\r\n");
    assert(!head.includes("content-length"));
    feed("hello");
    assertEquals(await socket.readUntil("hello\r\n"), "5\r\nhello\r\n");
    feed(""); // as a chunk it would end the body
    feed("x".repeat(300));
    assertEquals(await socket.readUntil("x\r\n"), `12c\r\n${"x".repeat(300)}\r\n`);
    end();
    assertEquals(await socket.readUntil("0\r\n\r\n"), "0\r\n\r\n");
    await socket.write(OK);
    assertEquals(await asked, "ok");
    const second = ask(backend.client, GET);
    await serve(socket);
    assertEquals(await second, "ok");
  },
);

testBoth("a streamed body of known length goes out as it is", async (rawBackend) => {
  using backend = rawBackend();
  const { body, feed, end } = fedBody();
  const asked = ask(backend.client, streamed(body, 6));
  const socket = await backend.accept();
  const head = await socket.readUntil("\r\n\r\n");
  assertStringIncludes(head, "content-length: 6\r\n");
  assert(!head.includes("transfer-encoding"));
  feed("abc");
  feed("def");
  end();
  assertEquals(await socket.readUntil("def"), "abcdef");
  await socket.write(OK);
  assertEquals(await asked, "ok");
});

testBoth("a streamed body without a byte is no body, and still a whole message", async (rawBackend) => {
  using backend = rawBackend();
  for (const length of [undefined, 0]) {
    const { body, end } = fedBody();
    end();
    const asked = ask(backend.client, streamed(body, length));
    const socket = await backend.accept();
    const text = await socket.readUntil(length === 0 ? "\r\n\r\n" : "0\r\n\r\n");
    assertStringIncludes(text, length === 0 ? "content-length: 0\r\n" : "transfer-encoding: chunked\r\n");
    await socket.write(`HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok`);
    assertEquals(await asked, "ok");
  }
});

for (const length of [undefined, 10]) {
  testBoth(
    `a body whose stream fails ends the request as a client that left, and its socket, length ${length}`,
    async (rawBackend) => {
      using backend = rawBackend();
      const { body, feed, fail } = fedBody();
      const asked = answer(backend.client, streamed(body, length));
      const socket = await backend.accept();
      feed("abc");
      await socket.readUntil("abc");
      fail(new Error("the client's connection was reset"));
      const error = await assertRejects(() => asked, GatewayError, "left before its request was whole");
      assertEquals(error.code, "client_closed");
      assertEquals(error.cause instanceof Error && error.cause.message, "the client's connection was reset");
      await socket.readToEnd();
      await staysUsable(backend);
    },
  );
}

testBoth("a body that is shorter than announced never looks whole: the socket is closed", async (rawBackend) => {
  using backend = rawBackend();
  const { body, feed, end } = fedBody();
  const asked = answer(backend.client, streamed(body, 6));
  const socket = await backend.accept();
  feed("abc");
  await socket.readUntil("abc");
  const rejected = assertRejects(() => asked, Error, "shorter than was announced");
  end();
  assertEquals(await socket.readToEnd(), "");
  await rejected;
});

testBoth(
  "a body that is longer than announced is cut before the byte that would be another request",
  async (rawBackend) => {
    using backend = rawBackend();
    const fed = fedBody();
    const asked = answer(backend.client, streamed(fed.body, 6));
    const socket = await backend.accept();
    fed.feed("abc");
    await socket.readUntil("abc");
    const rejected = assertRejects(() => asked, Error, "longer than was announced");
    fed.feed("defGET / HTTP/1.1\r\n\r\n");
    assertEquals(await socket.readToEnd(), "");
    await rejected;
    await fed.cancelled;
  },
);

testBoth("a body that nobody can take is cancelled: the connection is refused", async (rawBackend) => {
  using backend = rawBackend();
  backend.refuse();
  const { body, cancelled } = fedBody();
  assertEquals(await codeOf(answer(backend.client, streamed(body))), "backend_unreachable");
  await cancelled;
});

for (const isSilent of [false, true]) {
  testBoth(
    `a body is cancelled when the answer ends the exchange before it${isSilent ? ", though it is silent" : ""}`,
    async (rawBackend) => {
      using backend = rawBackend();
      const { body, feed, cancelled } = fedBody();
      const asked = ask(backend.client, streamed(body));
      const socket = await backend.accept();
      await socket.readUntil("\r\n\r\n");
      if (!isSilent) {
        feed("abc");
        await socket.readUntil("abc");
      }
      await socket.write("HTTP/1.1 413 Too large\r\ncontent-length: 2\r\n\r\nno");
      assertEquals(await asked, "no");
      await cancelled;
      await socket.readToEnd();
      await staysUsable(backend);
    },
  );
}

testBoth(
  "a body goes on while its answer already comes, and is cancelled when that answer ends",
  async (rawBackend) => {
    using backend = rawBackend();
    const { body, feed, cancelled } = fedBody();
    const call = backend.client.send(streamed(body));
    const socket = await backend.accept();
    await socket.readUntil("\r\n\r\n");
    await socket.write("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab");
    const text = textOf((await call.response).body);
    feed("more");
    await socket.readUntil("more");
    await socket.write("cd");
    assertEquals(await text, "abcd");
    await cancelled;
    await socket.readToEnd();
  },
);

for (const moment of ["while it goes out", "in the answer's body"] as const) {
  testBoth(`a body is cancelled by an abort ${moment}`, async (rawBackend) => {
    using backend = rawBackend();
    const { body, feed, cancelled } = fedBody();
    const call = backend.client.send(streamed(body));
    const socket = await backend.accept();
    feed("abc");
    await socket.readUntil("abc");
    if (moment === "while it goes out") {
      call.abort(new Error("gone"));
      await assertRejects(() => call.response, Error, "gone");
    } else {
      await socket.write("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab");
      const text = textOf((await call.response).body);
      call.abort(new Error("gone"));
      await assertRejects(() => text, Error, "gone");
    }
    await cancelled;
    await socket.readToEnd();
  });
}

testBoth("a body that has begun to go out is never sent a second time", async (rawBackend) => {
  using backend = rawBackend();
  const old = await leaveIdle(backend);
  const fed = fedBody();
  const asked = codeOf(answer(backend.client, streamed(fed.body)));
  await old.readUntil("\r\n\r\n");
  old.close();
  assertEquals(await asked, "backend_lost");
  await fed.cancelled;
});

testBoth("the backend's pace is the body's: what it does not read is not taken from the stream", async (rawBackend) => {
  using backend = rawBackend();
  const piece = new Uint8Array(256 * 1024);
  let taken = 0;
  const isGoingOut = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (++taken === 4) isGoingOut.resolve();
      if (taken > 1000) controller.close();
      else controller.enqueue(piece);
    },
  }, { highWaterMark: 0 });
  const call = backend.client.send(streamed(body));
  const socket = await backend.accept();
  await isGoingOut.promise;
  const other = ask(backend.client, GET);
  const otherSocket = await backend.accept();
  await serve(otherSocket);
  await other;
  for (let turn = 0; turn < 50; turn++) { // time enough to take all of it, told in round trips
    const again = ask(backend.client, GET);
    await serve(otherSocket);
    await again;
  }
  assert(taken < 200, `${taken} pieces of 256 KiB were taken for a backend that reads nothing`);
  call.abort(new Error("enough"));
  await assertRejects(() => call.response, Error, "enough");
  socket.close();
});

testBoth("a large body that nobody needs again is freed when all of it has gone out", async (rawBackend) => {
  for (const isBodyLast of [true, false]) {
    using backend = rawBackend();
    const body = new TextEncoder().encode("a".repeat(2 * 1024 * 1024) + "END");
    const call = backend.client.send({ method: "POST", path: "/", headers: [], body, isBodyLast });
    const socket = await backend.accept();
    await socket.readUntil("END");
    await socket.write(OK);
    await call.response;
    const next = ask(backend.client, GET);
    await serve(socket);
    await next; // a round trip later the end of the write is known
    assertEquals(body.length === 0, isBodyLast);
  }
});

testBoth("a body of which something is still to go out is not freed, whatever the answer", async (rawBackend) => {
  using backend = rawBackend();
  const body = new Uint8Array(32 * 1024 * 1024);
  const call = backend.client.send({ method: "POST", path: "/", headers: [], body, isBodyLast: true });
  const socket = await backend.accept();
  await socket.readUntil("\r\n\r\n"); // and no further: the rest cannot go out
  await socket.write("HTTP/1.1 413 No\r\ncontent-length: 2\r\n\r\nno");
  await call.response;
  await socket.readToEnd();
  assertEquals(body.length, 32 * 1024 * 1024);
});
