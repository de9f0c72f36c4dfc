import { assert, assertEquals, assertFalse, assertNotEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { createTiny, type TinyServer } from "../../src/tiny/tiny.ts";
import { handClock } from "./hand_clock.ts";

const tiny = createTiny(["--name", "a"]);
const MESSAGES = [{ role: "user", content: "Tell me about the pilot" }];
const SHAPES = [
  { path: "/v1/chat/completions", ask: { messages: MESSAGES } },
  { path: "/v1/completions", ask: { prompt: "The harbour master" } },
] as const;

function get(path: string, server: TinyServer = tiny): Promise<Response> {
  return server.fetch(new Request(`http://tiny${path}`));
}

function post(path: string, body: unknown, server: TinyServer = tiny): Promise<Response> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return server.fetch(new Request(`http://tiny${path}`, { method: "POST", body: text }));
}

/** The objects of a stream's `data:` lines; `[DONE]` stays a string. */
async function events(response: Response): Promise<unknown[]> {
  assertEquals(response.headers.get("content-type"), "text/event-stream");
  const lines = (await response.text()).split("\n").filter((line) => line.startsWith("data: "));
  return lines.map((line) => line === "data: [DONE]" ? "[DONE]" : JSON.parse(line.slice(6)) as unknown);
}

/** Reads `value.a.0.b` without trusting its shape. */
function at(value: unknown, path: string): unknown {
  let here: unknown = value;
  for (const name of path.split(".")) {
    here = typeof here === "object" && here !== null ? (here as Record<string, unknown>)[name] : undefined;
  }
  return here;
}

Deno.test("health and every other path answer 503 until the load time is over", async () => {
  const clock = handClock();
  const slow = createTiny(["--load", "1.5s"], clock);
  clock.advance(1499);
  assertEquals((await get("/health", slow)).status, 503);
  assertEquals((await post("/v1/chat/completions", { messages: MESSAGES }, slow)).status, 503);
  clock.advance(1);
  const response = await get("/health", slow);
  assertEquals([response.status, await response.json()], [200, { status: "ok" }]);
  assertEquals(clock.waiting(), 0);
});

Deno.test("the model list names the model", async () => {
  const body: unknown = await (await get("/v1/models")).json();
  assertEquals([at(body, "object"), at(body, "data.0.id"), at(body, "data.0.object")], ["list", "a", "model"]);
});

for (const { path, ask } of SHAPES) {
  Deno.test(`${path}: the same seed gives the same text, streamed or not, another seed another`, async () => {
    const text = async (extra: object) => {
      const body: unknown = await (await post(path, { ...ask, max_tokens: 40, ...extra })).json();
      return at(body, "choices.0.message.content") ?? at(body, "choices.0.text");
    };
    const whole = await text({ seed: 3 });
    assert(typeof whole === "string" && whole.length > 10);
    assertEquals(await text({ seed: 3 }), whole);
    assertNotEquals(await text({ seed: 4 }), whole);
    const parts = await events(await post(path, { ...ask, max_tokens: 40, seed: 3, stream: true }));
    assertEquals(parts.at(-1), "[DONE]");
    const joined = parts.map((part) => at(part, "choices.0.delta.content") ?? at(part, "choices.0.text") ?? "").join(
      "",
    );
    assertEquals(joined, whole);
  });

  Deno.test(`${path}: max_tokens ends the text with finish_reason length and an honest usage`, async () => {
    const limits = { ...ask, max_tokens: 7, seed: 1, ignore_eos: true };
    const body: unknown = await (await post(path, limits)).json();
    assertEquals([at(body, "choices.0.finish_reason"), at(body, "usage.completion_tokens")], ["length", 7]);
    const prompt = at(body, "usage.prompt_tokens");
    assertEquals(at(body, "usage.total_tokens"), 7 + Number(prompt));
    const parts = await events(await post(path, { ...limits, stream: true, stream_options: { include_usage: true } }));
    assertEquals(at(parts.at(-2), "usage"), at(body, "usage"));
    assertEquals(at(parts.at(-2), "choices"), []);
    const without = await events(await post(path, { ...limits, stream: true }));
    assertFalse(without.some((part) => at(part, "usage") !== undefined));
  });

  Deno.test(`${path}: the text ends before a stop sequence, also one that spans tokens`, async () => {
    const answer = async (extra: object) => await (await post(path, { ...ask, seed: 3, ...extra })).json() as unknown;
    const textOf = (body: unknown) => String(at(body, "choices.0.message.content") ?? at(body, "choices.0.text"));
    const whole = textOf(await answer({}));
    const stop = whole.slice(9, 16);
    const cut = await answer({ stop });
    assertEquals([textOf(cut), at(cut, "choices.0.finish_reason")], [whole.slice(0, whole.indexOf(stop)), "stop"]);
    const parts = await events(await post(path, { ...ask, seed: 3, stop: [stop], stream: true }));
    const joined = parts.map((part) => at(part, "choices.0.delta.content") ?? at(part, "choices.0.text") ?? "").join(
      "",
    );
    assertEquals(joined, textOf(cut));
  });
}

Deno.test("max_tokens 0 gives an empty text", async () => {
  const body: unknown = await (await post("/v1/completions", { prompt: "The", max_tokens: 0 })).json();
  assertEquals([at(body, "choices.0.text"), at(body, "usage.completion_tokens")], ["", 0]);
});

Deno.test("messages: Anthropic's shape, whole and as a stream of named events", async () => {
  const ask = { model: "a", max_tokens: 5, messages: MESSAGES, seed: 2, ignore_eos: true };
  const body: unknown = await (await post("/v1/messages", ask)).json();
  assertEquals([at(body, "type"), at(body, "stop_reason"), at(body, "usage.output_tokens")], [
    "message",
    "max_tokens",
    5,
  ]);
  const parts = await events(await post("/v1/messages", { ...ask, stream: true }));
  const types = parts.map((part) => at(part, "type"));
  assertEquals([...types.slice(0, 2), ...types.slice(-3)], [
    "message_start",
    "content_block_start",
    "content_block_stop",
    "message_delta",
    "message_stop",
  ]);
  assertEquals(parts.map((part) => at(part, "delta.text") ?? "").join(""), at(body, "content.0.text"));
  const refused = await post("/v1/messages", { messages: MESSAGES });
  assertEquals([refused.status, at(await refused.json(), "type")], [400, "error"]);
});

Deno.test("embeddings: a vector for each input, as numbers or as base64 of the same numbers", async () => {
  const input = ["the next ship", "strong tea"];
  const plain: unknown = await (await post("/v1/embeddings", { input })).json();
  const coded: unknown = await (await post("/v1/embeddings", { input, encoding_format: "base64" })).json();
  for (const index of [0, 1]) {
    const bytes = Uint8Array.from(atob(String(at(coded, `data.${index}.embedding`))), (char) => char.charCodeAt(0));
    const vector = at(plain, `data.${index}.embedding`) as number[];
    assertEquals([...new Float32Array(bytes.buffer)], [...new Float32Array(vector)]);
  }
  assertEquals(at(plain, "usage"), { prompt_tokens: 5, total_tokens: 5 });
});

Deno.test("a paced stream gives each token at its due time", async () => {
  const clock = handClock();
  const paced = createTiny(["--tokens-per-second", "10"], clock);
  const ask = { prompt: "The", max_tokens: 3, seed: 1, ignore_eos: true, stream: true };
  const response = await post("/v1/completions", ask, paced);
  const reader = response.body?.getReader();
  for (let token = 1; token <= 3; token++) {
    const read = reader?.read();
    await clock.asked();
    clock.advance(99);
    assertEquals(clock.waiting(), 1);
    clock.advance(1);
    assertFalse((await read)?.done);
  }
  assert((await reader?.read())?.done);
});

Deno.test("a client that leaves in mid-wait stops the generation at once and leaves no timer", async () => {
  const clock = handClock();
  const paced = createTiny(["--tokens-per-second", "1"], clock);
  const response = await post("/v1/completions", { prompt: "The", stream: true }, paced);
  const reader = response.body?.getReader();
  const read = reader?.read();
  await clock.asked();
  await reader?.cancel();
  await read;
  assertEquals(clock.waiting(), 0);
});

Deno.test("a client that leaves before a whole answer is done stops the generation and leaves no timer", async () => {
  const clock = handClock();
  const paced = createTiny(["--tokens-per-second", "1"], clock);
  const leaving = new AbortController();
  const body = JSON.stringify({ prompt: "The" });
  const answer = paced.fetch(
    new Request("http://tiny/v1/completions", { method: "POST", body, signal: leaving.signal }),
  );
  await clock.asked();
  leaving.abort();
  await answer;
  assertEquals(clock.waiting(), 0);
});

Deno.test("bad input is 400 in OpenAI's error shape and names the field", async () => {
  const refused: [string, unknown, string | null][] = [
    ["/v1/chat/completions", "not json", null],
    ["/v1/chat/completions", "[]", null],
    ["/v1/chat/completions", {}, "messages"],
    ["/v1/chat/completions", { messages: [] }, "messages"],
    ["/v1/chat/completions", { messages: [{ content: "x" }] }, "messages[0].role"],
    ["/v1/chat/completions", { messages: [{ role: "user", content: 5 }] }, "messages[0].content"],
    ["/v1/chat/completions", { messages: MESSAGES, temperature: "hot" }, "temperature"],
    ["/v1/chat/completions", { messages: MESSAGES, top_p: 2 }, "top_p"],
    ["/v1/chat/completions", { messages: MESSAGES, max_tokens: -1 }, "max_tokens"],
    ["/v1/chat/completions", { messages: MESSAGES, max_completion_tokens: 1.5 }, "max_completion_tokens"],
    ["/v1/chat/completions", { messages: MESSAGES, stream: "yes" }, "stream"],
    ["/v1/chat/completions", { messages: MESSAGES, stop: [""] }, "stop"],
    ["/v1/chat/completions", { messages: MESSAGES, n: 2 }, "n"],
    ["/v1/chat/completions", { messages: MESSAGES, seed: 0.5 }, "seed"],
    ["/v1/completions", { prompt: 5 }, "prompt"],
    ["/v1/embeddings", { input: [] }, "input"],
    ["/v1/embeddings", { input: ["x"], encoding_format: "hex" }, "encoding_format"],
  ];
  for (const [path, body, param] of refused) {
    const response = await post(path, body);
    const error: unknown = await response.json();
    assertEquals([response.status, at(error, "error.param")], [400, param]);
    assertEquals([at(error, "error.type"), at(error, "error.code")], ["invalid_request_error", "bad_request"]);
    assertStrictEquals(typeof at(error, "error.message"), "string");
  }
});

Deno.test("an unknown path is 404, a known one with the wrong method 405", async () => {
  const unknown = await get("/v1/nope");
  const wrong = await get("/v1/chat/completions");
  assertEquals([unknown.status, wrong.status], [404, 405]);
  await Promise.all([unknown.body?.cancel(), wrong.body?.cancel()]);
});

Deno.test("a wrong argument is refused when the server is made", () => {
  assertThrows(() => createTiny(["--lod", "1s"]), Error, "--lod");
});
