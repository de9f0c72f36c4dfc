import { assert, assertEquals, assertFalse, assertRejects } from "@std/assert";
import OpenAI from "openai";
import { OpenAIRealtimeWebSocket } from "openai/realtime/websocket";
import { RawEnd, upgradeRequest } from "../gateway/websocket/raw_end.ts";
import { chat, fakeEngine, startGateway } from "./gateway.ts";
import { askSocket, closeSocket, eventOf, openSocket } from "./websocket_client.ts";

const MODELS = `
websockets: { idleLease: 1 }
models:
  live: { cmd: "${fakeEngine("--model live")}", aliases: [voice] }
  other: { cmd: "${fakeEngine("--model other")}" }
`;
const WITH_KEYS = `
apiKeys:
  - open-sesame
  - { key: only-other, name: narrow, models: [other] }
${MODELS}`;

Deno.test("a realtime client finds its model in the query, by an alias too, and speaks texts, bytes and 4 MiB both ways", async () => {
  await using gateway = await startGateway({ config: MODELS });
  const socket = await openSocket(gateway.url, "/v1/realtime?model=voice&x=%2F", ["realtime", "second"]);
  assertEquals(socket.protocol, "realtime");
  const facts = JSON.parse(String(await askSocket(socket, "facts")));
  const { pathname, search } = new URL(facts.url);
  assertEquals([facts.model, pathname + search], ["live", "/v1/realtime?model=voice&x=%2F"]);
  assertEquals(await askSocket(socket, "ähoi 🚢"), "ähoi 🚢");
  const big = crypto.getRandomValues(new Uint8Array(65536));
  const bytes = new Uint8Array(4 * 1024 * 1024);
  for (let at = 0; at < bytes.length; at += big.length) bytes.set(big, at);
  const back = await askSocket(socket, bytes);
  assert(back instanceof ArrayBuffer);
  assertEquals(new Uint8Array(back), bytes);
  assertEquals(await closeSocket(socket, 4321, "enough"), [4321, "enough"]);
  const refused = await openSocket(gateway.url, "/upstream/voice/ws");
  const closed = eventOf(refused, "close");
  refused.send("close 4003 not today");
  const { code, reason } = await closed;
  assertEquals([code, reason], [4003, "not today"]);
});

Deno.test("a websocket without a model, or to one that is not known, is refused in shape and loads nothing", async () => {
  await using gateway = await startGateway({ config: MODELS });
  const { hostname, port, host } = new URL(gateway.url);
  for (
    const [path, status] of [["/v1/realtime", 400], ["/v1/realtime?model=nobody", 404], [
      "/upstream/nobody/ws",
      404,
    ]] as const
  ) {
    using client = new RawEnd(await Deno.connect({ hostname, port: Number(port) }), { isServer: false });
    await client.write(upgradeRequest({ host, connection: "upgrade" }).replace("/ws?a=1", path));
    assertEquals((await client.readHead()).slice(9, 12), `${status}`, path);
  }
  assertEquals((await (await fetch(`${gateway.url}/running`)).json()).running, []);
});

Deno.test("who has a key sends it as a header or, from a page, as OpenAI's sub-protocol, and it goes no further", async () => {
  await using gateway = await startGateway({ config: WITH_KEYS });
  const { url } = gateway;
  const path = "/v1/realtime?model=live";
  const key = "openai-insecure-api-key.";
  for (
    const options of [
      [],
      ["realtime", `${key}wrong`],
      ["realtime", `${key}only-other`],
      { headers: { authorization: "Bearer wrong" } },
    ]
  ) await assertRejects(() => openSocket(url, path, options), JSON.stringify(options));
  await assertRejects(() => openSocket(url, `${path}&api_key=open-sesame`));
  const byHeader = await openSocket(url, path, { headers: { authorization: "Bearer open-sesame" } });
  assertEquals(await askSocket(byHeader, "ahoy"), "ahoy");
  await closeSocket(byHeader);
  // The engine chooses the first sub-protocol that it is offered: here the only one that is left.
  const byProtocol = await openSocket(url, path, [`${key}open-sesame`, "realtime"]);
  assertEquals([byProtocol.protocol, await askSocket(byProtocol, "ahoy")], ["realtime", "ahoy"]);
  const headers = { authorization: "Bearer open-sesame" };
  const { requests } = await (await fetch(`${url}/api/inflight`, { headers })).json();
  assertEquals(requests.length, 1);
  const shown = await (await fetch(`${url}/api/inflight/${requests[0].id}`, { headers })).text();
  assertFalse(shown.includes("open-sesame"), shown);
  await closeSocket(byProtocol);
  assertFalse(gateway.log().includes("open-sesame"));
});

Deno.test("OpenAI's own realtime client for browsers gets through with its key", async () => {
  await using gateway = await startGateway({ config: WITH_KEYS });
  const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: "open-sesame" });
  const Real = globalThis.WebSocket;
  // It insists on wss; this one speaks the same without TLS.
  globalThis.WebSocket = class extends Real {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(String(url).replace("wss:", "ws:"), protocols);
    }
  } as typeof Real;
  try {
    const realtime = new OpenAIRealtimeWebSocket({ model: "live" }, client);
    await eventOf(realtime.socket, "open");
    const heard = Promise.withResolvers<unknown>();
    realtime.on("event", (event) => heard.resolve(event));
    realtime.send({ type: "response.create" });
    assertEquals(await heard.promise, { type: "response.create" });
    const closed = eventOf(realtime.socket, "close");
    realtime.close({ code: 1000, reason: "OK" });
    await closed;
  } finally {
    globalThis.WebSocket = Real;
  }
});

Deno.test("pages of other sites open no websocket on a keyless gateway; with their key they do", async () => {
  const headers = { origin: "https://evil.example" };
  const path = "/upstream/live/ws";
  await using keyless = await startGateway({ config: MODELS });
  await assertRejects(() => openSocket(keyless.url, path, { headers }));
  assertEquals((await (await fetch(`${keyless.url}/running`)).json()).running, []);
  const own = await openSocket(keyless.url, path, { headers: { origin: "http://localhost:3000" } });
  await closeSocket(own);
  await using keyed = await startGateway({ config: WITH_KEYS });
  await assertRejects(() => openSocket(keyed.url, path, { headers }));
  const protocols = ["chat", "openai-insecure-api-key.open-sesame"];
  await closeSocket(await openSocket(keyed.url, path, { headers, protocols }));
});

Deno.test("a silent websocket lets another model in and ends with 1012; what is said afterwards loads nothing", async () => {
  await using gateway = await startGateway({ config: MODELS });
  const { url } = gateway;
  const { hostname, port, host } = new URL(url);
  using raw = new RawEnd(await Deno.connect({ hostname, port: Number(port) }), { isServer: false });
  await raw.write(upgradeRequest({ host, connection: "upgrade" }).replace("/ws?a=1", "/v1/realtime?model=live"));
  assertEquals((await raw.readHead()).slice(0, 12), "HTTP/1.1 101");
  await raw.send("ahoy");
  assertEquals(await raw.next(), "ahoy");
  assertEquals((await (await chat(url, "other")).json()).model, "other");
  const said = await raw.next();
  assertEquals(said, [1012, "The model's backend is being stopped"]);
  await raw.send("still there?").catch(() => {});
  await raw.sendClose(1012).catch(() => {});
  assertEquals(await raw.next(), "end");
  const { running } = await (await fetch(`${url}/running`)).json();
  assertEquals(running.map(({ model }: { model: string }) => model), ["other"]);
});
