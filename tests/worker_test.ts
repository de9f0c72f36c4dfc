import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { backendSpecs } from "../src/backend/specs.ts";
import { loadConfig } from "../src/config/load.ts";
import { silentLog } from "../src/log.ts";
import { createWorker, type Worker } from "../src/worker.ts";
import { freePort } from "./fakes/free_port.ts";

function mount(text: string): Worker {
  const { config } = loadConfig({ texts: [{ text, file: "test.yaml" }], env: () => undefined });
  return createWorker({ config, specs: backendSpecs(config), log: silentLog });
}

function post(path: string, body: string, headers: Record<string, string> = {}): Request {
  return new Request(`http://gateway.test${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
  });
}

const CONFIG = `
startPort: ${freePort()}
includeAliasesInList: true
apiKeys: [open-sesame]
models:
  tiny:
    worker: berth:tiny --name tiny
    aliases: [small]
    name: Tiny
    description: A tiny one
    metadata: { family: ngram }
    capabilities: { in: [text, image], out: [text], tools: true, context: 2048 }
  hidden:
    worker: berth:tiny --name hidden
    unlisted: true
  mistaken:
    cmd: sh -c 'exit 3'
    proxy: http://127.0.0.1:1
`;
const KEY = { authorization: "Bearer open-sesame" };

Deno.test("the worker answers without a socket: health is open, everything else asks for a key", async () => {
  const worker = mount(CONFIG);
  assertEquals(await (await worker.fetch(new Request("http://gateway.test/health"))).text(), "OK");
  const refused = await worker.fetch(new Request("http://gateway.test/v1/models"));
  assertEquals([refused.status, refused.headers.get("www-authenticate")], [401, 'Basic realm="berth"']);
  assertEquals((await refused.json()).error.code, "unauthorized");
  const wrong = await worker.fetch(post("/v1/chat/completions", "{}", { "x-api-key": "open-sesam" }));
  assertEquals(wrong.status, 401);
  await wrong.body?.cancel();
  await worker.close({ graceMs: 0 });
});

Deno.test("the model list has the fields of llama-swap, sorted, without unlisted models", async () => {
  const worker = mount(CONFIG);
  const response = await worker.fetch(
    new Request("http://gateway.test/v1/models", { headers: { ...KEY, origin: "http://page.test" } }),
  );
  assertEquals(response.headers.get("access-control-allow-origin"), "http://page.test");
  const { data, object } = await response.json();
  assertEquals(object, "list");
  assertEquals(data.map((record: { id: string }) => record.id), ["mistaken", "small", "tiny"]);
  const { created, ...tiny } = data[2];
  assert(Number.isInteger(created));
  assertEquals(tiny, {
    id: "tiny",
    object: "model",
    owned_by: "llama-swap",
    name: "Tiny",
    description: "A tiny one",
    architecture: {
      modality: "text+image->text",
      input_modalities: ["text", "image"],
      output_modalities: ["text"],
    },
    capabilities: { vision: true, function_calling: true },
    supported_parameters: ["tools", "tool_choice"],
    context_length: 2048,
    meta: { llamaswap: { family: "ngram", type: "model", aliases: ["small"] }, n_ctx: 2048 },
    status: { value: "unloaded" },
  });
  assertEquals(data[1].meta.llamaswap, { family: "ngram", type: "alias", modelID: "tiny" });
  await worker.close({ graceMs: 0 });
});

Deno.test("a request starts its model, unloading it empties the memory, and the next request starts it again", async () => {
  const worker = mount(CONFIG);
  const ask = async () => {
    const response = await worker.fetch(
      post("/v1/completions", JSON.stringify({ model: "small", prompt: "the", max_tokens: 3 }), KEY),
    );
    return [response.status, (await response.json()).object];
  };
  const running = async () =>
    (await (await worker.fetch(new Request("http://gateway.test/running", { headers: KEY }))).json()).running
      .map(({ model, state }: { model: string; state: string }) => [model, state]);
  try {
    assertEquals(await ask(), [200, "text_completion"]);
    assertEquals(await running(), [["tiny", "ready"]]);
    const unknown = await worker.fetch(post("/api/models/unload/nope", "", KEY));
    assertEquals(unknown.status, 404);
    await unknown.body?.cancel();
    const unloaded = await worker.fetch(post("/api/models/unload/small", "", KEY));
    assertEquals([unloaded.status, await unloaded.text()], [200, "OK"]);
    assertEquals(await running(), []);
    assertEquals(await ask(), [200, "text_completion"]);
    const all = await worker.fetch(new Request("http://gateway.test/unload", { headers: KEY }));
    assertEquals([await all.text(), await running()], ["OK", []]);
  } finally {
    await worker.close({ graceMs: 0 });
  }
});

Deno.test("GET routes find the model in the query, answer HEAD too, and give the lease back", async () => {
  const worker = mount(CONFIG);
  const get = (path: string, method = "GET") =>
    worker.fetch(new Request(`http://gateway.test${path}`, { headers: KEY, method }));
  try {
    const missing = await get("/props");
    assertEquals([missing.status, (await missing.json()).error.param], [400, "model"]);
    for (const method of ["HEAD", "GET", "HEAD"]) {
      const answer = await get("/props?model=tiny", method);
      assertEquals(answer.status, 404, "the tiny model has no /props: its own answer comes through");
      await answer.body?.cancel();
    }
    const queue = await (await get("/api/queue")).json();
    assertEquals([queue.resident, queue.active, queue.waiting, queue.total], ["tiny", [], [], 0]);
    const limit = await get("/api/queue?limit=many");
    assertEquals(limit.status, 400);
    await limit.body?.cancel();
  } finally {
    await worker.close({ graceMs: 0 });
  }
});

Deno.test("S11: a start that fails is 502 in the dialect of the path and names no command", async () => {
  const worker = mount(CONFIG);
  try {
    const response = await worker.fetch(post("/v1/messages", JSON.stringify({ model: "mistaken", messages: [] }), KEY));
    const text = await response.text();
    assertEquals(response.status, 502);
    assertStringIncludes(text, '"type":"error"');
    assert(!text.includes("exit 3"), text);
  } finally {
    await worker.close({ graceMs: 0 });
  }
});
