import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { chat, fakeEngine, startGateway } from "./gateway.ts";

/** Each model takes long enough to load that several keep-alives come before its answer. */
const CONFIG = `
queueKeepAlive: 0.1
models:
  first: { cmd: "${fakeEngine("--load-ms 400")}" }
  second: { cmd: "${fakeEngine("--load-ms 400")}" }
  shown: { cmd: "${fakeEngine("--load-ms 1000")}", sendLoadingState: true }
  plain: { cmd: "${fakeEngine("--load-ms 400")}", queueKeepAlive: 0 }
  endless: { cmd: "${fakeEngine("--load-ms 600000")}" }
  broken: { cmd: "${fakeEngine("--crash-on-start 3 --load-ms 1000")}" }
`;
const ANSWER = "t0 t1 t2 t3 ";
const MESSAGES = [{ role: "user" as const, content: "ahoy" }];

function clientsOf(url: string) {
  return {
    openai: new OpenAI({ baseURL: `${url}/v1`, apiKey: "none", maxRetries: 0 }),
    anthropic: new Anthropic({ baseURL: url, apiKey: "none", maxRetries: 0 }),
  };
}

async function openaiText(openai: OpenAI, model: string): Promise<string> {
  let text = "";
  const stream = await openai.chat.completions.create({ model, messages: MESSAGES, stream: true });
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
  return text;
}

async function anthropicText(anthropic: Anthropic, model: string): Promise<string> {
  const message = await anthropic.messages.stream({ model, max_tokens: 9, messages: MESSAGES }).finalMessage();
  return message.content.map((block) => block.type === "text" ? block.text : "").join("");
}

Deno.test("G7: streams that were kept alive parse unchanged in the official clients of both dialects", async () => {
  await using gateway = await startGateway({ config: CONFIG });
  const { openai, anthropic } = clientsOf(gateway.url);
  const texts = await Promise.all([
    openaiText(openai, "first"),
    anthropicText(anthropic, "second"),
    openaiText(openai, "first"),
    anthropicText(anthropic, "second"),
    openaiText(openai, "shown"),
  ]);
  assertEquals(texts, Array(5).fill(ANSWER));
});

Deno.test("G6 G7: on the wire a waiting stream begins with its place and keep-alives, a plain request with its true wait", async () => {
  await using gateway = await startGateway({ config: CONFIG });
  const stream = await chat(gateway.url, "first", { stream: true });
  assertEquals([stream.status, stream.headers.get("x-berth-queue-position")], [200, "0"]);
  assertMatch(stream.headers.get("x-berth-estimated-wait") ?? "", /^\d+$/);
  const text = await stream.text();
  assertMatch(text, /^(: loading the model, about \d+ s\n\n)+(: the model is at work\n\n)*data: \{/);
  assert(text.endsWith("data: [DONE]\n\n"), text);

  const plain = await chat(gateway.url, "plain", { stream: true });
  assertEquals(plain.headers.get("x-berth-queue-position"), "0");
  assert(Number(plain.headers.get("x-berth-queue-wait")) > 0.4, plain.headers.get("x-berth-queue-wait") ?? "");
  assert((await plain.text()).startsWith("data: {"));
  const again = await chat(gateway.url, "plain");
  assertEquals(again.headers.get("x-berth-queue-position"), null);
  await again.body?.cancel();
});

Deno.test("§3.3: llama-swap's loading text is what a chat client shows as thoughts before the answer", async () => {
  await using gateway = await startGateway({ config: CONFIG });
  const stream = await clientsOf(gateway.url).openai.chat.completions.create({
    model: "shown",
    messages: MESSAGES,
    stream: true,
  });
  let thoughts = "";
  for await (const chunk of stream) {
    const delta = chunk.choices[0]?.delta;
    if (delta !== undefined && "reasoning_content" in delta) thoughts += String(delta.reasoning_content);
  }
  const marker = "\u2501".repeat(5);
  assertMatch(
    thoughts,
    new RegExp(`^${marker}\\nllama-swap loading model: shown\\n\\.+\\nDone! \\(\\d+\\.\\d\\ds\\)\\n${marker}\\n \\n$`),
  );
});

Deno.test("G8: a kept-alive stream that is cancelled, or whose model does not start, is an error in the official clients", async () => {
  await using gateway = await startGateway({ config: CONFIG });
  const { openai, anthropic } = clientsOf(gateway.url);
  const cancel = async (id: string | null) => {
    const { ok } = await fetch(`${gateway.url}/api/queue/${id}`, { method: "DELETE" }).then((r) =>
      r.json().then(() => r)
    );
    assert(ok, `${id} is known`);
  };
  const loading = await openai.chat.completions.create({ model: "endless", messages: MESSAGES, stream: true })
    .withResponse();
  const queued = await anthropic.messages.create({ model: "second", max_tokens: 9, messages: MESSAGES, stream: true })
    .withResponse();
  const later = await openai.responses.create({ model: "second", input: "ahoy", stream: true }).withResponse();
  assertEquals(queued.response.headers.get("x-berth-queue-position"), "1");
  await cancel(queued.response.headers.get("x-request-id"));
  await cancel(later.response.headers.get("x-request-id"));
  await cancel(loading.response.headers.get("x-request-id"));
  const all = (stream: AsyncIterable<unknown>) => Array.fromAsync(stream);
  const failures = [
    await assertRejects(() => all(loading.data), OpenAI.APIError),
    await assertRejects(() => all(queued.data), Anthropic.APIError),
    await assertRejects(() => all(later.data), OpenAI.APIError),
  ];
  for (const { message } of failures) assertStringIncludes(message, "cancelled by an operator");
});

Deno.test("S9: a client that drops its connection after keep-alives leaves the line", async () => {
  await using gateway = await startGateway({ config: CONFIG });
  const gone = new AbortController();
  const loading = await chat(gateway.url, "endless", { stream: true });
  const queued = await chat(gateway.url, "second", { stream: true, signal: gone.signal });
  assertEquals(queued.headers.get("x-berth-queue-position"), "1");
  gone.abort();
  await assertRejects(() => queued.text());
  const total = async () => (await (await fetch(`${gateway.url}/api/queue`)).json()).total;
  for (let tries = 0; await total() > 0; tries++) assert(tries < 5000, "it never left the line");
  await loading.body?.cancel();
});

Deno.test("a model that does not start is an error in the official clients, kept alive or not", async () => {
  await using gateway = await startGateway({ config: CONFIG });
  const { openai, anthropic } = clientsOf(gateway.url);
  await assertRejects(() => openaiText(openai, "broken"), OpenAI.APIError);
  await assertRejects(() => anthropicText(anthropic, "broken"), Anthropic.APIError);
});
