import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";

import { systemClock } from "../../src/clock.ts";
import { GatewayError } from "../../src/errors.ts";
import { type Log, silentLog } from "../../src/log.ts";
import { proxy, type ProxyOptions } from "../../src/gateway/proxy.ts";
import type { Outcome } from "../../src/gateway/response_stream.ts";
import { settled } from "./fake_body.ts";
import { codeOf, type RawBackend, rawBackend } from "./raw_backend.ts";
import { fedBody } from "./upstream/raw_calls.ts";

const SSE = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

Deno.test("chunk 1 reaches the client before the backend writes chunk 2", async () => {
  using backend = rawBackend();
  const call = start(backend);
  const socket = await backend.accept();
  await socket.readUntil("body");
  await socket.write(`${SSE}5\r\none\n\n\r\n`);
  const reader = readerOf(await call.response);
  assertEquals(await textOf(reader), "one\n\n");
  await socket.write("5\r\ntwo\n\n\r\n");
  assertEquals(await textOf(reader), "two\n\n");
  assertEquals(call.releases, 0);
  await socket.write("0\r\n\r\n");
  assert((await reader.read()).done);
  assertEquals([call.releases, call.outcomes, call.warnings], [1, [{ kind: "complete" }], []]);
});

Deno.test("the tap sees each chunk before the client", async () => {
  using backend = rawBackend();
  const seen: number[] = [];
  const call = start(backend, { tap: (chunk) => seen.push(chunk.length) });
  const socket = await backend.accept();
  await socket.readUntil("body");
  await socket.write("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc");
  assertEquals(await (await call.response).text(), "abc");
  assertEquals(seen, [3]);
});

Deno.test("a tap that throws breaks the answer off and lets the backend go", async () => {
  using backend = rawBackend();
  const call = start(backend, {
    tap() {
      throw new Error("bug");
    },
  });
  const socket = await backend.accept();
  await socket.readUntil("body");
  await socket.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc");
  assertEquals(await codeOf((await call.response).text()), "internal");
  await socket.readToEnd();
  assertEquals(call.releases, 1);
});

Deno.test("a streamed body goes to the backend as it comes, with its length where that is known", async () => {
  for (const bodyLength of [undefined, 4]) {
    using backend = rawBackend();
    const fed = fedBody();
    const call = start(backend, { body: fed.body, bodyLength });
    const socket = await backend.accept();
    const head = await socket.readUntil("\r\n\r\n");
    assertStringIncludes(head, bodyLength === undefined ? "transfer-encoding: chunked" : "content-length: 4");
    fed.feed("body");
    fed.end();
    await socket.readUntil(bodyLength === undefined ? "0\r\n\r\n" : "body");
    await socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    assertEquals(await (await call.response).text(), "ok");
  }
});

Deno.test("a streamed body that nobody will send is cancelled: its client has left, or it cannot be sent", async () => {
  using backend = rawBackend();
  const [first, second] = [fedBody(), fedBody()];
  assertEquals(
    await codeOf(start(backend, { body: first.body, signal: AbortSignal.abort() }).response),
    "client_closed",
  );
  await first.cancelled;
  assertEquals(await codeOf(start(backend, { body: second.body, path: "/a b" }).response), "bad_request");
  await second.cancelled;
});

Deno.test("a streamed body that breaks off after the answer has begun cuts the answer, as its client has left", async () => {
  using backend = rawBackend();
  const fed = fedBody();
  const call = start(backend, { body: fed.body });
  const socket = await backend.accept();
  fed.feed("body");
  await socket.readUntil("body");
  await socket.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc");
  const response = await call.response;
  fed.fail(new Error("reset"));
  assertEquals(await codeOf(response.text()), "client_closed");
  await socket.readToEnd();
  assertEquals([call.releases, call.outcomes], [1, [{ kind: "clientLeft" }]]);
});

Deno.test("a signal that carries an error of the gateway's own tells that one", async () => {
  using backend = rawBackend();
  const stop = new AbortController();
  const call = start(backend, { signal: stop.signal });
  const socket = await backend.accept();
  await socket.readUntil("body");
  stop.abort(new GatewayError("cancelled", "An operator cancelled it"));
  assertEquals(await codeOf(call.response), "cancelled");
  await socket.readToEnd();
});

for (
  const [name, method, answer] of [
    ["HEAD", "HEAD", "200 OK\r\ncontent-length: 99\r\n\r\n"],
    ["204", "POST", "204 No Content\r\n\r\n"],
    ["304", "GET", "304 Not Modified\r\n\r\n"],
    ["205", "POST", "205 Reset\r\ncontent-length: 5\r\n\r\nhello"],
  ] as const
) {
  Deno.test(`an answer without a body releases the lease at once: ${name}`, async () => {
    using backend = rawBackend();
    const call = start(backend, { body: null, method });
    const socket = await backend.accept();
    await socket.readUntil("\r\n\r\n");
    await socket.write(`HTTP/1.1 ${answer}`);
    const response = await call.response;
    assertEquals(response.body, null);
    assertEquals([call.releases, call.outcomes], [1, [{ kind: "complete" }]]);
  });
}

Deno.test("an answer of no bytes releases the lease when it is read", async () => {
  using backend = rawBackend();
  const call = start(backend);
  const socket = await backend.accept();
  await socket.readUntil("body");
  await socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
  assertEquals(await (await call.response).text(), "");
  assertEquals(call.releases, 1);
});

Deno.test("a plain answer that is cut is an error for the client, and the lease is released once", async () => {
  using backend = rawBackend();
  const call = start(backend);
  const socket = await backend.accept();
  await socket.readUntil("body");
  await socket.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc");
  const reader = readerOf(await call.response);
  assertEquals(await textOf(reader), "abc");
  socket.close();
  assertEquals(await codeOf(reader.read()), "backend_lost");
  assertEquals([call.releases, call.outcomes.map(({ kind }) => kind), call.warnings.length], [1, ["failed"], 1]);
});

for (const dialect of ["openai", "anthropic"] as const) {
  Deno.test(`events that are cut between two end with an error event and a broken stream: ${dialect}`, async () => {
    using backend = rawBackend();
    const call = start(backend, { dialect });
    const socket = await backend.accept();
    await socket.readUntil("body");
    await socket.write(`${SSE}d\r\ndata: whole\n\n\r\n`);
    const reader = readerOf(await call.response);
    assertEquals(await textOf(reader), "data: whole\n\n");
    socket.close();
    const event = await textOf(reader);
    const opening = dialect === "openai" ? "data: " : "event: error\ndata: ";
    assert(event.startsWith(opening) && event.endsWith("\n\n"), event);
    const body = JSON.parse(event.slice(opening.length));
    if (dialect === "openai") assertEquals([body.error.code, body.error.reason], ["bad_gateway", "backend_lost"]);
    else assertEquals([body.type, body.error.type], ["error", "api_error"]);
    assertEquals(await codeOf(reader.read()), "backend_lost");
    assertEquals(call.releases, 1);
  });
}

Deno.test("a stream of responses that is cut ends with an event of its own that goes on counting", async () => {
  for (const [sent, next] of [['data: {"sequence_number":4}', 5], ["data: whole", 0]] as const) {
    using backend = rawBackend();
    const call = start(backend, { dialect: "responses" });
    const socket = await backend.accept();
    await socket.readUntil("body");
    await socket.write(`${SSE}${(sent.length + 2).toString(16)}\r\n${sent}\n\n\r\n`);
    const reader = readerOf(await call.response);
    await textOf(reader);
    call.interrupt(new GatewayError("model_unloaded", "The model was unloaded"));
    const event = await textOf(reader);
    assert(event.startsWith("event: error\ndata: {") && event.endsWith("\n\n"), event);
    const { type, message, param, sequence_number } = JSON.parse(event.slice(event.indexOf("{")));
    assertEquals([type, message, param, sequence_number], ["error", "The model was unloaded", null, next]);
    assertEquals(await codeOf(reader.read()), "model_unloaded");
  }
});

Deno.test("nothing is written behind half an event, nor into compressed events: the stream just breaks", async () => {
  const encoded = SSE.replace("\r\n", "\r\ncontent-encoding: gzip\r\n");
  for (const [head, text] of [[SSE, "data: hal"], [encoded, "gzipped\n\n"]] as const) {
    using backend = rawBackend();
    const call = start(backend);
    const socket = await backend.accept();
    await socket.readUntil("body");
    await socket.write(`${head}9\r\n${text}\r\n`);
    const reader = readerOf(await call.response);
    assertEquals(await textOf(reader), text);
    socket.close();
    assertEquals(await codeOf(reader.read()), "backend_lost");
  }
});

Deno.test("an error event after a whole event opens no second gap", async () => {
  using backend = rawBackend();
  const call = start(backend);
  const socket = await backend.accept();
  await socket.readUntil("body");
  await socket.write(`${SSE}b\r\ndata: one\n\n\r\n`);
  const reader = readerOf(await call.response);
  await textOf(reader);
  socket.close();
  assert((await textOf(reader)).startsWith("data: "));
});

Deno.test("a client that cancels ends the backend's work and the lease, without a warning", async () => {
  using backend = rawBackend();
  const call = start(backend);
  const socket = await backend.accept();
  await socket.readUntil("body");
  await socket.write(`${SSE}5\r\none\n\n\r\n`);
  const reader = readerOf(await call.response);
  await textOf(reader);
  await reader.cancel();
  await socket.readToEnd();
  call.client.abort();
  call.interrupt(new GatewayError("shutting_down", "later"));
  assertEquals([call.releases, call.outcomes, call.warnings], [1, [{ kind: "clientLeft" }], []]);
});

Deno.test("a client that leaves in the middle of the answer is clientLeft, without a warning", async () => {
  using backend = rawBackend();
  const call = start(backend);
  const socket = await backend.accept();
  await socket.readUntil("body");
  await socket.write(`${SSE}5\r\none\n\n\r\n`);
  const reader = readerOf(await call.response);
  await textOf(reader);
  const waiting = reader.read().catch(() => {});
  call.client.abort();
  await socket.readToEnd();
  await waiting;
  await reader.cancel().catch(() => {});
  assertEquals([call.releases, call.outcomes, call.warnings], [1, [{ kind: "clientLeft" }], []]);
});

Deno.test("a lease that ends breaks the answer off with its reason, also while nobody reads", async () => {
  using backend = rawBackend();
  const call = start(backend);
  const socket = await backend.accept();
  await socket.readUntil("body");
  await socket.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc");
  const response = await call.response;
  call.interrupt(new GatewayError("model_unloaded", "unloaded"));
  await socket.readToEnd();
  assertEquals([call.releases, call.outcomes.length], [1, 0]); // what came before is still the client's to take
  assertEquals(await codeOf(response.text()), "model_unloaded");
  assertEquals([call.releases, call.outcomes.length], [1, 1]);
});

Deno.test("a lease that ends is given back at once, also while a full buffer holds the backend up", async () => {
  using backend = rawBackend();
  const call = start(backend, { bounds: { bufferBytes: 3, stalledMs: null } });
  const socket = await backend.accept();
  await socket.readUntil("body");
  await socket.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc");
  const response = await call.response;
  await settled();
  call.interrupt(new GatewayError("model_unloaded", "unloaded"));
  await socket.readToEnd();
  await settled();
  assertEquals([call.releases, call.outcomes.length], [1, 0]);
  const reader = readerOf(response);
  assertEquals(await textOf(reader), "abc");
  assertEquals(await codeOf(reader.read()), "model_unloaded");
  assertEquals([call.releases, call.outcomes.length], [1, 1]);
});

Deno.test("before the answer's head the lease stays the caller's, whatever goes wrong", async () => {
  using backend = rawBackend();
  const left = start(backend);
  const socket = await backend.accept();
  await socket.readUntil("body");
  left.client.abort();
  assertEquals(await codeOf(left.response), "client_closed");
  await socket.readToEnd();

  const ended = start(backend);
  ended.interrupt(new GatewayError("model_unloaded", "unloaded"));
  assertEquals(await codeOf(ended.response), "model_unloaded");

  backend.refuse();
  const refused = start(backend);
  assertEquals(await codeOf(refused.response), "backend_unreachable");
  assertEquals([left, ended, refused].map((call) => [call.releases, call.outcomes.length]), [[0, 0], [0, 0], [0, 0]]);
});

Deno.test("however an answer ends, nothing of it stays with the client's signal", async () => {
  using backend = rawBackend();
  for (const ending of ["whole", "streamed", "cut", "cancelled", "no head"]) {
    const client = new AbortController();
    const listeners = countListeners(client.signal);
    const call = start(backend, {}, client);
    const socket = await backend.accept();
    await socket.readUntil("body");
    assertEquals(listeners(), 1);
    const head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 6\r\n\r\nabc";
    if (ending === "no head") socket.close();
    else await socket.write(ending === "whole" ? `${head}def` : head);
    const response = await call.response.catch(() => null);
    if (ending === "streamed") await socket.write("def");
    if (ending === "cut") socket.close();
    if (ending === "cancelled") await response?.body?.cancel();
    else await response?.text().catch(() => {});
    assertEquals(listeners(), 0, ending);
  }
});

Deno.test("a request that is over before it is sent reaches no backend", async () => {
  using backend = rawBackend();
  const client = new AbortController();
  client.abort();
  await assertRejects(() => start(backend, {}, client).response, GatewayError, "left");
});

Deno.test("status, headers and set-cookie cross as they came", async () => {
  using backend = rawBackend();
  const call = start(backend);
  const socket = await backend.accept();
  assertStringIncludes(await socket.readUntil("body"), "POST /v1/x?q=1 HTTP/1.1\r\n");
  await socket.write("HTTP/1.1 418 Teapot\r\nset-cookie: a=1\r\nset-cookie: b=2\r\ncontent-length: 2\r\n\r\nok");
  const response = await call.response;
  assertEquals([response.status, response.statusText], [418, "Teapot"]);
  assertEquals(response.headers.getSetCookie(), ["a=1", "b=2"]);
  assertEquals(await response.text(), "ok");
});

/** One call of the proxy, with everything that it tells others. */
function start(
  backend: RawBackend,
  options: Partial<ProxyOptions> = {},
  client = new AbortController(),
) {
  let interrupt: (reason: GatewayError) => void = () => {};
  let interrupted: GatewayError | undefined;
  const lease = {
    onInterrupt(listener: (reason: GatewayError) => void) {
      interrupt = listener;
      if (interrupted !== undefined) listener(interrupted);
    },
    release: () => void call.releases++,
  };
  const call = {
    client,
    /** What an operator does to the lease. */
    interrupt(reason: GatewayError) {
      interrupted = reason;
      interrupt(reason);
    },
    releases: 0,
    outcomes: [] as Outcome[],
    warnings: [] as string[],
  };
  const log: Log = { ...silentLog, warn: (message) => void call.warnings.push(message) };
  const response = proxy({
    method: "POST",
    signal: client.signal,
    lease,
    client: backend.client,
    path: "/v1/x?q=1",
    body: new TextEncoder().encode("body"),
    headers: [],
    dialect: "openai",
    bounds: { bufferBytes: 1024 * 1024, stalledMs: 60_000 },
    clock: systemClock,
    log,
    onEnd: (outcome) => call.outcomes.push(outcome),
    ...options,
  });
  return Object.assign(call, { response });
}

/** How many listeners a signal has from now on. */
function countListeners(signal: AbortSignal): () => number {
  let count = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: unknown[]) => {
    count++;
    Reflect.apply(addEventListener, signal, args);
  };
  signal.removeEventListener = (...args: unknown[]) => {
    count--;
    Reflect.apply(removeEventListener, signal, args);
  };
  return () => count;
}

function readerOf(response: Response): ReadableStreamDefaultReader<Uint8Array> {
  assert(response.body);
  return response.body.getReader();
}

async function textOf(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  return new TextDecoder().decode((await reader.read()).value);
}
