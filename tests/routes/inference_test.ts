import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { INFERENCE_ROUTES } from "../../src/routes/inference_table.ts";
import { type RawBackend, rawBackend, type RawSocket } from "../gateway/raw_backend.ts";
import { surface } from "./surface.ts";

const CONFIG = `
limits:
  requestBody: 1
models:
  m:
    cmd: unused --port \${PORT}
  renamed:
    cmd: unused --port \${PORT}
    useModelName: inner
`;
const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

Deno.test("every row of the table reaches its own path at the backend, query included, and GET rows answer HEAD too", async () => {
  using backend = rawBackend();
  const { ask, leases } = routes(backend);
  let socket: RawSocket | undefined;
  let asked = 0;
  for (const { method, path: template, prefix, modelIn } of INFERENCE_ROUTES) {
    const path = template.replace("{id}", "resp_1");
    const target = modelIn === "body" ? `${path}?x=%2F` : `${path}?x=%2F&model=m`;
    for (const verb of method === "GET" ? ["GET", "HEAD"] : [method]) {
      const answer = ask(verb, target, verb === "POST" ? '{"model":"m"}' : undefined);
      socket ??= await backend.accept();
      const text = await socket.readUntil(verb === "POST" ? "}" : "\r\n\r\n");
      assertStringIncludes(text, `${verb} ${target.slice(prefix.length)} HTTP/1.1\r\n`);
      await socket.write(verb === "HEAD" ? "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n" : OK);
      const response = await answer;
      assertEquals([response.status, await response.text()], [200, verb === "HEAD" ? "" : "ok"]);
      assertEquals(response.headers.get("content-length"), "2");
      asked++;
    }
  }
  assertEquals([leases.granted, leases.released], [asked, asked]);
});

for (
  const [method, path, allow] of [
    ["PUT", "/v1/chat/completions", "POST"],
    ["GET", "/v1/chat/completions", "POST"],
    ["HEAD", "/v1/messages", "POST"],
    ["POST", "/sdapi/v1/loras", "GET, HEAD"],
    ["DELETE", "/v1/audio/voices", "GET, HEAD, POST"],
    ["POST", "/v1/models", "GET, HEAD"],
    ["PUT", "/v1/responses/resp_1", "GET, HEAD, DELETE"],
    ["GET", "/api/models/unload/m/x", "POST"],
  ] as const
) {
  Deno.test(`${method} ${path} is 405, and Allow says what it answers`, async () => {
    using backend = rawBackend();
    const { ask, leases } = routes(backend);
    const response = await ask(method, path, method === "GET" || method === "HEAD" ? undefined : '{"model":"m"}');
    assertEquals([response.status, response.headers.get("allow")], [405, allow]);
    assert(response.headers.get("x-request-id"));
    await response.body?.cancel();
    assertEquals(leases.granted, 0);
  });
}

for (
  const [method, target, location] of [
    ["POST", "//v1/chat/completions", "/v1/chat/completions"],
    ["POST", "/v1//chat/completions?x=%2F/", "/v1/chat/completions?x=%2F/"],
    ["GET", "///health", "/health"],
    ["GET", "/v1/./a/../models", "/v1/models"],
    ["PUT", "/v1//completions", "/v1/completions"], // where 405 says what is meant
    ["GET", "//upstream/m/a", "/upstream/m/a"],
    ["GET", "//comfyui//", "/comfyui/"],
  ] as const
) {
  Deno.test(`${method} ${target} is sent to ${location}, and loads nothing`, async () => {
    using backend = rawBackend();
    const { send, leases } = routes(backend);
    const response = await send({ method, target });
    assertEquals([response.status, response.headers.get("location"), await response.text()], [307, location, ""]);
    assertEquals(leases.granted, 0);
  });
}

for (const target of ["//evil.test/v1/models", "//v1/nothing", "/..", "//", "/v1/models%2F%2F../x/"]) {
  Deno.test(`${target} leads nowhere`, async () => {
    using backend = rawBackend();
    const response = await routes(backend).send({ method: "POST", target });
    assertEquals([response.status, response.headers.get("location")], [404, null]);
    await response.body?.cancel();
  });
}

Deno.test("every route below /v1 is answered without it too, but for Anthropic's and the websocket", () => {
  const rows = INFERENCE_ROUTES.map(({ method, path, modelIn, body }) => JSON.stringify([method, path, modelIn, body]));
  const below = INFERENCE_ROUTES.filter(({ path }) => /^\/v1\/(?!messages|realtime)/.test(path));
  const missing = below.filter(({ method, path, modelIn, body }) =>
    !rows.includes(JSON.stringify([method, path.slice("/v1".length), modelIn, body]))
  );
  assertEquals([below.length > 15, missing.map(({ path }) => path)], [true, []]);
});

Deno.test("HEAD of the gateway's own routes says no length, rather than another one than GET", async () => {
  using backend = rawBackend();
  const { ask } = routes(backend);
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ method, url }) => {
    return ask(method, new URL(url).pathname);
  });
  using client = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
  const buffer = new Uint8Array(4096);
  for (const path of ["/health", "/v1/models", "/logs", "/api/events"]) {
    await client.write(new TextEncoder().encode(`HEAD ${path} HTTP/1.1\r\nhost: x\r\n\r\n`));
    const head = new TextDecoder().decode(buffer.subarray(0, await client.read(buffer) ?? 0));
    assertEquals([head.split(" ")[1], /\r\n(content-length|transfer-encoding):/i.test(head)], ["200", false], head);
    assert(head.endsWith("\r\n\r\n"), head);
  }
});

for (
  const [name, method, path, body, status, code] of [
    ["an unknown path", "POST", "/v1/nothing", '{"model":"m"}', 404, "not_found"],
    ["a path with a slash too many", "POST", "/v1/chat/completions/", '{"model":"m"}', 404, "not_found"],
    ["an unknown model", "POST", "/v1/completions", '{"model":"x"}', 404, "unknown_model"],
    ["an unknown model in a query", "GET", "/props?model=x", undefined, 404, "unknown_model"],
    ["two models", "POST", "/v1/completions", '{"model":"m","model":"m"}', 400, "bad_request"],
    ["no model", "POST", "/v1/completions", '{"prompt":"m"}', 400, "bad_request"],
    ["no JSON", "POST", "/v1/completions", "model=m", 400, "bad_request"],
    ["a body over the limit", "POST", "/v1/completions", " ".repeat(1024 * 1024 + 1), 413, "body_too_large"],
  ] as const
) {
  Deno.test(`${name} is ${status}, and asks for no backend`, async () => {
    using backend = rawBackend();
    const { ask, leases } = routes(backend);
    const response = await ask(method, path, body);
    const { error } = await response.json();
    assertEquals([response.status, error.reason, leases.granted], [status, code, 0]);
  });
}

Deno.test("a body of exactly the limit, with and without an announced length, goes on byte for byte", async () => {
  using backend = rawBackend();
  const { ask } = routes(backend);
  const body = `{"model":"m","x":"${"\u00e9".repeat((1024 * 1024 - 20) / 2)}"}`;
  assertEquals(new TextEncoder().encode(body).length, 1024 * 1024);
  let socket: RawSocket | undefined;
  for (const sent of [body, new Blob([body]).stream()]) {
    const answer = ask("POST", "/v1/completions", sent);
    socket ??= await backend.accept();
    const text = await socket.readUntil('"}');
    assertStringIncludes(text, "content-length: 1048576\r\n");
    assert(text.endsWith('"}') && text.includes('{"model":"m","x":"'));
    await socket.write(OK);
    await (await answer).body?.cancel();
  }
});

Deno.test("a body over the limit is refused while it still comes, without an announced length", async () => {
  using backend = rawBackend();
  const { ask, leases } = routes(backend);
  let pieces = 0;
  const endless = new ReadableStream({
    pull: (controller) => {
      pieces++;
      controller.enqueue(new Uint8Array(64 * 1024).fill(0x20));
    },
  });
  const response = await ask("POST", "/v1/completions", endless);
  await response.body?.cancel();
  assertEquals([response.status, leases.granted], [413, 0]);
  assert(pieces < 32, `${pieces} pieces of 64 KiB were read`);
});

Deno.test("a model with a name of its own at the backend is asked for by that name, and nothing else changes", async () => {
  using backend = rawBackend();
  const { ask } = routes(backend);
  const answer = ask("POST", "/v1/completions", '{ "a": 1.0, "model" : "renamed" , "b":"\\u00e9" }');
  const socket = await backend.accept();
  const text = await socket.readUntil("}");
  assert(text.endsWith('\r\n\r\n{ "a": 1.0, "model" : "inner" , "b":"\\u00e9" }'), text);
  await socket.write(OK);
  await (await answer).body?.cancel();
});

Deno.test("a compressed answer passes untouched: its bytes and its headers", async () => {
  using backend = rawBackend();
  const { ask } = routes(backend);
  const packed = new Uint8Array(
    await new Response(new Blob(["ahoy ".repeat(1000)]).stream().pipeThrough(new CompressionStream("gzip")))
      .arrayBuffer(),
  );
  const half = packed.length >> 1;
  for (const isWhole of [true, false]) {
    const answer = ask("POST", "/v1/completions", '{"model":"m"}');
    const socket = await backend.accept();
    const text = await socket.readUntil("}");
    assertStringIncludes(text, "accept-encoding: identity\r\n");
    const head =
      `HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-encoding: gzip\r\ncontent-length: ${packed.length}\r\n\r\n`;
    await socket.writeBytes(new TextEncoder().encode(head), isWhole ? packed : packed.subarray(0, half));
    const response = await answer;
    if (!isWhole) await socket.writeBytes(packed.subarray(half));
    assertEquals(response.headers.get("content-encoding"), "gzip");
    assertEquals(response.headers.get("content-length"), String(packed.length));
    assertEquals(new Uint8Array(await response.arrayBuffer()), packed);
  }
});

Deno.test("events are told not to be buffered, and carry no length", async () => {
  using backend = rawBackend();
  const { ask } = routes(backend);
  const answer = ask("POST", "/v1/completions", '{"model":"m","stream":true}');
  const socket = await backend.accept();
  await socket.readUntil("}");
  await socket.write("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 9\r\n\r\ndata: 1\n\n");
  const response = await answer;
  assertEquals(response.headers.get("x-accel-buffering"), "no");
  assertEquals(response.headers.get("content-length"), null);
  assertEquals(await response.text(), "data: 1\n\n");
});

Deno.test("a backend that fails before its head: an error in the dialect of the path, and the lease is given back", async () => {
  using backend = rawBackend();
  const { ask, leases } = routes(backend);
  for (const path of ["/v1/completions", "/v1/messages"]) {
    const answer = ask("POST", path, '{"model":"m"}');
    const socket = await backend.accept();
    await socket.readUntil("}");
    await socket.write("HTTP/1.1 nonsense\r\n\r\n");
    const response = await answer;
    const body = await response.json();
    assertEquals([response.status, path === "/v1/messages" ? body.error.type : body.error.reason], [
      502,
      path === "/v1/messages" ? "api_error" : "backend_lost",
    ]);
  }
  assertEquals([leases.granted, leases.released], [2, 2]);
});

Deno.test("a Host header with a path in it does not choose the route", async () => {
  using backend = rawBackend();
  const { ask, leases } = routes(backend);
  for (const host of ["a/v1/models?", "a?b", "a#b", "user@a"]) {
    const response = await ask("GET", "/v1/models", undefined, { host });
    assertEquals([response.status, (await response.json()).error.code], [400, "bad_request"], host);
  }
  assertEquals((await ask("GET", "/v1/models", undefined, { host: "[::1]:8080" })).status, 200);
  assertEquals(leases.granted, 0);
});

function routes(backend: RawBackend) {
  return surface(backend, { config: CONFIG });
}
