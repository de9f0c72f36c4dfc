import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { chat, fakeEngine, startGateway } from "./gateway.ts";
import { waitForEvent } from "./event_reader.ts";

Deno.test("a client that reads nothing is cut when its buffer has stood full, and the next model is served", async () => {
  const events = await Deno.makeTempFile();
  await using gateway = await startGateway({
    config: `limits: { responseBuffer: 1, stalledWrite: 1 }\nmodels:\n` +
      `  endless:\n    cmd: ${fakeEngine(`--model endless --tokens 10000000 --events ${events}`)}\n` +
      `  next:\n    cmd: ${fakeEngine("--model next")}\n`,
  });
  using stalled = await askWithoutReading(gateway.url, "endless");
  await waitForEvent(events, ({ event }) => event === "request");
  const next = await chat(gateway.url, "next");
  assertEquals([next.status, (await next.json()).model], [200, "next"]);
  await waitForEvent(events, ({ event }) => event === "exit"); // it may be ended before it has noted who left
  await gateway.logged("its client took nothing for too long");
  assert(!(await readAll(stalled)).endsWith("0\r\n\r\n"), "a cut answer has no clean end");
  await Deno.remove(events);
});

Deno.test("an answer that fits into the buffer frees its engine unread, and is whole when it is read at last", async () => {
  const events = await Deno.makeTempFile();
  await using gateway = await startGateway({
    config: `limits: { responseBuffer: 8, stalledWrite: 0 }\nmodels:\n` +
      `  long:\n    cmd: ${fakeEngine(`--model long --tokens 20000 --events ${events}`)}\n` +
      `  next:\n    cmd: ${fakeEngine("--model next")}\n`,
  });
  using slow = await askWithoutReading(gateway.url, "long");
  await waitForEvent(events, ({ event }) => event === "request-end");
  const next = await chat(gateway.url, "next");
  assertEquals([next.status, (await next.json()).model], [200, "next"]);
  const text = await readAll(slow);
  for (const token of ["t0 ", "t9999 ", "t19999 "]) assertStringIncludes(text, `"content":"${token}"`);
  assertStringIncludes(text, "data: [DONE]\n\n");
  assert(text.endsWith("0\r\n\r\n"));
  await Deno.remove(events);
});

Deno.test("SV33: an answer whose engine is done, and which waits for its client alone, can be cancelled", async () => {
  const events = await Deno.makeTempFile();
  await using gateway = await startGateway({
    config: `limits: { responseBuffer: 8, stalledWrite: 0 }\nmodels:\n` +
      `  long:\n    cmd: ${fakeEngine(`--model long --tokens 40000 --events ${events}`)}\n` +
      `  next:\n    cmd: ${fakeEngine("--model next")}\n`,
  });
  using slow = await askWithoutReading(gateway.url, "long");
  await waitForEvent(events, ({ event }) => event === "request-end");
  await (await chat(gateway.url, "next")).body?.cancel(); // whose turn comes when the gateway has read the end
  const list = async () => (await (await fetch(`${gateway.url}/api/inflight?model=long`)).json()).requests;
  const [entry] = await list();
  assertEquals(entry?.phase, "streaming");
  const cancelled = await fetch(`${gateway.url}/api/inflight/${entry.id}/cancel`, { method: "POST" });
  assertEquals([cancelled.status, await cancelled.json(), await list()], [200, { msg: "ok" }, []]);
  assert(!(await readAll(slow)).endsWith("0\r\n\r\n"), "a cut answer has no clean end");
  await Deno.remove(events);
});

Deno.test("a stalled client does not hold up the end of the gateway", async () => {
  const events = await Deno.makeTempFile();
  await using gateway = await startGateway({
    config: `limits: { responseBuffer: 1, stalledWrite: 0 }\nmodels:\n` +
      `  endless:\n    cmd: ${fakeEngine(`--model endless --tokens 10000000 --events ${events}`)}\n`,
  });
  using _stalled = await askWithoutReading(gateway.url, "endless");
  await waitForEvent(events, ({ event }) => event === "request");
  assertEquals(await (await fetch(`${gateway.url}/unload`)).text(), "OK"); // an operator does not wait for clients
  await waitForEvent(events, ({ event }) => event === "term");
  gateway.signal("SIGTERM");
  assertEquals(await gateway.exited, 0);
  await Deno.remove(events);
});

async function askWithoutReading(url: string, model: string): Promise<Deno.TcpConn> {
  const { hostname, port } = new URL(url);
  const socket = await Deno.connect({ hostname, port: Number(port) });
  const body = JSON.stringify({ model, stream: true, messages: [{ role: "user", content: "ahoy" }] });
  const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: ${hostname}:${port}\r\nconnection: close\r\n` +
    `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
  await socket.write(new TextEncoder().encode(head + body));
  return socket;
}

/** To the end or the reset; what had come before counts. */
async function readAll(socket: Deno.TcpConn): Promise<string> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(64 * 1024);
  let text = "";
  for (;;) {
    const count = await socket.read(buffer).catch(() => null);
    if (count === null) return text;
    text += decoder.decode(buffer.subarray(0, count), { stream: true });
  }
}
