import { assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { backendSpecs } from "../../src/backend/specs.ts";
import { loadConfig } from "../../src/config/load.ts";
import { createLog } from "../../src/log.ts";
import { Logs } from "../../src/observe/logs.ts";
import { createWorker } from "../../src/worker.ts";
import { freePort } from "../fakes/free_port.ts";

const CONFIG = `
startPort: ${freePort()}
apiKeys: [open-sesame]
models:
  org/quick:
    cmd: sh -c 'echo words of the engine; exit 3'
    proxy: http://127.0.0.1:${freePort()}
    aliases: [quick]
  still:
    cmd: unused --port \${PORT}
`;

function mount(text = CONFIG) {
  const { config } = loadConfig({ texts: [{ text, file: "test.yaml" }], env: () => undefined });
  const logs = new Logs();
  const log = createLog({ write: logs.writeLine });
  const worker = createWorker({ config, specs: backendSpecs(config), log, logs });
  const ask = (path: string, init: RequestInit = {}) =>
    worker.fetch(
      new Request(`http://gateway.test${path}`, { headers: { authorization: "Bearer open-sesame" }, ...init }),
    );
  return {
    log,
    logs,
    worker,
    ask,
    text: async (path: string) => await (await ask(path)).text(),
    /** Makes the engine print its words: it ends before it is ready. */
    run: async () => {
      const answer = await ask("/v1/chat/completions", { method: "POST", body: '{"model":"quick"}' });
      assertEquals(answer.status, 502, await answer.text());
    },
    [Symbol.asyncDispose]: () => worker.close({ graceMs: 0 }),
  };
}

async function readText(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  const { value } = await reader.read();
  return new TextDecoder().decode(value);
}

Deno.test("§6.5: /logs is the combined history as plain bytes", async () => {
  await using gateway = mount();
  gateway.log.info("set sail");
  const answer = await gateway.ask("/logs");
  assertEquals(answer.headers.get("content-type"), "text/plain");
  assertEquals(await answer.text(), "[INFO] set sail\n");
});

Deno.test("§6.5: a stream is the history, then what comes, with headers that keep it from being held back", async () => {
  await using gateway = mount();
  gateway.log.info("before");
  const answer = await gateway.ask("/logs/stream");
  assertEquals([answer.headers.get("x-content-type-options"), answer.headers.get("x-accel-buffering")], [
    "nosniff",
    "no",
  ]);
  const reader = answer.body?.getReader();
  if (reader === undefined) throw new TypeError("no body");
  assertEquals(await readText(reader), "[INFO] before\n");
  const live = readText(reader);
  gateway.log.warn("after");
  assertEquals(await live, "[WARN] after\n");
  await reader.cancel();
  assertEquals(gateway.logs.combined.followers, 0);
});

Deno.test("§6.5: no-history begins with what comes, and no-follow ends with the history", async () => {
  await using gateway = mount();
  gateway.log.info("before");
  const reader = (await gateway.ask("/logs/stream/proxy?no-history")).body?.getReader();
  if (reader === undefined) throw new TypeError("no body");
  const live = readText(reader);
  gateway.log.info("after");
  assertEquals(await live, "[INFO] after\n");
  await reader.cancel();
  assertEquals(await gateway.text("/logs/stream/proxy?no-follow"), "[INFO] before\n[INFO] after\n");
  assertEquals(await gateway.text("/logs/stream/?no-follow&no-history"), "");
});

Deno.test("§6.1: a model's output is found by its id, by an alias, and under upstream; it is not among the gateway's lines", async () => {
  await using gateway = mount();
  await gateway.run();
  for (const source of ["org/quick", "org/quick/and/more", "/org/quick", "quick", "org%2Fquick", "upstream"]) {
    assertEquals(await gateway.text(`/logs/stream/${source}?no-follow`), "words of the engine\n", source);
  }
  assertEquals(await gateway.text("/logs/stream/still?no-follow"), "");
  assertStringIncludes(await gateway.text("/logs/stream/proxy?no-follow"), "[WARN]");
});

Deno.test("§6.5: an unknown source is refused as no model of this gateway, with the names that there are", async () => {
  await using gateway = mount();
  for (const source of ["nope", "org", "toString"]) {
    const answer = await gateway.ask(`/logs/stream/${source}`);
    assertEquals(answer.status, 400);
    const { error } = await answer.json();
    assertEquals(
      error.message,
      `There is no model "${source}" here: invalid logger. Use 'proxy', 'upstream' or a model's ID: org/quick, still`,
    );
  }
});

Deno.test("the answer to an unknown source stays short, and does not tell what listings leave out", async () => {
  const ids = Array.from({ length: 12 }, (_, i) => `m${i + 10}`);
  const models = ids.map((id) => `  ${id}: { cmd: x, proxy: "http://h" }\n`).join("");
  await using gateway = mount(`models:\n  hidden: { cmd: x, proxy: "http://h", unlisted: true }\n${models}`);
  const { error: { message } } = await (await gateway.ask(`/logs/stream/${"x".repeat(5000)}`)).json();
  assertStringIncludes(message, `${"x".repeat(100)}…"`);
  assertStringIncludes(message, `: ${ids.slice(0, 10).join(", ")} and 2 more`);
  assertFalse(message.includes("hidden"));
});

Deno.test("the logs ask for a key like everything else", async () => {
  await using gateway = mount();
  for (const path of ["/logs", "/logs/stream", "/logs/stream/proxy"]) {
    const answer = await gateway.ask(path, { headers: {} });
    assertEquals(answer.status, 401);
    await answer.body?.cancel();
  }
});

Deno.test("who follows reads the gateway's last lines, and the end when it closes", async () => {
  const gateway = mount();
  const [all, model] = [await gateway.ask("/logs/stream/proxy"), await gateway.ask("/logs/stream/still")];
  const texts = Promise.all([all.text(), model.text()]);
  gateway.log.info("going down");
  await gateway[Symbol.asyncDispose]();
  assertEquals(await texts, ["[INFO] going down\n", ""]);
});

Deno.test("over a socket the headers come before the first line, and a client that leaves is forgotten", async () => {
  await using gateway = mount();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => gateway.worker.fetch(request),
  );
  const url = `http://127.0.0.1:${server.addr.port}`;
  const headers = { authorization: "Bearer open-sesame" };
  const head = await fetch(`${url}/logs/stream`, { method: "HEAD", headers });
  assertEquals([head.status, gateway.logs.combined.followers], [200, 0]);
  const answer = await fetch(`${url}/logs/stream?no-history`, { headers });
  assertEquals(answer.status, 200);
  while (gateway.logs.combined.followers === 0) await (await fetch(`${url}/health`)).text();
  await answer.body?.cancel();
  while (gateway.logs.combined.followers > 0) await (await fetch(`${url}/health`)).text();
  await server.shutdown();
});
