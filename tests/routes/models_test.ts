import { assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { Hono } from "hono";
import { GatewayError } from "../../src/errors.ts";
import type { Client } from "../../src/gateway/auth.ts";
import { putInForce, type RequestContext } from "../../src/serving/request_context.ts";
import type { Router } from "../../src/routes/router.ts";
import { addModelRoutes } from "../../src/routes/models.ts";
import { models } from "../config/loading.ts";
import { Naming } from "../routing/naming.ts";

const CONFIG = models(["a", "aliases: [aa]"], ["hidden", "unlisted: true"], "org/big:F16") +
  "peers: {p: {proxy: 'http://p', models: [far]}}\n" +
  "profiles:\n  night: {pins: {llm: a, b: '', a: a}}\n  day: {description: Bright, pins: {llm: hidden}}\n";
const LOADED_AT = "2024-02-03T04:05:06.789Z";

/** The routes of names alone; an error is its status and message. */
function mount(mayUse: Client["mayUse"] = () => true) {
  const naming = new Naming(CONFIG, { hidden: "ready" });
  const app: Router = new Hono();
  addModelRoutes(app, {
    names: naming.names,
    backends: naming,
    configFiles: {
      origin: () => ({ files: [], loadedAt: LOADED_AT, generation: 1, warnings: [], rejected: null }),
    },
  });
  app.onError((thrown) => {
    if (!(thrown instanceof GatewayError)) throw thrown;
    return new Response(`${thrown.status} ${thrown.message}`, { status: thrown.status });
  });
  const context: RequestContext = {
    ...putInForce(naming.config, { isLoopback: false, isTls: false }),
    id: "id",
    url: "http://gateway.test/",
    client: { name: null, key: null, may: () => true, mayUse },
    from: { address: null, scheme: "http", host: null, isProxied: false },
    dialect: "openai",
    peerAddress: null,
    connection: null,
  };
  return {
    naming,
    ask: async (path: string, init: RequestInit = {}) =>
      await app.fetch(new Request(`http://gateway.test${path}`, init), context),
    put: async (body: BodyInit) => {
      const response = await app.fetch(
        new Request("http://gateway.test/api/profiles/active", { method: "PUT", body }),
        context,
      );
      return `${await response.text()}`;
    },
  };
}

Deno.test("§1.11: the list is an object with data and object, created when the config came in force", async () => {
  const { ask } = mount();
  const text = await (await ask("/v1/models")).text();
  assertEquals(text.startsWith('{"data":[{"id":"a","object":"model","created":1706933106,'), true, text);
  assertEquals(text.trimEnd().endsWith('],"object":"list"}'), true, text);
  const { data } = JSON.parse(text);
  assertEquals(data.map(({ id }: { id: string }) => id), ["a", "org/big:F16", "p/far"]);
  assertEquals(await (await ask("/models")).text(), text);
});

Deno.test("HEAD is answered as GET is, without a body", async () => {
  const { ask } = mount();
  for (const path of ["/v1/models", "/models/org/big:F16"]) {
    const answer = await ask(path, { method: "HEAD" });
    assertEquals([answer.status, await answer.text()], [200, ""]);
  }
});

Deno.test("one model is found by any name, slashes and percent-encoding included", async () => {
  const { ask } = mount();
  const rows = [
    ["/v1/models/a", "a"],
    ["/models/aa", "aa"],
    ["/v1/models/hidden", "hidden"],
    ["/v1/models/org/big:F16", "org/big:F16"],
    ["/v1/models/org%2Fbig%3AF16", "org/big:F16"],
    ["/models/p/far", "p/far"],
    ["/v1/models/far", "far"],
    ["/v1/models/a:latest", "a"],
  ] as const;
  for (const [path, id] of rows) {
    const answer = await ask(path);
    assertEquals([answer.status, (await answer.json()).id], [200, id], path);
  }
  for (const path of ["/v1/models/nobody", "/v1/models/A", "/models/%zz", "/v1/models/llm", "/v1/models/a/"]) {
    const answer = await ask(path);
    assertEquals(answer.status, 404, path);
    assertStringIncludes(await answer.text(), "does not exist");
  }
});

Deno.test("a client is shown what it may use", async () => {
  const { ask } = mount((model) => !["a", "p/far"].includes(model));
  const { data } = await (await ask("/v1/models")).json();
  assertEquals(data.map(({ id }: { id: string }) => id), ["org/big:F16"]);
  for (const path of ["/v1/models/a", "/v1/models/aa", "/v1/models/p/far"]) {
    const answer = await ask(path);
    assertEquals(answer.status, 404);
    await answer.body?.cancel();
  }
});

Deno.test("SV93: profiles are listed by id with all their pins, and put in force and ended by name", async () => {
  const { ask, put, naming } = mount();
  const profiles = [
    { id: "day", description: "Bright", pins: { llm: "hidden" } },
    { id: "night", description: "", pins: { a: "a", b: "", llm: "a" } },
  ];
  const list = async () => await (await ask("/api/profiles")).text();
  assertEquals(await list(), JSON.stringify({ active: null, profiles }));
  assertEquals(await put('{"name":"day"}'), '{"active":"day"}');
  assertEquals(await list(), JSON.stringify({ active: "day", profiles }));
  assertEquals(await (await ask("/v1/models/llm")).json().then(({ meta }) => meta), { llamaswap: { type: "profile" } });
  assertEquals(await put('{"name":"noon"}'), '404 profile "noon" not found');
  assertEquals(naming.names.activeProfile, "day");
  assertEquals(await put('{"name":null}'), '{"active":null}');
  assertEquals(await put('{"name":"night","more":1}'), '{"active":"night"}');
  assertEquals(await put('{"name":""}'), '{"active":null}');
  assertEquals(naming.told, ["day", null, "night", null]);
});

Deno.test("§1.14: a body that asks for no profile is refused, and says why", async () => {
  const { put, naming } = mount();
  naming.activate("day");
  for (const body of ["", "{", "[]", "null", '"day"', "day", '{"name":"day"} x', '{"name":"day"']) {
    assertStringIncludes(await put(body), "400 invalid profile request", body);
  }
  assertEquals(await put("{}"), "400 profile name is required");
  assertEquals(await put('{"Name":"day"}'), "400 profile name is required");
  for (const name of ["5", "true", "[]", "{}"]) {
    assertEquals(await put(`{"name":${name}}`), "400 profile name must be a string or null");
  }
  assertStringIncludes(await put('{"name":"__proto__"}'), "404");
  assertEquals(naming.told, ["day"]);
});

Deno.test("a body that is far larger than a name needs is refused before it is kept", async () => {
  const { put } = mount();
  let pulled = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled++;
      controller.enqueue(new Uint8Array(16 * 1024).fill(0x20));
    },
  });
  assertStringIncludes(await put(endless), "413 ");
  assertFalse(pulled > 10, `${pulled} pieces were read`);
});
