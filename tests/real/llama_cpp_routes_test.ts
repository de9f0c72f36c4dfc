import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { type RunningGateway, startGateway } from "../e2e/gateway.ts";
import { engineCommand, hasEngine } from "./engine.ts";

const MESSAGES = [{ role: "user" as const, content: "ahoy" }];
const KEY_UNUSED = "not-needed";

interface Clients {
  readonly gateway: RunningGateway;
  readonly openai: OpenAI;
  readonly anthropic: Anthropic;
  /** Asks with a body, or without one, and reads the JSON answer. */
  ask(path: string, body?: Readonly<Record<string, unknown>>): Promise<Asked>;
}

interface Asked {
  readonly status: number;
  // deno-lint-ignore no-explicit-any
  readonly json: any;
}

const STEPS: Readonly<Record<string, (clients: Clients) => Promise<void>>> = {
  "openai: completions, whole and streamed": async ({ openai }) => {
    const asked = { model: "one", prompt: "ahoy", max_tokens: 5 };
    assertEquals((await openai.completions.create(asked)).usage?.completion_tokens, 5);
    const pieces = await Array.fromAsync(await openai.completions.create({ ...asked, stream: true }));
    assert(pieces.length > 1);
  },

  "openai: embeddings": async ({ openai }) => {
    const { data } = await openai.embeddings.create({
      model: "vectors",
      input: ["ship", "shore"],
      encoding_format: "float",
    });
    assertEquals(data.map(({ embedding }) => embedding.length), [256, 256]);
  },

  "openai: responses, whole and streamed, and the count of their tokens": async ({ openai }) => {
    const asked = { model: "one", input: "ahoy", max_output_tokens: 4 };
    const whole = await openai.responses.create(asked);
    assertEquals([whole.object, whole.usage?.output_tokens], ["response", 4]);
    const kinds = (await Array.fromAsync(await openai.responses.create({ ...asked, stream: true }))).map((e) => e.type);
    assertEquals([kinds[0], kinds.at(-1)], ["response.created", "response.completed"]);
    assert((await openai.responses.inputTokens.count({ model: "one", input: "ahoy" })).input_tokens > 0);
  },

  "anthropic: messages, whole and streamed, and the count of their tokens": async ({ anthropic }) => {
    const asked = { model: "one", max_tokens: 5, messages: MESSAGES };
    const whole = await anthropic.messages.create(asked);
    assertEquals([whole.usage.output_tokens, whole.stop_reason], [5, "max_tokens"]);
    const streamed = await anthropic.messages.stream(asked).finalMessage();
    assertEquals([streamed.usage.output_tokens, streamed.stop_reason], [5, "max_tokens"]);
    assert((await anthropic.messages.countTokens({ model: "one", messages: MESSAGES })).input_tokens > 0);
  },

  "llama.cpp's own: tokens, templates, and a completion": async ({ ask }) => {
    const { json: { tokens } } = await ask("/tokenize", { model: "one", content: "ahoy" });
    assertStringIncludes((await ask("/detokenize", { model: "one", tokens })).json.content, "ahoy");
    assertEquals((await ask("/apply-template", { model: "one", messages: MESSAGES })).json.prompt, "ahoy");
    for (const path of ["/completion", "/completions"]) {
      const { json } = await ask(path, { model: "one", prompt: "ahoy", n_predict: 3 });
      assertEquals(json.tokens_predicted, 3, path);
    }
    const counted = await ask("/v1/chat/completions/input_tokens", { model: "one", messages: MESSAGES });
    assert(counted.json.input_tokens > 0);
  },

  "llama.cpp's own: properties, slots and adapters, named in the query": async ({ ask }) => {
    assertEquals((await ask("/props?model=one")).json.total_slots, 1);
    assertEquals((await ask("/slots?model=one")).json.length, 1);
    assertEquals((await ask("/lora-adapters?model=one")).json, []);
    const saved = await ask("/slots/0?model=one&action=save", { filename: "slot.bin" });
    assertEquals([saved.status, saved.json.filename], [200, "slot.bin"]);
    assertEquals((await ask("/slots/0?model=one&action=restore", { filename: "slot.bin" })).json.filename, "slot.bin");
    assertEquals((await ask("/slots/0?model=one&action=erase", {})).json.id_slot, 0);
  },

  "without /v1 the same is answered": async ({ ask }) => {
    const chat = await ask("/chat/completions", { model: "one", messages: MESSAGES, max_tokens: 3 });
    assertEquals(chat.json.usage.completion_tokens, 3);
    const response = await ask("/responses", { model: "one", input: "ahoy", max_output_tokens: 3 });
    assertEquals(response.json.object, "response");
    for (const path of ["/embeddings", "/embedding"]) {
      assertEquals((await ask(path, { model: "vectors", content: "ahoy" })).json[0].embedding[0].length, 256, path);
    }
  },

  "what the model cannot do is told in the server's own words": async ({ ask, openai }) => {
    const asked = { model: "one", query: "q", documents: ["a"] };
    for (const path of ["/v1/rerank", "/rerank", "/v1/reranking", "/reranking"]) {
      const { status, json } = await ask(path, asked);
      assertEquals([status, json.error.type], [501, "not_supported_error"], path);
    }
    const infill = await ask("/infill", { model: "one", input_prefix: "a", input_suffix: "b" });
    assertStringIncludes(infill.json.error.message, "Infill is not supported");
    const messages = [{ role: "user" as const, content: "a".repeat(3000) }];
    const tooLong = await assertRejects(
      async () => await openai.chat.completions.create({ model: "one", messages }),
      OpenAI.BadRequestError,
    );
    assertEquals(tooLong.type, "exceed_context_size_error");
  },

  "/upstream: its page and what it loads, its own listing, a chat": async ({ gateway: { url }, ask }) => {
    const page = await fetch(`${url}/upstream/one/`);
    assertEquals([page.status, page.headers.get("content-encoding")], [200, "gzip"]);
    const html = await page.text();
    assertStringIncludes(html, "<!doctype html>");
    const assets = [...html.matchAll(/href="\.\/([^"]+\.(?:js|css|webmanifest))"/g)].map((match) => match[1]);
    assert(assets.length >= 2, html);
    for (const asset of assets) {
      const loaded = await fetch(`${url}/upstream/one/${asset}`);
      assertEquals(loaded.status, 200, asset);
      assert((await loaded.bytes()).length > 100, asset);
    }
    assertEquals((await ask("/upstream/one/health")).json, { status: "ok" });
    assertEquals((await ask("/upstream/one/v1/models")).json.data.length, 1);
    const chat = await ask("/upstream/one/v1/chat/completions", { messages: MESSAGES, max_tokens: 3 });
    assertEquals(chat.json.usage.completion_tokens, 3);
    const metrics = await fetch(`${url}/upstream/one/metrics`);
    assertStringIncludes(await metrics.text(), "llamacpp:prompt_tokens_total");
  },
};

Deno.test({
  name: "what a real llama.cpp server speaks, through the official clients and as it is",
  ignore: !hasEngine(),
  async fn(test) {
    const folder = await Deno.makeTempDir({ prefix: "berth-real-" });
    {
      const config = `models:
  one: { cmd: "${engineCommand(`${folder}/one.gguf`)}" }
  vectors: { cmd: "${engineCommand(`${folder}/one.gguf`, "embeddings")}" }
`;
      await using gateway = await startGateway({ config });
      const clients: Clients = {
        gateway,
        openai: new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: KEY_UNUSED, maxRetries: 0, timeout: 60_000 }),
        anthropic: new Anthropic({ baseURL: gateway.url, apiKey: KEY_UNUSED, maxRetries: 0, timeout: 60_000 }),
        async ask(path, body) {
          const response = await fetch(
            gateway.url + path,
            body === undefined ? {} : { method: "POST", body: JSON.stringify(body) },
          );
          return { status: response.status, json: await response.json() };
        },
      };
      for (const [name, fn] of Object.entries(STEPS)) {
        const isOk = await test.step({ name, fn: () => fn(clients), sanitizeOps: false, sanitizeResources: false });
        if (!isOk) throw new Error(`the log of the gateway:\n${gateway.log()}`);
      }
    }
    await Deno.remove(folder, { recursive: true });
  },
});
