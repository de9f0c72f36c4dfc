import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import OpenAI from "openai";
import { chat, startGateway } from "./gateway.ts";

const TOKEN_KEY = "not-needed";

Deno.test("the embedded default config serves both tiny models with --allow-run and --allow-net alone", async () => {
  await using gateway = await startGateway({ permissions: ["--allow-run", "--allow-net", "--no-prompt"] });
  for (const model of ["tiny-quick", "tiny-slow", "tiny"]) {
    const response = await chat(gateway.url, model);
    const answer = await response.json();
    assertEquals(response.status, 200, JSON.stringify(answer) + gateway.log());
    assert(answer.choices[0].message.content.length > 0);
    assertMatch(response.headers.get("x-request-id") ?? "", /^[0-9a-f-]{36}$/);
  }
  assertStringIncludes(gateway.log(), "No --allow-read");
});

Deno.test("the official openai client streams and lists models", async () => {
  await using gateway = await startGateway();
  const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: TOKEN_KEY, maxRetries: 0 });
  const stream = await client.chat.completions.create({
    model: "tiny-quick",
    messages: [{ role: "user", content: "Tell me of the harbour" }],
    max_tokens: 12,
    stream: true,
  });
  let text = "";
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
  assert(text.length > 0);

  const ids: string[] = [];
  for await (const model of client.models.list()) ids.push(model.id);
  assertEquals(ids, ["tiny-quick", "tiny-slow"]);

  const embedding = await client.embeddings.create({ model: "tiny-quick", input: "ship", encoding_format: "float" });
  assert((embedding.data[0]?.embedding.length ?? 0) > 8);
});

Deno.test("unknown models, broken bodies and wrong methods are refused in the client's dialect, before any load", async () => {
  await using gateway = await startGateway();
  const post = (path: string, body: string) =>
    fetch(gateway.url + path, { method: "POST", headers: { "content-type": "application/json" }, body });

  for (const name of ["nope", "__proto__", "constructor", "toString"]) {
    const unknown = await post("/v1/chat/completions", JSON.stringify({ model: name }));
    assertEquals(unknown.status, 404);
    assertEquals((await unknown.json()).error.type, "invalid_request_error");
  }
  for (const body of ["", "{", "[]", "{}", '{"model":""}', '{"model":{}}', '{"model":null}', "\xff"]) {
    const refused = await post("/v1/chat/completions", body);
    assertEquals(refused.status, 400, body);
    await refused.body?.cancel();
  }
  const anthropic = await post("/v1/messages", "{}");
  assertEquals(anthropic.status, 400);
  const shape = await anthropic.json();
  assertEquals([shape.type, shape.error.type], ["error", "invalid_request_error"]);

  const method = await fetch(`${gateway.url}/v1/chat/completions`);
  assertEquals([method.status, method.headers.get("allow")], [405, "POST"]);
  await method.body?.cancel();
  const missing = await fetch(`${gateway.url}/v1/nothing`);
  assertEquals(missing.status, 404);
  await missing.body?.cancel();
  assertEquals(await (await fetch(`${gateway.url}/running`)).json(), { running: [] });
});

Deno.test("the queue can be read and a waiting request removed by its id, and its caller gets an error", async () => {
  await using gateway = await startGateway();
  const first = chat(gateway.url, "tiny-slow", { maxTokens: 60 });
  const second = chat(gateway.url, "tiny-quick");
  const queue = await waitFor(async () => {
    const seen = await (await fetch(`${gateway.url}/api/queue`)).json();
    return seen.active.length === 1 && seen.total === 1 ? seen : null;
  });
  assertEquals(queue.active[0].model, "tiny-slow");
  assertEquals(queue.waiting[0].position, 1);
  const removed = await fetch(`${gateway.url}/api/queue/${queue.waiting[0].id}`, { method: "DELETE" });
  assertEquals([removed.status, await removed.json()], [200, { msg: "ok" }]);
  const refused = await second;
  assertEquals(refused.status, 503);
  assertEquals(refused.headers.get("x-request-id"), queue.waiting[0].id);
  assertEquals((await refused.json()).error.reason, "cancelled");
  const served = await first;
  assertEquals(served.status, 200);
  await served.body?.cancel();
});

/** Asks again, as fast as the answers come, until there is one. */
async function waitFor<T>(ask: () => Promise<T | null>): Promise<T> {
  for (let tries = 0; tries < 5000; tries++) {
    const answer = await ask();
    if (answer !== null) return answer;
  }
  throw new Error("it never came true");
}
