import { assert, assertEquals, assertFalse, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { freePort } from "../fakes/free_port.ts";
import { waitForEvent } from "./event_reader.ts";
import { chat, fakeEngine, type RunningGateway, startGateway } from "./gateway.ts";
import { askSocket, closeSocket, eventOf, openSocket } from "./websocket_client.ts";

const TLS = new URL("../fixtures/tls/", import.meta.url).pathname;
const MESSAGES = [{ role: "user" as const, content: "ahoy" }];

/** The far one, whose key is `far-key`. */
const FAR = `
apiKeys: [far-key]
models:
  big: { cmd: "${fakeEngine("--model big")}", aliases: [alias-there], name: Big one }
  team/x: { cmd: "${fakeEngine("--model team/x")}" }
`;

interface NearOptions {
  readonly apiKey?: string;
  readonly top?: string;
}

/** A config whose peer `far` is at `proxy`. */
function near(proxy: string, { apiKey = "far-key", top = "apiKeys: [near-key]" }: NearOptions = {}): string {
  return `
${top}
models:
  small: { cmd: "${fakeEngine("--model small")}" }
peers:
  far: { proxy: "${proxy}", apiKey: "${apiKey}", models: [big, team/x], filters: { setParams: { top_k: 7 } } }
`;
}

function clientsOf({ url }: RunningGateway, apiKey = "near-key") {
  return {
    openai: new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 }),
    anthropic: new Anthropic({ baseURL: url, apiKey, maxRetries: 0 }),
  };
}

Deno.test("through two gateways chats, streams, uploads and messages arrive, each gateway with its own key", async () => {
  await using far = await startGateway({ config: FAR });
  await using gateway = await startGateway({ config: near(far.url) });
  const { openai, anthropic } = clientsOf(gateway);
  for (const model of ["big", "far/big"]) {
    const answer = await openai.chat.completions.create({ model, messages: MESSAGES });
    assertEquals([answer.model, answer.choices[0]?.message.content], ["big", "t0 t1 t2 t3 "]);
  }
  let text = "";
  const stream = await openai.chat.completions.create({ model: "far/team/x", messages: MESSAGES, stream: true });
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
  assertEquals(text, "t0 t1 t2 t3 ");
  const message = await anthropic.messages.stream({ model: "big", max_tokens: 9, messages: MESSAGES }).finalMessage();
  assertEquals(message.model, "big");
  const file = new File([new Uint8Array(3_000_000)], "long.wav", { type: "audio/wav" });
  const heard = await openai.audio.transcriptions.create({ model: "far/big", file });
  assertStringIncludes(heard.text, "long.wav of 3000000 bytes");
  const authorization = "Bearer near-key";
  const seen = await (await fetch(`${gateway.url}/infill`, {
    method: "POST",
    headers: { authorization, "content-type": "application/json", "x-mine": "1", cookie: "a=1" },
    body: '{"model":"far/big", "a" : 1}',
  })).json();
  assertEquals([seen.body, seen.headers["x-mine"]], ['{"model":"big", "a" : 1,"top_k":7}', "1"]);
  assertMatch(seen.headers.via, /^1\.1 berth-\w+, 1\.1 berth-\w+$/);
  assertFalse(JSON.stringify(seen).includes("-key"), JSON.stringify(seen.headers));
  const passed = await (await fetch(`${gateway.url}/upstream/far/big/props?model=big`, { headers: { authorization } }))
    .json();
  assertEquals([passed.path, passed.query], ["/props", "?model=big"]);
  for (const { log } of [far, gateway]) assertFalse(/(near|far)-key/.test(log()), log());
});

Deno.test("a websocket goes through two gateways: sub-protocols, messages, close codes, the key of each", async () => {
  await using far = await startGateway({ config: FAR });
  await using gateway = await startGateway({ config: near(far.url) });
  const protocols = ["realtime", "openai-insecure-api-key.near-key"];
  const socket = await openSocket(gateway.url, "/v1/realtime?model=far/big", protocols);
  assertEquals(socket.protocol, "realtime");
  const facts = JSON.parse(String(await askSocket(socket, "facts")));
  assertEquals([facts.model, new URL(facts.url).search], ["big", "?model=big"]);
  const bytes = new Uint8Array(1_000_000).fill(7);
  assertEquals(await askSocket(socket, bytes), bytes.buffer);
  const closed = eventOf(socket, "close");
  socket.send("close 4242 over there");
  assertEquals([(await closed).code, (await closed).reason], [4242, "over there"]);
  const other = await openSocket(gateway.url, "/v1/realtime?model=big", { headers: { "x-api-key": "near-key" } });
  const unloaded = eventOf(other, "close");
  await (await fetch(`${far.url}/unload`, { headers: { "x-api-key": "far-key" } })).body?.cancel();
  assertEquals((await unloaded).code, 1012); // told by the far gateway
});

Deno.test("a peer is listed, one that is down is a 502 in the shape of each client, and one that knows another key says so itself", async () => {
  await using far = await startGateway({ config: FAR });
  await using gateway = await startGateway({ config: near(`http://127.0.0.1:${freePort()}`) });
  await using wrong = await startGateway({ config: near(far.url, { apiKey: "stale" }) });
  const { openai, anthropic } = clientsOf(gateway);
  const ids = (await Array.fromAsync(openai.models.list())).map(({ id }) => id);
  assertEquals(ids, ["far/big", "far/team/x", "small"]);
  const down = await assertRejects(
    () => openai.chat.completions.create({ model: "big", messages: MESSAGES }),
    OpenAI.APIError,
  );
  assertEquals([down.status, down.code], [502, "bad_gateway"]);
  assertStringIncludes(down.message, 'peer proxy error: peer "far"');
  assertFalse(down.message.includes("127.0.0.1"), down.message);
  const asked = { model: "big", max_tokens: 9, messages: MESSAGES };
  const alike = await assertRejects(() => anthropic.messages.create(asked), Anthropic.APIError);
  assertEquals(alike.status, 502);
  assertStringIncludes(alike.message, '"type":"api_error"');
  await assertRejects(() =>
    openSocket(gateway.url, "/v1/realtime?model=big", { headers: { "x-api-key": "near-key" } })
  );
  const refused = await assertRejects(
    () => clientsOf(wrong).openai.chat.completions.create({ model: "big", messages: MESSAGES }),
    OpenAI.AuthenticationError,
  );
  assertEquals([refused.status, refused.code], [401, "unauthorized"]);
  const unknown = await assertRejects(
    () => anthropic.messages.create({ ...asked, model: "far/nobody" }),
    Anthropic.NotFoundError,
  );
  assertEquals(unknown.status, 404);
});

Deno.test("two gateways that are each other's peer notice the loop: 508, and nobody is asked for ever", async () => {
  const looped = (proxy: string) => `peers:\n  far: { proxy: "${proxy}", models: [ghost] }\n`;
  await using one = await startGateway({ config: looped("http://127.0.0.1:9") });
  await using two = await startGateway({ config: looped(one.url) });
  await one.rewrite(looped(two.url));
  await (await fetch(`${one.url}/api/config/reload`, { method: "POST" })).body?.cancel();
  for (const { url } of [one, two]) {
    const answer = await chat(url, "ghost");
    assertEquals([answer.status, answer.headers.get("x-berth-error")], [508, "loop"]);
    assertStringIncludes((await answer.json()).error.message, "has been here before");
    assertEquals((await (await fetch(`${url}/api/inflight`)).json()).requests, []);
  }
});

Deno.test("a peer answers over https with a certificate of an authority that Deno is told to trust, and is refused otherwise", async () => {
  const args = ["-tls-cert-file", `${TLS}cert.pem`, "-tls-key-file", `${TLS}key.pem`];
  await using far = await startGateway({ config: FAR, args });
  assert(far.url.startsWith("https://"));
  await using trusting = await startGateway({ config: near(far.url), permissions: ["-P", "--cert", `${TLS}cert.pem`] });
  const { openai } = clientsOf(trusting);
  const answer = await openai.chat.completions.create({ model: "far/big", messages: MESSAGES });
  assertEquals(answer.model, "big");
  const socket = await openSocket(trusting.url, "/v1/realtime?model=big", { headers: { "x-api-key": "near-key" } });
  assertEquals(await askSocket(socket, "ahoy"), "ahoy");
  await closeSocket(socket);
  await using strict = await startGateway({ config: near(far.url) });
  const { openai: refused } = clientsOf(strict);
  const error = await assertRejects(
    () => refused.chat.completions.create({ model: "big", messages: MESSAGES }),
    OpenAI.APIError,
  );
  assertEquals(error.status, 502);
});

Deno.test("what is cancelled or left at the near gateway ends at the far one", async () => {
  const events = await Deno.makeTempFile();
  await using far = await startGateway({
    config: `models:\n  big: { cmd: "${fakeEngine(`--tokens 3 --token-ms 20000 --events ${events}`)}" }\n`,
  });
  await using gateway = await startGateway({ config: near(far.url, { apiKey: "", top: "" }) });
  const listed = async ({ url }: RunningGateway) => (await (await fetch(`${url}/api/inflight`)).json()).requests;
  const isIdle = async () => {
    for (const each of [far, gateway]) {
      for (let tries = 0; (await listed(each)).length > 0; tries++) assert(tries < 2000, "it never ended");
    }
  };
  const cancelled = chat(gateway.url, "big");
  await waitForEvent(events, ({ event, sequence }) => event === "request" && sequence === 1);
  const [{ id, model, phase }] = await listed(gateway);
  assertEquals([model, phase], ["big", "serving"]);
  await (await fetch(`${gateway.url}/api/inflight/${id}/cancel`, { method: "POST" })).body?.cancel();
  const answer = await cancelled;
  assertEquals([answer.status, answer.headers.get("x-berth-error")], [503, "cancelled"]);
  await answer.body?.cancel();
  await waitForEvent(events, ({ event, sequence }) => event === "client-left" && sequence === 1);
  await isIdle();
  const leaving = new AbortController();
  const left = chat(gateway.url, "far/big", { signal: leaving.signal });
  await waitForEvent(events, ({ event, sequence }) => event === "request" && sequence === 2);
  leaving.abort();
  await assertRejects(() => left);
  await waitForEvent(events, ({ event, sequence }) => event === "client-left" && sequence === 2);
  await isIdle();
  await Deno.remove(events);
});
