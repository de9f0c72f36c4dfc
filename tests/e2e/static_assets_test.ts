import { assertEquals, assertLess, assertRejects, assertStringIncludes } from "@std/assert";
import { chat, fakeEngine, startGateway } from "./gateway.ts";
import { readEvents, waitForEvent } from "./event_reader.ts";
import { askSocket, eventOf, openSocket } from "./websocket_client.ts";

async function startsIn(events: string): Promise<readonly string[]> {
  return (await readEvents(events)).filter(({ event }) => event === "start").map(({ model }) => model);
}

async function statusAndText(response: Promise<Response>): Promise<readonly [number, string]> {
  const got = await response;
  return [got.status, await got.text()];
}

Deno.test("SV13: a burst of requests for static files loads nothing and stops nothing", async () => {
  const events = await Deno.makeTempFile();
  const model = (id: string) => `  ${id}: { cmd: "${fakeEngine(`--model ${id} --events ${events}`)}" }\n`;
  await using gateway = await startGateway({ config: `models:\n${model("a")}${model("b")}` });
  await (await chat(gateway.url, "b")).body?.cancel();
  const assets = ["style.css", "app.js?v=3", "deep/er/icon.svg", "logo.png", "font.woff2"];
  const answers = await Promise.all(
    Array.from(
      { length: 50 },
      (_, at) => statusAndText(fetch(`${gateway.url}/upstream/a/${assets[at % assets.length]}`)),
    ),
  );
  for (const [status, text] of answers) {
    assertEquals(status, 409);
    assertStringIncludes(text, "model a is not loaded; path matches upstream.ignorePaths");
  }
  assertEquals(await startsIn(events), ["b"]);
  assertEquals((await readEvents(events)).filter(({ event }) => event === "term"), []);
  await Deno.remove(events);
});

Deno.test("static files of a loaded model are served past the line, and a swap does not wait for them", async () => {
  const events = await Deno.makeTempFile();
  const model = (id: string, more: string) =>
    `  ${id}: { cmd: "${fakeEngine(`--model ${id} --events ${events} ${more}`)}" }\n`;
  await using gateway = await startGateway({
    config: `models:\n${model("a", "--tokens 12 --token-ms 100")}${model("b", "")}`,
  });
  const { url } = gateway;
  const working = await chat(url, "a", { stream: true });
  const next = chat(url, "b");
  const asset = () => statusAndText(fetch(`${url}/upstream/a/app.js`));
  const waiting = async () => (await (await fetch(`${url}/api/queue`)).json()).waiting.length;
  for (let tries = 0; await waiting() === 0; tries++) assertLess(tries, 1000);
  assertEquals((await asset())[0], 200); // although b waits
  const seen = new Set<number>();
  let isServed = false;
  const pages = Array.from({ length: 4 }, async () => {
    while (!isServed) seen.add((await asset())[0]);
  });
  assertStringIncludes(await working.text(), "[DONE]");
  const answer = await next;
  isServed = true;
  assertEquals([answer.status, (await answer.json()).model], [200, "b"]);
  await Promise.all(pages);
  assertEquals([...seen].filter((status) => ![200, 409, 502, 503].includes(status)), []);
  assertEquals((await asset())[0], 409);
  assertEquals(await startsIn(events), ["a", "b"]);
  await Deno.remove(events);
});

Deno.test("a static file that takes its time is cut when another model takes the place", async () => {
  const events = await Deno.makeTempFile();
  const model = (id: string, more: string) =>
    `  ${id}: { cmd: "${fakeEngine(`--model ${id} --events ${events} ${more}`)}" }\n`;
  await using gateway = await startGateway({
    config: `models:\n${model("slow", "--header-ms 30000")}${model("b", "")}`,
  });
  const { url } = gateway;
  const leaving = new AbortController();
  const first = fetch(`${url}/upstream/slow/page`, { signal: leaving.signal });
  await waitForEvent(events, ({ event, path }) => event === "request" && path === "/page");
  const pending = statusAndText(fetch(`${url}/upstream/slow/app.js`));
  await waitForEvent(events, ({ event, path }) => event === "request" && path === "/app.js");
  leaving.abort();
  await assertRejects(() => first);
  const askedAt = performance.now();
  assertEquals((await chat(url, "b").then((answer) => answer.json())).model, "b");
  assertLess(performance.now() - askedAt, 15_000);
  const [status, text] = await pending;
  assertEquals(status, 503);
  assertStringIncludes(text, '"reason":"model_stopped"');
  assertEquals(await startsIn(events), ["slow", "b"]);
  await Deno.remove(events);
});

Deno.test("SV7 SV8: ComfyUI's page starts its model, what it goes on asking for does not once another model has come", async () => {
  const events = await Deno.makeTempFile();
  const model = (id: string) => `  ${id}: { cmd: "${fakeEngine(`--model ${id} --events ${events}`)}" }\n`;
  const config = `websockets: { idleLease: 1 }\nmodels:\n${model("comfyui_auto")}${model("b")}`;
  await using gateway = await startGateway({ config });
  const { url } = gateway;
  const notLoaded = "model comfyui_auto is not loaded; only /comfyui/ can start it";
  const polls = async () => {
    for (const [method, path] of [["GET", "/queue"], ["POST", "/prompt"], ["GET", "/api/history?max_items=64"]]) {
      const [status, text] = await statusAndText(fetch(`${url}/comfyui${path}`, { method: method ?? "" }));
      assertEquals(status, 409);
      assertStringIncludes(text, notLoaded);
    }
    await assertRejects(() => openSocket(url, "/comfyui/ws?clientId=7"));
  };
  await polls();
  assertEquals(await startsIn(events), []);
  const page = await fetch(`${url}/comfyui`);
  assertEquals([page.url, (await page.json()).path], [`${url}/comfyui/`, "/"]);
  const queue = await (await fetch(`${url}/comfyui/api/queue?a=%2F`)).json();
  assertEquals([queue.path, queue.query], ["/api/queue", "?a=%2F"]);
  const socket = await openSocket(url, "/comfyui/ws?clientId=7");
  const facts = JSON.parse(String(await askSocket(socket, "facts")));
  assertEquals(new URL(facts.url).pathname + new URL(facts.url).search, "/ws?clientId=7");
  const closed = eventOf(socket, "close");
  assertEquals((await (await chat(url, "b")).json()).model, "b");
  assertEquals((await closed).code, 1012);
  for (let poll = 0; poll < 5; poll++) await polls();
  assertEquals(await startsIn(events), ["comfyui_auto", "b"]);
  assertEquals((await fetch(`${url}/comfyui/`).then((answer) => answer.json())).model, "comfyui_auto");
  await Deno.remove(events);
});
