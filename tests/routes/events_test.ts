import { assertEquals, assertExists, assertStringIncludes } from "@std/assert";
import { parseMessages, typesOf } from "../observe/event_world.ts";
import { mountWatching } from "./watching_app.ts";

Deno.test("§4: the stream's headers keep it from being cached, guessed at or held back", async () => {
  const { ask } = mountWatching();
  const answer = await ask("/api/events");
  assertEquals(Object.fromEntries(answer.headers), {
    "cache-control": "no-cache",
    "connection": "keep-alive",
    "content-type": "text/event-stream",
    "x-accel-buffering": "no",
    "x-content-type-options": "nosniff",
  });
  await answer.body?.cancel();
});

Deno.test("SV44: the first messages are the state of everything", async () => {
  const { ask } = mountWatching();
  const reader = (await ask("/api/events")).body?.getReader();
  const text = new TextDecoder().decode((await reader?.read())?.value);
  assertEquals(typesOf(parseMessages(text)), [
    "logData",
    "logData",
    "modelStatus",
    "uiConfig",
    "profileChanged",
    "inflight",
  ]);
  await reader?.cancel();
});

Deno.test("§11.4.52: format=plain tells the same once encoded; another format is refused", async () => {
  const { ask } = mountWatching();
  const reader = (await ask("/api/events?format=plain")).body?.getReader();
  const text = new TextDecoder().decode((await reader?.read())?.value);
  assertStringIncludes(text, 'event: inflight\ndata: {"operation":"snapshot","requests":[]}\n\n');
  await reader?.cancel();
  const refused = await ask("/api/events?format=xml");
  assertEquals([refused.status, (await refused.json()).error.param], [400, "format"]);
});

Deno.test("over a socket: HEAD begins nothing, the burst comes whole, a client that leaves is forgotten, closing ends the rest", async () => {
  const { ask, feed, logs } = mountWatching();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { pathname, search } = new URL(request.url);
    return pathname === "/health" ? new Response("OK") : ask(pathname + search, { method: request.method });
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  const pause = async () => await (await fetch(`${url}/health`)).text();
  const head = await fetch(`${url}/api/events`, { method: "HEAD" });
  assertEquals([head.status, feed.readers], [200, 0]);
  const [leaving, staying] = [await fetch(`${url}/api/events`), await fetch(`${url}/api/events`)];
  assertEquals(leaving.headers.get("x-accel-buffering"), "no");
  while (feed.readers < 2) await pause();
  await leaving.body?.cancel();
  while (feed.readers > 1) await pause();
  logs.writeLine("going down\n", "");
  const text = staying.text();
  feed.close();
  const last = parseMessages(await text).at(-1);
  assertExists(last);
  assertEquals(last.data, { data: "going down\n", source: "proxy" });
  assertEquals(feed.readers, 0);
  await server.shutdown();
});

Deno.test("over a socket: a client that does not read is dropped when its share is full, and others read on", async () => {
  const { ask, feed, logs } = mountWatching();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    return request.url.endsWith("/health") ? new Response("OK") : ask("/api/events");
  });
  const { port } = server.addr;
  const stuck = await Deno.connect({ hostname: "127.0.0.1", port });
  await stuck.write(new TextEncoder().encode("GET /api/events HTTP/1.1\r\nhost: gateway.test\r\n\r\n"));
  const reader = (await fetch(`http://127.0.0.1:${port}`)).body?.getReader();
  assertExists(reader);
  await reader.read();
  while (feed.readers < 2) await (await fetch(`http://127.0.0.1:${port}/health`)).text();
  const piece = new TextEncoder().encode("x".repeat(64 * 1024));
  let pushed = 0;
  for (; feed.readers > 1 && pushed < 2000; pushed++) {
    logs.upstream.push(piece);
    await reader.read();
  }
  assertEquals(feed.readers, 1);
  logs.upstream.push(new TextEncoder().encode("still here"));
  const decoder = new TextDecoder();
  let text = "";
  while (!text.includes("still here")) text += decoder.decode((await reader.read()).value, { stream: true });
  assertStringIncludes(logs.proxy.text(), "did not keep up");
  stuck.close();
  await reader.cancel();
  await server.shutdown();
});
