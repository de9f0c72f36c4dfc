import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { ANSWER, clientTests, MESSAGES, type World } from "./world.ts";

const KEY = "key-of-the-page-and-of-programs";
const PAGE = "https://chat.example.com";
const CHAT = { model: "quick", messages: MESSAGES };

/** What a browser does between a page and `fetch`: it asks before, and hides what the page may not see. */
async function browserFetch(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
  const request = new Request(input, init);
  const asked = [...request.headers.keys()].filter((name) => name !== "accept");
  const before = await fetch(request.url, {
    method: "OPTIONS",
    headers: {
      origin: PAGE,
      "access-control-request-method": request.method,
      "access-control-request-headers": asked.join(","),
    },
  });
  const allowed = before.headers.get("access-control-allow-headers")?.toLowerCase().split(/\s*,\s*/) ?? [];
  const refused = asked.filter((name) => !allowed.includes(name));
  if (!before.ok || refused.length > 0) throw new TypeError(`the preflight did not allow ${refused}`);
  if (!before.headers.get("access-control-allow-methods")?.includes(request.method)) {
    throw new TypeError(`the preflight did not allow ${request.method}`);
  }
  request.headers.set("origin", PAGE);
  request.headers.set("sec-fetch-site", "cross-site");
  const response = await fetch(request);
  const origin = response.headers.get("access-control-allow-origin");
  if (origin === PAGE || origin === "*") return response;
  await response.body?.cancel();
  throw new TypeError(`pages of ${origin} may read the answer`);
}

/** The first message of each type that an event stream brings, up to the one that is waited for. */
async function firstOfEach(source: EventSource, last: string): Promise<Map<string, unknown>> {
  const seen = new Map<string, unknown>();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  source.onmessage = ({ data }) => {
    const { type, data: content } = JSON.parse(data) as { readonly type: string; readonly data: unknown };
    if (!seen.has(type)) seen.set(type, content);
    if (type === last) resolve();
  };
  source.onerror = () => reject(new Error("the event stream broke"));
  await promise;
  return seen;
}

clientTests(
  "keys and pages",
  (engine) => `
apiKeys: ["${KEY}"]
models:
  quick: { cmd: ${engine()} }
`,
  {
    "each client's own way to send a key is understood": async ({ openaiWith, anthropicWith, gateway: { url } }) => {
      const openai = openaiWith({ apiKey: KEY });
      assertEquals((await openai.chat.completions.create(CHAT)).choices[0]?.message.content, ANSWER);
      for (const key of [{ apiKey: KEY }, { apiKey: null, authToken: KEY }]) {
        const message = await anthropicWith(key).messages.create({ ...CHAT, max_tokens: 9 });
        assertEquals(message.stop_reason, "end_turn");
      }
      const basic = await fetch(`${url}/v1/models`, { headers: { authorization: `Basic ${btoa(`any:${KEY}`)}` } });
      assertEquals((await basic.json()).data.length, 1);
    },

    "without it nothing is answered": async ({ openai, anthropic }) => {
      await assertRejects(async () => await openai.chat.completions.create(CHAT), OpenAI.AuthenticationError);
      await assertRejects(
        async () => await anthropic.messages.create({ ...CHAT, max_tokens: 9 }),
        Anthropic.AuthenticationError,
      );
      await assertRejects(async () => await openai.models.list(), OpenAI.AuthenticationError);
    },

    "the official clients work in a page of another site that has a key": async ({ openaiWith, anthropicWith }) => {
      const inPage = { apiKey: KEY, fetch: browserFetch, dangerouslyAllowBrowser: true };
      const openai = openaiWith(inPage);
      const { data, request_id } = await openai.chat.completions.create(CHAT).withResponse();
      assertEquals([data.choices[0]?.message.content, request_id?.length], [ANSWER, 36]);
      assertEquals((await openai.chat.completions.stream(CHAT).finalChatCompletion()).choices.length, 1);
      assertEquals((await Array.fromAsync(openai.models.list())).length, 1);
      const anthropic = anthropicWith(inPage);
      assertEquals(
        (await anthropic.messages.stream({ ...CHAT, max_tokens: 9 }).finalMessage()).stop_reason,
        "end_turn",
      );
      assertEquals((await anthropic.messages.countTokens(CHAT)).input_tokens, JSON.stringify(MESSAGES).length);
    },

    "a page sees why it was refused, as a program does": async ({ openaiWith }) => {
      const client = openaiWith({ apiKey: "wrong", fetch: browserFetch, dangerouslyAllowBrowser: true });
      const refused = await client.chat.completions.create(CHAT).then(() => null, (thrown: unknown) => thrown);
      assertInstanceOf(refused, OpenAI.AuthenticationError);
    },

    "an EventSource, which sends no headers, brings the key in the query, and hears of requests": async (
      { openaiWith, gateway: { url } }: World,
    ) => {
      const source = new EventSource(`${url}/api/events?api_key=${encodeURIComponent(KEY)}`);
      try {
        const heard = firstOfEach(source, "inflight");
        await openaiWith({ apiKey: KEY }).chat.completions.create(CHAT);
        const seen = await heard;
        assertEquals([...seen.keys()].includes("modelStatus"), true, [...seen.keys()].join());
      } finally {
        source.close();
      }
      const wrong = await fetch(`${url}/api/events?api_key=wrong`);
      await wrong.body?.cancel();
      assertEquals(wrong.status, 401);
    },
  },
);
