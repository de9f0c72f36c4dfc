import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { readEvents, waitForEvent } from "./event_reader.ts";
import { fakeEngine, type RunningGateway, startGateway } from "./gateway.ts";

const MESSAGES = [{ role: "user" as const, content: "ahoy" }];
const WORDS = "The request was cancelled by an operator";

/** Clients as they come: they repeat what failed, twice, unless they are told not to. */
function clientsOf({ url }: RunningGateway) {
  return {
    openai: new OpenAI({ baseURL: `${url}/v1`, apiKey: "none" }),
    anthropic: new Anthropic({ baseURL: url, apiKey: "none" }),
  };
}

/** Those of the gateway's requests that are in `phase`, once there are `count` of them. */
async function listed({ url }: RunningGateway, phase: string, count = 1): Promise<readonly { readonly id: string }[]> {
  let last = "";
  for (let tries = 0; tries < 2000; tries++) {
    const { requests } = await (await fetch(`${url}/api/inflight`)).json();
    const found = requests.filter((request: { readonly phase: string }) => request.phase === phase);
    if (found.length === count) return found;
    last = JSON.stringify(requests);
  }
  throw new Error(`there never were ${count} requests ${phase}: ${last}`);
}

async function cancel({ url }: RunningGateway, id: string | undefined): Promise<void> {
  const response = await fetch(`${url}/api/inflight/${id}/cancel`, { method: "POST" });
  assertEquals([response.status, await response.json()], [200, { msg: "ok" }]);
}

Deno.test("SV33: cancelled while loading and while queued, each official client gets the error once and does not come again", async () => {
  const events = await Deno.makeTempFile();
  await using gateway = await startGateway({
    config: `models:\n  endless: { cmd: "${fakeEngine(`--load-ms 600000 --events ${events}`)}" }\n  b: { cmd: "${
      fakeEngine("")
    }" }\n`,
  });
  const { openai, anthropic } = clientsOf(gateway);
  const loading = assertRejects(
    () => openai.chat.completions.create({ model: "endless", messages: MESSAGES }),
    OpenAI.InternalServerError,
  );
  const [first] = await listed(gateway, "loading");
  await waitForEvent(events, ({ event }) => event === "start");
  const queued = assertRejects(
    () => anthropic.messages.create({ model: "b", max_tokens: 9, messages: MESSAGES }),
    Anthropic.InternalServerError,
  );
  const [second] = await listed(gateway, "queued");
  await cancel(gateway, second?.id);
  const { status, error, headers } = await queued;
  assertEquals([status, headers?.get("x-berth-queue-position")], [503, "1"]);
  assertMatch(headers?.get("x-berth-queue-wait") ?? "", /^\d+\.\d{3}$/);
  const { type, request_id, error: inner } = error as { type: string; request_id: string; error: unknown };
  assertEquals([type, inner, request_id], [
    "error",
    { type: "overloaded_error", message: WORDS },
    headers.get("x-request-id"),
  ]);
  await cancel(gateway, first?.id);
  const told = await loading;
  assertEquals([told.status, told.type, told.code], [503, "server_error", "service_unavailable"]);
  assertStringIncludes(told.message, WORDS);
  const again = await fetch(`${gateway.url}/api/inflight/${first?.id}/cancel`, { method: "POST" });
  assertEquals(again.status, 404);
  await again.body?.cancel();
  assertEquals((await (await fetch(`${gateway.url}/api/inflight`)).json()).requests, []);
  // The load goes on, since its process may be wanted; an operator ends that, too.
  await (await fetch(`${gateway.url}/unload`)).body?.cancel();
  assertEquals((await openai.chat.completions.create({ model: "b", messages: MESSAGES })).choices.length, 1);
  assertEquals((await readEvents(events)).filter(({ event }) => event === "start").length, 1);
  await Deno.remove(events);
});

Deno.test("SV33: cancelled at work the answer is an error, cancelled in mid-stream an error inside it, and the backend is let go", async () => {
  const events = await Deno.makeTempFile();
  await using gateway = await startGateway({
    config: `routing: { scheduler: { use: fifo } }\nmodels:\n  a: { cmd: "${
      fakeEngine(`--tokens 3 --token-ms 20000 --events ${events}`)
    }" }\n  b: { cmd: "${fakeEngine("--tokens 2")}" }\n`,
  });
  const { openai, anthropic } = clientsOf(gateway);
  const atWork = assertRejects(
    () => openai.chat.completions.create({ model: "a", messages: MESSAGES }),
    OpenAI.APIError,
  );
  const [working] = await listed(gateway, "serving");
  await waitForEvent(events, ({ event, sequence }) => event === "request" && sequence === 1);
  await cancel(gateway, working?.id);
  assertStringIncludes((await atWork).message, WORDS);
  await waitForEvent(events, ({ event, sequence }) => event === "client-left" && sequence === 1);
  const streams = [
    await openai.chat.completions.create({ model: "a", messages: MESSAGES, stream: true }),
    await anthropic.messages.create({ model: "a", max_tokens: 9, messages: MESSAGES, stream: true }),
    await openai.responses.create({ model: "a", input: "ahoy", stream: true }),
  ];
  for (const { id } of await listed(gateway, "streaming", streams.length)) await cancel(gateway, id);
  for (const stream of streams) {
    const { message } = await assertRejects(() => Array.fromAsync(stream as AsyncIterable<unknown>), Error);
    assertStringIncludes(message, WORDS);
  }
  assertEquals((await (await fetch(`${gateway.url}/api/inflight`)).json()).requests, []);
  assertEquals((await openai.chat.completions.create({ model: "b", messages: MESSAGES })).usage?.completion_tokens, 2);
  await Deno.remove(events);
});

Deno.test("a model that cannot start is started once for a request of an official client, not three times", async () => {
  const events = await Deno.makeTempFile();
  await using gateway = await startGateway({
    config: `models:\n  broken: { cmd: "${fakeEngine(`--crash-on-start 3 --events ${events}`)}" }\n`,
  });
  const { openai, anthropic } = clientsOf(gateway);
  const failure = await assertRejects(
    () => openai.chat.completions.create({ model: "broken", messages: MESSAGES }),
    OpenAI.InternalServerError,
  );
  assertEquals(failure.status, 502);
  await assertRejects(
    () => anthropic.messages.create({ model: "broken", max_tokens: 9, messages: MESSAGES }),
    Anthropic.InternalServerError,
  );
  assertEquals((await readEvents(events)).filter(({ event }) => event === "start").length, 2);
  await Deno.remove(events);
});
