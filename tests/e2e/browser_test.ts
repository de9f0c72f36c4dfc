import { assert, assertEquals, assertMatch } from "@std/assert";
import { CHROMIUM, servePages } from "./browser.ts";
import { readEvents } from "./event_reader.ts";
import { chat, fakeEngine, startGateway } from "./gateway.ts";

const ignore = CHROMIUM === null;
// deno-lint-ignore no-console -- whoever runs the tests is told why these are left out
if (ignore) console.warn("No Chromium here: the tests in tests/e2e/browser_test.ts are skipped");

/** What every script below can use: how a fetch ends, what a socket or an event source comes to. */
const TOOLS = `
const body = (model, more = {}) => JSON.stringify({ model, messages: [{ role: "user", content: "ahoy" }], ...more });
const json = { "content-type": "application/json" };
const ends = (url, init) => fetch(url, init).then(async (r) => r.type === "opaque" ? "opaque" : r.status + " " + await r.text(), (e) => e.name);
const event = (target, ...names) => new Promise((resolve) => names.forEach((name) => target.addEventListener(name, resolve, { once: true })));
`;

Deno.test({
  name: "a page of another site can neither ask, nor load, nor unload anything on a keyless gateway of this machine",
  ignore,
  async fn() {
    const events = await Deno.makeTempFile();
    const model = (id: string) => `  ${id}: { cmd: "${fakeEngine(`--model ${id} --events ${events}`)}" }\n`;
    await using gateway = await startGateway({ config: `models:\n${model("a")}${model("b")}` });
    await using pages = servePages();
    const { url } = gateway;
    await (await chat(url, "a")).body?.cancel();
    const rebound = url.replace("127.0.0.1", "rebound.example");
    const seen = await pages.run(
      "evil.example",
      `${TOOLS}
      const outcome = { read: await ends("${url}/v1/models"), running: await ends("${url}/running") };
      outcome.chat = await ends("${url}/v1/chat/completions", { method: "POST", headers: json, body: body("b") });
      outcome.unload = await ends("${url}/api/models/unload", { method: "POST" });
      outcome.reload = await ends("${url}/api/config/reload", { method: "POST" });
      for (const at of ["${url}", "${rebound}"]) {
        await ends(at + "/v1/chat/completions", { method: "POST", mode: "no-cors", body: body("b") });
        for (const path of ["/unload", "/upstream/b/", "/upstream/b", "/props?model=b", "/comfyui/"]) {
          await ends(at + path, { mode: "no-cors" });
          const image = new Image();
          image.src = at + path;
          await event(image, "error", "load");
        }
        const form = document.createElement("form");
        const frame = document.createElement("iframe");
        Object.assign(frame, { name: "frame" + at });
        Object.assign(form, { method: "POST", action: at + "/v1/completions?model=b", enctype: "text/plain", target: frame.name });
        document.body.append(frame, form);
        const loaded = event(frame, "load");
        form.submit();
        await loaded;
        const socket = new WebSocket(at.replace("http", "ws") + "/upstream/b/ws");
        outcome["socket " + at] = (await event(socket, "open", "error")).type;
        const source = new EventSource(at + "/api/events");
        outcome["events " + at] = (await event(source, "open", "error")).type;
        source.close();
      }
      outcome.rebound = await ends("${rebound}/v1/models");
      return outcome;`,
    );
    assertEquals(seen, {
      ...{ read: "TypeError", running: "TypeError", chat: "TypeError", unload: "TypeError", reload: "TypeError" },
      ...{ [`socket ${url}`]: "error", [`events ${url}`]: "error" },
      ...{ [`socket ${rebound}`]: "error", [`events ${rebound}`]: "error", rebound: "TypeError" },
    });
    const told = await readEvents(events);
    assertEquals(told.filter(({ event }) => event !== "start" && event !== "ready").map(({ event }) => event), [
      "request",
      "request-end",
    ]);
    assertEquals(told.filter(({ event }) => event === "start").map(({ model }) => model), ["a"]);
    await Deno.remove(events);
  },
});

Deno.test({
  name: "a page that a program of this machine serves uses the keyless gateway, streams included",
  ignore,
  async fn() {
    await using gateway = await startGateway({ config: `models:\n  a: { cmd: "${fakeEngine("--model a")}" }\n` });
    await using pages = servePages();
    const seen = await pages.run(
      "localhost",
      `${TOOLS}
      const at = "${gateway.url}";
      const models = await (await fetch(at + "/v1/models")).json();
      const chat = await (await fetch(at + "/v1/chat/completions", { method: "POST", headers: json, body: body("a") })).json();
      const socket = new WebSocket(at.replace("http", "ws") + "/upstream/a/ws");
      await event(socket, "open");
      socket.send("ahoy");
      const said = (await event(socket, "message")).data;
      return [models.data.map(({ id }) => id), chat.choices[0].message.content, said];`,
    );
    assertEquals(seen, [["a"], "t0 t1 t2 t3 ", "ahoy"]);
  },
});

Deno.test({
  name:
    "a page of any site that brings a key chats, streams, listens, opens websockets, and reads the gateway's headers",
  ignore,
  async fn() {
    const config = `
apiKeys: [open-sesame]
routing: { scheduler: { settings: { serial: { maxQueue: 1 } } } }
models:
  a: { cmd: "${fakeEngine("--model a --token-ms 50")}" }
  endless: { cmd: "${fakeEngine("--load-ms 600000")}" }
`;
    await using gateway = await startGateway({ config });
    await using pages = servePages();
    const seen = await pages.run(
      "app.example",
      `${TOOLS}
      const at = "${gateway.url}";
      const keyed = { ...json, authorization: "Bearer open-sesame" };
      const post = (model, more, headers = keyed, signal = null) =>
        fetch(at + "/v1/chat/completions", { method: "POST", headers, body: body(model, more), signal });
      const outcome = {};
      const stranger = await post("a", {}, json);
      outcome.stranger = [stranger.status, (await stranger.json()).error.code];
      const stream = await post("a", { stream: true });
      outcome.id = stream.headers.get("x-request-id");
      outcome.position = stream.headers.get("x-berth-queue-position");
      const reader = stream.body.pipeThrough(new TextDecoderStream()).getReader();
      let [pieces, text] = [0, ""];
      for (let read = await reader.read(); !read.done; read = await reader.read()) [pieces, text] = [pieces + 1, text + read.value];
      outcome.stream = [pieces > 2, text.endsWith("data: [DONE]\\n\\n")];
      const source = new EventSource(at + "/api/events?api_key=open-sesame");
      outcome.events = (await event(source, "message", "error")).type;
      source.close();
      const socket = new WebSocket(at.replace("http", "ws") + "/v1/realtime?model=a", ["realtime", "openai-insecure-api-key.open-sesame"]);
      outcome.socket = [(await event(socket, "open", "error")).type, socket.protocol];
      socket.close();
      await event(socket, "close");
      const leaving = new AbortController();
      const waiting = [1, 2].map(() => post("endless", {}, keyed, leaving.signal).catch(() => {}));
      while ((await (await fetch(at + "/api/queue", { headers: keyed })).json()).total < 1);
      const full = await post("endless");
      outcome.full = [full.status, Number(full.headers.get("retry-after")) > 0, (await full.json()).error.type];
      leaving.abort();
      await Promise.all(waiting);
      return outcome;`,
    );
    assert(typeof seen === "object" && seen !== null && "id" in seen, JSON.stringify(seen));
    const { id, ...rest } = seen;
    assertMatch(String(id), /^[0-9a-f-]{36}$/);
    assertEquals(rest, {
      stranger: [401, "unauthorized"],
      position: "0",
      stream: [true, true],
      events: "message",
      socket: ["open", "realtime"],
      full: [429, true, "rate_limit_error"],
    });
  },
});
