import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { backendSpecs } from "../src/backend/specs.ts";
import { loadConfig } from "../src/config/load.ts";
import type { KeptPort } from "../src/config/sources.ts";
import { GatewayError } from "../src/errors.ts";
import { silentLog } from "../src/log.ts";
import { createWorker, type Worker, type WorkerConfig } from "../src/worker.ts";
import { freePort } from "./fakes/free_port.ts";

const START_PORT = `startPort: ${freePort()}\n`;

function configOf(text: string, kept: ReadonlyMap<string, KeptPort> = new Map()): WorkerConfig {
  const { config } = loadConfig({ texts: [{ text: START_PORT + text, file: "c.yaml" }], env: () => undefined, kept });
  return { config, specs: backendSpecs(config) };
}

function mount(text: string): Worker {
  return createWorker({ ...configOf(text), log: silentLog });
}

function modelsOf(names: readonly string[]): string {
  return "models:\n" + names.map((name) => `  ${name}: { worker: berth:tiny --name ${name} }\n`).join("");
}

function get(worker: Worker, path: string): Promise<Response> {
  return worker.fetch(new Request(`http://gateway.test${path}`));
}

async function listed(worker: Worker): Promise<readonly string[]> {
  const { data } = await (await get(worker, "/v1/models")).json();
  return data.map(({ id }: { id: string }) => id);
}

function ask(worker: Worker, model: string): Promise<Response> {
  const body = JSON.stringify({ model, prompt: "the", max_tokens: 1 });
  return worker.fetch(new Request("http://gateway.test/v1/completions", { method: "POST", body }));
}

Deno.test("a reload is in force when it returns, and tells what differs and what has to end", async () => {
  const worker = mount(modelsOf(["a", "b"]));
  try {
    await (await ask(worker, "b")).body?.cancel();
    const { difference, draining, drained } = worker.reload((kept) => {
      assertEquals([...kept.keys()], ["b"], "only what runs keeps its port");
      return configOf(modelsOf(["b", "c"]).replace("--name b", "--name other"), kept);
    });
    assertEquals([difference.added, difference.changed, difference.removed], [["c"], ["b"], ["a"]]);
    assertEquals(draining, ["b"]);
    assertEquals(await listed(worker), ["b", "c"]);
    await drained;
    assertEquals((await (await get(worker, "/running")).json()).running, []);
    assertEquals((await ask(worker, "a")).status, 404);
  } finally {
    await worker.close({ graceMs: 0 });
  }
});

Deno.test("a config that says the same touches nothing, and one that cannot be read changes nothing", async () => {
  const worker = mount(modelsOf(["a"]));
  const same = worker.reload((kept) => configOf(modelsOf(["a"]), kept));
  assertEquals([same.difference.isAny, same.draining], [false, []]);
  const broken = new Error("broken");
  assertEquals(
    assertThrows(() =>
      worker.reload(() => {
        throw broken;
      })
    ),
    broken,
  );
  assertEquals(await listed(worker), ["a"]);
  await worker.close({ graceMs: 0 });
});

Deno.test("a running model goes on when its process is only written in another way", async () => {
  const model = (text: string) => `models:\n  m:\n${text.replaceAll(/^/gm, "    ")}\n`;
  const worker = mount(model("worker: berth:tiny --name m"));
  try {
    await (await ask(worker, "m")).body?.cancel();
    const running = async () => (await (await get(worker, "/running")).json()).running;
    const before = await running();
    assertEquals(before.length, 1);
    for (
      const text of [
        "worker: |\n  berth:tiny \\\n    --name   'm'\n  # a comment",
        "worker: berth:tiny --name m\ncheckEndpoint: /health\nenv: []\npermissions: {}",
      ]
    ) {
      const same = worker.reload((kept) => configOf(model(text), kept));
      assertEquals([same.difference.isAny, same.draining], [false, []], text);
      // Something else that differs brings the new text into force.
      const other = worker.reload((kept) => configOf(`${model(text)}  a: { worker: "berth:tiny" }\n`, kept));
      assertEquals([other.difference.added, other.difference.changed, other.draining], [["a"], [], []], text);
      assertEquals(worker.reload((kept) => configOf(model(text), kept)).draining, []);
    }
    const [now, ...others] = await running();
    assertEquals([now.model, now.state, now.proxy, others], [before[0].model, "ready", before[0].proxy, []]);
  } finally {
    await worker.close({ graceMs: 0 });
  }
});

Deno.test("a request goes by the config that was in force when it arrived", async () => {
  const worker = mount("apiKeys: [old]\nlimits: { requestBody: 1 }\n" + modelsOf(["a"]));
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const headers = { authorization: "Bearer old" };
  const answer = worker.fetch(
    new Request("http://gateway.test/v1/completions", { method: "POST", headers, body: readable }),
  );
  const writer = writable.getWriter();
  await writer.write(new TextEncoder().encode('{"model":"a","prompt":"the",'));
  worker.reload((kept) => configOf("apiKeys: [new]\n" + modelsOf(["b"]), kept));
  await writer.write(new TextEncoder().encode('"max_tokens":1}'));
  await writer.close();
  // Its name was known when it came; when its turn comes the model is gone (S8).
  const { error } = await (await answer).json();
  assertEquals(error.reason, "unknown_model");
  assertEquals((await get(worker, "/v1/models")).status, 401);
  await worker.close({ graceMs: 0 });
});

Deno.test("1,000 reloads leave nothing behind", async () => {
  const worker = mount(modelsOf(["a"]));
  const texts = [modelsOf(["a", "b"]), modelsOf(["b", "c"]), modelsOf(["a"])];
  for (let reload = 0; reload < 1_000; reload++) {
    const text = texts[reload % 3] ?? "";
    worker.reload((kept) => configOf(text, kept));
  }
  assertEquals(await listed(worker), ["a", "b"]);
  const queue = await (await get(worker, "/api/queue")).json();
  assertEquals([queue.active, queue.waiting], [[], []]);
  await worker.close({ graceMs: 0 });
});

Deno.test("without files there is nothing to reload, and the answer says so", async () => {
  const worker = mount(modelsOf(["a"]));
  const { loadedAt, ...config } = await (await get(worker, "/api/config")).json();
  assertEquals(config, { files: [], generation: 1, warnings: [], rejected: null, models: ["a"] });
  assertEquals(new Date(loadedAt).toISOString(), loadedAt);
  const response = await worker.fetch(new Request("http://gateway.test/api/config/reload", { method: "POST" }));
  const { status, problems } = await response.json();
  assertEquals([response.status, status], [422, "rejected"]);
  assertStringIncludes(problems.join(), "no file to read again");
  await worker.close({ graceMs: 0 });
});

Deno.test("after the end nothing is reloaded", async () => {
  const worker = mount(modelsOf(["a"]));
  await worker.close({ graceMs: 0 });
  const { code } = assertThrows(() => worker.reload((kept) => configOf(modelsOf(["b"]), kept)), GatewayError);
  assertEquals(code, "shutting_down");
});
