import { assertEquals } from "@std/assert";
import { type Gateway, gateway, HeldAnswers, modelsYaml, settled, statusOf, until } from "./gateway.ts";

const CONFIG = `
${
  modelsYaml({
    "m1": "useModelName: inner, filters: { stripParams: x }",
    "author/model": "",
    "author": "",
    "quiet": "compat: { ignoreWebsockets: true }",
  })
}
peers:
  far: { proxy: "BACKEND/far", models: [x] }
selectors:
  one: { strategy: pin, targets: [m1] }
profiles:
  day: { pins: { m1: author, m1/deep: author/model, pinned: m1, off: null } }
`;

Deno.test("SV6: what is below /upstream/MODEL is passed on, the model alone is redirected to its root, others are unknown", async () => {
  await using berth = gateway(CONFIG);
  for (
    const [method, target, status, location] of [
      ["GET", "/upstream/m1", 301, "/upstream/m1/"],
      ["HEAD", "/upstream/m1?x=%2F", 301, "/upstream/m1/?x=%2F"],
      ["POST", "/upstream/author/model?x", 308, "/upstream/author/model/?x"],
      ["DELETE", "/upstream/author%2Fmodel", 308, "/upstream/author%2Fmodel/"],
    ] as const
  ) {
    const answer = await berth.send({ method, target });
    assertEquals([answer.status, answer.headers.get("location"), await answer.text()], [status, location, ""]);
  }
  const unknown = await berth.get("/upstream/none/x");
  assertEquals([unknown.status, (await unknown.json()).error.reason], [404, "unknown_model"]);
  assertEquals(berth.supervisor.journal, []);
  for (const target of ["/upstream/m1/some/page?x=1", "/upstream/m1/"]) {
    const answer = await berth.get(target);
    assertEquals([answer.status, await answer.text()], [200, "ok"]);
  }
  assertEquals(berth.asked(), ["GET m1/some/page?x=1", "GET m1/"]);
});

Deno.test("SV12, SW4: the rest of an /upstream path keeps its escapes, however the model was written", async () => {
  await using berth = gateway(CONFIG);
  for (
    const [target, asked] of [
      ["/upstream/m1/a%2Fb%20c/%E2%82%AC?x=%2F", "GET m1/a%2Fb%20c/%E2%82%AC?x=%2F"],
      ["/upstream/author/model/x%2Fy", "GET author%2Fmodel/x%2Fy"],
      ["/upstream/author%2Fmodel/x%2Fy;z", "GET author%2Fmodel/x%2Fy;z"],
      ["/upstream/author/other%2F", "GET author/other%2F"],
    ] as const
  ) {
    await statusOf(berth.get(target));
    assertEquals(berth.asked().at(-1), asked);
  }
});

Deno.test("SV13: a path that is to be ignored loads nothing: 409 unless the model is ready, and what else is asked passes", async () => {
  await using berth = gateway(CONFIG);
  const refused = await berth.get("/upstream/m1/static/page.js");
  assertEquals([refused.status, (await refused.json()).error.message], [
    409,
    "model m1 is not loaded; path matches upstream.ignorePaths",
  ]);
  assertEquals(berth.supervisor.journal, []);
  assertEquals(await statusOf(berth.get("/upstream/far/x/page.js")), 200); // a peer's
  assertEquals(await statusOf(berth.get("/upstream/m1/page")), 200);
  assertEquals(await statusOf(berth.get("/upstream/m1/page.js")), 200); // ready now
  berth.supervisor.heldStops.add("m1");
  const unload = berth.send({ method: "POST", target: "/api/models/unload/m1" });
  await settled();
  assertEquals(await statusOf(berth.get("/upstream/m1/page.js")), 409); // stopping
  berth.supervisor.end("m1");
  await statusOf(unload);
  berth.supervisor.heldStarts.add("m1");
  const page = berth.get("/upstream/m1/page");
  await settled();
  assertEquals(await statusOf(berth.get("/upstream/m1/page.js")), 409); // starting
  berth.supervisor.last("m1").run();
  assertEquals(await statusOf(page), 200);
});

Deno.test("a static asset neither waits behind others nor keeps a swap waiting", async () => {
  await using berth = gateway(CONFIG, { answer: ({ line }) => line.includes("/slow") ? new Promise(() => {}) : OK });
  assertEquals(await statusOf(berth.get("/upstream/m1/")), 200);
  const served = berth.post("/upstream/m1/v1/slow", { model: "m1" });
  await settled();
  const next = berth.post("/v1/completions", { model: "author" });
  await settled();
  assertEquals(await statusOf(berth.get("/upstream/m1/page.css")), 200);
  assertEquals((await (await berth.get("/api/queue")).json()).total, 1);

  const asset = berth.get("/upstream/m1/slow.png");
  await until(() => berth.asked().includes("GET m1/slow.png"));
  await cancelAll(berth); // what is served and what waits, not the asset
  assertEquals([await statusOf(served), await statusOf(next)], [503, 503]);
  assertEquals(await statusOf(berth.post("/v1/completions", { model: "author" })), 200);
  assertEquals(await statusOf(asset), 503); // its model was unloaded under it
  assertEquals(berth.supervisor.journal.filter((entry) => !entry.startsWith("kill")), [
    "start m1",
    "terminate m1",
    "start author",
  ]);
});

Deno.test("a model that goes while the body of an asset's request still comes is not loaded again for it: 409", async () => {
  await using berth = gateway(CONFIG);
  assertEquals(await statusOf(berth.get("/upstream/m1/")), 200);
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const late = berth.send({ method: "POST", target: "/upstream/m1/x.js", body: readable });
  await settled();
  assertEquals(await statusOf(berth.get("/unload")), 200);
  await writable.close();
  assertEquals(await statusOf(late), 409);
  assertEquals(berth.supervisor.count("start m1"), 1);
});

Deno.test("SV16: a model request through /upstream is in flight by the path that the backend sees, and not afterwards", async () => {
  const held = new HeldAnswers();
  await using berth = gateway(CONFIG, held);
  const chat = berth.post("/upstream/m1/v1/chat/completions", { model: "whatever" });
  await settled();
  const props = berth.get("/upstream/m1/props?x=1");
  await settled();
  const seen = (await (await berth.get("/api/inflight")).json()).requests.map((
    { model, req_path, method }: { readonly model: string; readonly req_path: string; readonly method: string },
  ) => `${method} ${req_path} ${model}`);
  assertEquals(seen, ["POST /v1/chat/completions m1", "GET /props m1"]);
  await held.give();
  assertEquals(await statusOf(chat), 200);
  await settled();
  await held.give();
  assertEquals(await statusOf(props), 200);
  assertEquals(await (await berth.get("/api/inflight")).json(), { requests: [] });
});

Deno.test("SV17: other paths and methods through /upstream are not in flight, nor is an ignored websocket", async () => {
  const held = new HeldAnswers();
  await using berth = gateway(CONFIG, held);
  for (const [method, target] of [["POST", "/upstream/m1/other"], ["GET", "/upstream/m1/v1/completions"]] as const) {
    const answer = berth.send({ method, target });
    await held.asked(1);
    assertEquals(await (await berth.get("/api/inflight")).json(), { requests: [] });
    await held.give();
    assertEquals(await statusOf(answer), 200);
  }
  const events = await berth.get("/api/inflight");
  assertEquals(await statusOf(berth.get("/upstream/quiet/v1/realtime", UPGRADE)), 409);
  assertEquals(await events.json(), { requests: [] });
});

Deno.test("SV95, SV96: a pin leads what is below /upstream elsewhere, the longest first, and the body stays as it is", async () => {
  await using berth = gateway(CONFIG);
  await statusOf(berth.send({ method: "PUT", target: "/api/profiles/active", body: '{"name":"day"}' }));
  const body = '{ "model":"m1", "x":1, "model":2 }'; // a body that is none of the gateway's business
  for (
    const [target, asked] of [
      ["/upstream/m1/v1/completions", "POST author/v1/completions"],
      ["/upstream/m1/deep/v1/x%2Fy", "POST author%2Fmodel/v1/x%2Fy"],
      ["/upstream/pinned/x", "POST m1/x"],
      ["/upstream/quiet/x", "POST quiet/x"],
    ] as const
  ) {
    assertEquals(await statusOf(berth.post(target, body)), 200, target);
    assertEquals(berth.asked().at(-1), asked);
    assertEquals(new TextDecoder().decode(berth.backend.requests.at(-1)?.body), body);
  }
  const off = await berth.get("/upstream/off/x");
  assertEquals([off.status, (await off.json()).error.reason], [404, "unknown_model"]);
});

Deno.test("SV109: a selector is no model of a path, and nothing is asked", async () => {
  await using berth = gateway(CONFIG);
  assertEquals(await statusOf(berth.get("/upstream/one/x")), 404);
  assertEquals([berth.asked(), berth.supervisor.journal], [[], []]);
});

Deno.test("SW17: a body through /upstream is not looked at: no filter, no other name, nothing refused", async () => {
  await using berth = gateway(CONFIG);
  for (const body of ['{"model":"inner","model":"none","x":1', "\u0000", "[]"]) {
    assertEquals(await statusOf(berth.post("/upstream/m1/v1/chat/completions", body)), 200);
    assertEquals(new TextDecoder().decode(berth.backend.requests.at(-1)?.body), body);
  }
});

const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const UPGRADE = {
  connection: "keep-alive, Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};

async function cancelAll(berth: Gateway): Promise<void> {
  const { active, waiting } = await (await berth.get("/api/queue")).json();
  for (const { id } of [...waiting, ...active]) {
    await statusOf(berth.send({ method: "DELETE", target: `/api/queue/${id}` }));
  }
}
