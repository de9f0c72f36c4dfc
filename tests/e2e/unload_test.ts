import { assertEquals, assertFalse, assertRejects, assertStringIncludes } from "@std/assert";
import { waitForEvent } from "./event_reader.ts";
import { chat, fakeEngine, type RunningGateway, startGateway } from "./gateway.ts";

const WORDS = "The model was unloaded while it answered";

function ask({ url }: RunningGateway, path: string, stream: boolean): Promise<Response> {
  if (path === "/v1/chat/completions") return chat(url, "a", { stream });
  const body = JSON.stringify({ model: "a", max_tokens: 9, stream, messages: [{ role: "user", content: "ahoy" }] });
  return fetch(`${url}${path}`, { method: "POST", headers: { "content-type": "application/json" }, body });
}

for (const path of ["/v1/chat/completions", "/v1/messages"]) {
  Deno.test(`an unload while a model answers is told as what it is, before the head and in mid-stream: ${path}`, async () => {
    const events = await Deno.makeTempFile();
    await using gateway = await startGateway({
      config: `routing: { scheduler: { use: fifo } }\nmodels:\n  a: { cmd: "${
        fakeEngine(`--tokens 3 --token-ms 20000 --events ${events}`)
      }" }\n`,
    });
    const streamed = await ask(gateway, path, true);
    const whole = ask(gateway, path, false);
    await waitForEvent(events, ({ event, sequence }) => event === "request" && sequence === 2);
    await (await fetch(`${gateway.url}/unload`)).body?.cancel();
    const refused = await whole;
    assertEquals([refused.status, refused.headers.get("x-berth-error")], [503, "model_stopped"]);
    assertEquals([refused.headers.get("x-should-retry"), refused.headers.get("retry-after")], ["false", null]);
    assertEquals((await refused.json()).error.message, WORDS);
    let text = "";
    await assertRejects(async () => {
      for await (const part of streamed.body?.pipeThrough(new TextDecoderStream()) ?? []) text += part;
    });
    assertStringIncludes(text, WORDS);
    assertStringIncludes(text, path === "/v1/messages" ? "event: error\n" : '"reason":"model_stopped"');
    await gateway.logged(`An answer broke off: model_stopped: ${WORDS}`);
    assertFalse(gateway.log().includes("backend_lost"), gateway.log());
    await Deno.remove(events);
  });
}
