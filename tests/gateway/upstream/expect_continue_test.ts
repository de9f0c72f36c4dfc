import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { UpstreamRequest } from "../../../src/gateway/upstream/message.ts";
import { textOf } from "../body_reader.ts";
import { codeOf, rawBackend } from "../raw_backend.ts";
import { answer, ask, fedBody, GET, OK, POST, serve, staysUsable } from "./raw_calls.ts";

const EXPECTING: UpstreamRequest = { ...POST, headers: [["Expect", "100-Continue"]] };

Deno.test("a body that promised to wait goes out with 100 Continue, and the socket is used again", async () => {
  using backend = rawBackend({ expectContinueMs: 60_000 });
  const asked = ask(backend.client, EXPECTING);
  const socket = await backend.accept();
  const head = await socket.readUntil("\r\n\r\n");
  assert(head.endsWith("\r\n\r\n"), "the body stays here");
  await socket.write("HTTP/1.1 100 Continue\r\n\r\n");
  assertEquals(await socket.readUntil("hello"), "hello");
  await socket.write(OK);
  assertEquals(await asked, "ok");
  const second = ask(backend.client, GET);
  await serve(socket);
  assertEquals(await second, "ok");
});

Deno.test("without 100 Continue the body goes out after its time", async () => {
  using time = new FakeTime();
  using backend = rawBackend({ expectContinueMs: 250 });
  const fed = fedBody();
  const asked = ask(backend.client, { ...EXPECTING, body: fed.body });
  const socket = await backend.accept();
  await socket.readUntil("\r\n\r\n");
  fed.feed("abc");
  await time.tickAsync(249);
  await socket.write("HTTP/1.1 102 Processing\r\n\r\n"); // is no leave to go on
  await time.runMicrotasks();
  await time.tickAsync(1);
  assertEquals(await socket.readUntil("abc\r\n"), "3\r\nabc\r\n");
  fed.end();
  await serve(socket);
  assertEquals(await asked, "ok");
});

for (const isStreamed of [false, true]) {
  Deno.test(`a refusal keeps the body here, and its socket is not used again: ${isStreamed ? "stream" : "bytes"}`, async () => {
    using time = new FakeTime();
    using backend = rawBackend();
    const fed = fedBody();
    const asked = answer(backend.client, isStreamed ? { ...EXPECTING, body: fed.body } : EXPECTING);
    const socket = await backend.accept();
    await socket.readUntil("\r\n\r\n");
    await socket.write("HTTP/1.1 417 Expectation Failed\r\ncontent-length: 4\r\n\r\nno");
    const { status, body } = await asked;
    assertEquals(status, 417);
    const text = textOf(body);
    await time.tickAsync(10_000);
    await socket.write("pe");
    assertEquals(await text, "nope");
    assertEquals(await socket.readToEnd(), "", "not a byte of the body went out");
    if (isStreamed) await fed.cancelled;
    await staysUsable(backend);
  });
}

Deno.test("a backend that leaves while a body waits is backend_lost, and no timer is left", async () => {
  using backend = rawBackend({ expectContinueMs: 60_000 });
  const fed = fedBody();
  const asked = codeOf(answer(backend.client, { ...EXPECTING, body: fed.body }));
  const socket = await backend.accept();
  await socket.readUntil("\r\n\r\n");
  socket.close();
  assertEquals(await asked, "backend_lost");
  await fed.cancelled;
});

Deno.test("an abort while a body waits for 100 Continue closes the socket and lets the body go", async () => {
  using backend = rawBackend({ expectContinueMs: null });
  const fed = fedBody();
  const call = backend.client.send({ ...EXPECTING, body: fed.body });
  const socket = await backend.accept();
  await socket.readUntil("\r\n\r\n");
  call.abort(new Error("gone"));
  assertEquals(await call.response.catch((reason: Error) => reason.message), "gone");
  assertEquals(await socket.readToEnd(), "");
  await fed.cancelled;
});

Deno.test("informational answers before the final head are passed over, in one write or in many", async () => {
  using backend = rawBackend();
  const hints =
    "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n";
  const first = answer(backend.client, POST);
  const socket = await backend.accept();
  await socket.readUntil("hello");
  await socket.write(hints + OK);
  const { status, headers, body } = await first;
  assertEquals([status, headers, await textOf(body)], [200, [["content-length", "2"]], "ok"]);
  const second = ask(backend.client, GET);
  assertStringIncludes(await socket.readUntil("\r\n\r\n"), "GET ");
  for (const letter of hints + OK) await socket.write(letter);
  assertEquals(await second, "ok");
});
