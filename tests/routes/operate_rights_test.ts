import { assertEquals, assertMatch } from "@std/assert";
import { Hono } from "hono";
import type { Backends } from "../../src/backend/backends.ts";
import type { BackendTarget } from "../../src/backend/types.ts";
import { loadConfig } from "../../src/config/load.ts";
import { toGatewayError } from "../../src/errors.ts";
import { createKeyCheck } from "../../src/gateway/auth.ts";
import { errorResponse } from "../../src/gateway/error_response.ts";
import type { RequestContext } from "../../src/serving/request_context.ts";
import type { Router } from "../../src/routes/router.ts";
import { addOperateRoutes } from "../../src/routes/operate.ts";
import type { Scheduler } from "../../src/scheduler/scheduler.ts";

const TEXT = `
apiKeys:
  - whole
  - { key: bound, models: [a, far/x] }
models:
  a: { cmd: "unused --port \${PORT}" }
  b: { cmd: "serve-b --port \${PORT} --api-key Sesame-4711 --hf-token=hf_x", proxy: "http://user:hunter22@127.0.0.1:9/" }
peers:
  far: { proxy: "http://far.test", models: [x] }
`;

const WAITING = [
  { id: "first", model: "b", position: 1, ageMs: 2, estimatedWaitMs: 3 },
  { id: "second", model: "a", position: 2, ageMs: 1, estimatedWaitMs: 4 },
];
const MODELS: Readonly<Record<string, string>> = { first: "b", second: "a", served: "b" };

Deno.test("a key bound to models sees the queue and the backends of those alone, each in its own place; nobody sees secrets in commands", async () => {
  const { ask } = mount();
  const queue = await (await ask("bound", "GET", "/api/queue")).json();
  assertEquals(queue, { resident: null, running: [], active: [], waiting: [WAITING[1]], total: 2 });
  assertEquals(await (await ask("bound", "GET", "/running")).json(), { running: [] });

  const all = await (await ask("whole", "GET", "/api/queue")).json();
  assertEquals([all.resident, all.active.length, all.waiting], ["b", 1, WAITING]);
  const [running] = (await (await ask("whole", "GET", "/running")).json()).running;
  assertEquals([running.model, running.proxy], ["b", "http://***@127.0.0.1:9/"]);
  assertMatch(running.cmd, /^serve-b --port \d+ --api-key \*\*\* --hf-token=\*\*\*$/);
});

Deno.test("a key bound to models ends neither requests for others, nor others themselves; `every model` is each of its own", async () => {
  const { ask, told } = mount();
  for (
    const [key, method, path, status] of [
      ["bound", "DELETE", "/api/queue/first", 404],
      ["bound", "DELETE", "/api/queue/served", 404],
      ["bound", "DELETE", "/api/queue/nobody", 404],
      ["bound", "POST", "/api/models/unload/b", 404],
      ["bound", "DELETE", "/api/queue/second", 200],
      ["bound", "POST", "/api/models/unload/a", 200],
      ["bound", "POST", "/api/models/unload", 200],
      ["bound", "GET", "/unload", 200],
      ["whole", "DELETE", "/api/queue/first", 200],
      ["whole", "POST", "/api/models/unload/b", 200],
      ["whole", "GET", "/unload", 200],
    ] as const
  ) {
    const response = await ask(key, method, path);
    await response.body?.cancel();
    assertEquals(response.status, status, `${key} ${method} ${path}`);
  }
  assertEquals(told, [
    ["cancel", "second"],
    ["unload", ["a"]],
    ["unload", ["a"]],
    ["unload", ["a"]],
    ["cancel", "first"],
    ["unload", ["b"]],
    ["unload", null],
  ]);
});

function mount() {
  const { config } = loadConfig({ texts: [{ text: TEXT, file: "c.yaml" }], env: () => undefined });
  const identify = createKeyCheck(config.apiKeys);
  const told: unknown[] = [];
  const app: Router = new Hono();
  addOperateRoutes(app, {
    backends: { snapshot: () => [{ model: "b", phase: "ready" }] } as unknown as Backends,
    scheduler: {
      snapshot: () => ({
        resident: "b",
        running: [{ model: "b", phase: "ready" }],
        active: [{ id: "served", model: "b", phase: "serving", ageMs: 9 }],
        waiting: WAITING,
        total: 2,
      }),
      modelOf: (id: string) => MODELS[id] ?? null,
      cancel: (id: string) => told.push(["cancel", id]) > 0,
      unload: (models: readonly string[] | null) => Promise.resolve(void told.push(["unload", models])),
    } as unknown as Scheduler<BackendTarget>,
  });
  app.onError((thrown) => errorResponse(toGatewayError(thrown), { dialect: "openai" }));
  const ask = async (key: string, method: string, path: string) => {
    const headers = { authorization: `Bearer ${key}` };
    const client = identify(new Headers(headers));
    return await app.fetch(
      new Request(`http://gateway.test${path}`, { method, headers }),
      { config, client } as unknown as RequestContext,
    );
  };
  return { ask, told };
}
