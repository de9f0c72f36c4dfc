import { assertEquals } from "@std/assert";
import { type Gateway, gateway, HeldAnswers, modelsYaml, settled, statusOf } from "./gateway.ts";

const CONFIG = `
routing: { scheduler: { use: fifo } }
groups: { pair: { swap: false, members: [a, b, c] } }
${
  modelsYaml({
    a: 'filters: { setParams: { temperature: 1 }, setParamsByID: { "a-high": { effort: "high" } } }',
    b: "aliases: [bb], useModelName: inner",
    c: "",
  })
}
peers:
  far: { proxy: "BACKEND/far", models: [x, b], filters: { setParams: { top_k: 1 } } }
selectors:
  one: { strategy: pin, targets: [a-high, b] }
  many: { strategy: spillover, targets: [a, b, far/x] }
  warmest: { strategy: warm, targets: [a, b] }
  locals: { strategy: spillover, targets: [a, b] }
profiles:
  day: { pins: { fast: a-high, off: null, choice: one, a: b } }
`;

Deno.test("SV94: a pin leads to the alias that it names, whose filters apply; a name that is switched off is 404", async () => {
  await using berth = gateway(CONFIG);
  assertEquals(await statusOf(berth.post("/v1/completions", { model: "fast" })), 404);
  await activate(berth, "day");
  assertEquals(await statusOf(berth.post("/v1/completions", '{"model":"fast","x":1}')), 200);
  assertEquals(seen(berth), ["a", { model: "a-high", x: 1, temperature: 1, effort: "high" }]);
  const off = await berth.post("/v1/completions", { model: "off" });
  assertEquals([off.status, (await off.json()).error.reason], [404, "unknown_model"]);
  await activate(berth, null);
  assertEquals(await statusOf(berth.post("/v1/completions", { model: "fast" })), 404);
});

Deno.test("SV104, SV105: a selector's choice comes before the filters, also through a pin, and is told in flight", async () => {
  const held = new HeldAnswers();
  await using berth = gateway(CONFIG, held);
  await activate(berth, "day");
  for (const name of ["one", "choice"]) {
    const answer = berth.post("/v1/completions", { model: name });
    await held.asked(1);
    const { requests: [request] } = await (await berth.get("/api/inflight")).json();
    assertEquals([request.model, request.requested, request.metadata], ["a", name, { selector: "one" }]);
    await held.give();
    assertEquals(await statusOf(answer), 200);
    assertEquals(seen(berth), ["a", { model: "a-high", temperature: 1, effort: "high" }]);
  }
});

Deno.test("SV97: a request through a pin below /upstream is in flight by the model that serves it", async () => {
  const held = new HeldAnswers();
  await using berth = gateway(CONFIG, held);
  await activate(berth, "day");
  const answer = berth.post("/upstream/fast/v1/completions", { model: "fast" });
  await held.asked(1);
  const { requests: [request] } = await (await berth.get("/api/inflight")).json();
  assertEquals([request.model, request.req_path], ["a", "/v1/completions"]);
  await held.give();
  assertEquals(await statusOf(answer), 200);
});

Deno.test("SV106, SV103: requests to a spillover selector at the same time go to different targets, peers too", async () => {
  const held = new HeldAnswers();
  await using berth = gateway(CONFIG, held);
  const answers = [1, 2, 3].map(() => berth.post("/v1/completions", { model: "many" }));
  await held.asked(3);
  assertEquals(berth.asked().map((line) => line.split("/")[0]).sort(), ["POST a", "POST b", "POST far"]);
  for (const _ of answers) await held.give();
  for (const answer of answers) assertEquals(await statusOf(answer), 200);
});

Deno.test("SV107: a websocket that is ignored holds no place of a spillover selector", async () => {
  const ignoring = CONFIG.replace('"b": {', '"b": { compat: { ignoreWebsockets: true },').replace(
    '"a": {',
    '"a": { compat: { ignoreWebsockets: true },',
  );
  await using berth = gateway(ignoring);
  for (let count = 0; count < 3; count++) {
    assertEquals(await statusOf(berth.get("/v1/realtime?model=locals", UPGRADE)), 409);
  }
  assertEquals(await statusOf(berth.post("/v1/completions", { model: "locals" })), 200);
  assertEquals(berth.asked(), ["POST a/v1/completions"]); // the first: nothing is counted anywhere
});

Deno.test("a stored response is asked for where it was made, whatever its selector or profile would choose now", async () => {
  await using berth = gateway(CONFIG, {
    answer: ({ line }) => line.startsWith("POST") && line.includes("/responses") ? made() : OK,
  });
  assertEquals(await statusOf(berth.post("/v1/completions", { model: "b" })), 200);
  await activate(berth, "day"); // a is b
  assertEquals(await statusOf(berth.post("/v1/responses", { model: "warmest" })), 200); // b is ready
  assertEquals(await statusOf(berth.post("/v1/responses", { model: "a" })), 200);
  assertEquals(await statusOf(berth.post("/v1/responses", { model: "far/x" })), 200);
  await activate(berth, null);
  assertEquals(await statusOf(berth.post("/v1/completions", { model: "a" })), 200); // ready as well, and before b
  const asked = berth.asked().length;
  for (const [count, model] of [[2, "b"], [3, "b"], [4, "far"]] as const) {
    const path = `v1/responses/resp_${count}`;
    assertEquals(await statusOf(berth.get(`/${path}`)), 200);
    assertEquals(berth.asked().at(-1), `GET ${model}/${path}`);
  }
  assertEquals(berth.asked().length, asked + 3);

  function made(): string {
    const body = `{"id":"resp_${berth.backend.requests.length}"}`;
    return `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  }
});

Deno.test("SV108: a selector all of whose targets are being stopped is 503, to be tried again", async () => {
  await using berth = gateway(CONFIG);
  for (const model of ["a", "b"]) {
    assertEquals(await statusOf(berth.post("/v1/completions", { model })), 200);
    berth.supervisor.heldStops.add(model);
  }
  const unload = berth.get("/unload");
  await settled();
  const refused = await berth.post("/v1/completions", { model: "locals" });
  assertEquals([refused.status, refused.headers.get("retry-after"), (await refused.json()).error.message], [
    503,
    "1",
    'selector "locals" has no available spillover targets',
  ]);
  for (const model of ["a", "b"]) berth.supervisor.end(model);
  assertEquals(await statusOf(unload), 200);
});

Deno.test("SV99: unloading and logs go by names of their own, whatever profile is in force", async () => {
  await using berth = gateway(CONFIG);
  await activate(berth, "day"); // a is b
  assertEquals(await statusOf(berth.post("/upstream/c/x", {})), 200);
  assertEquals(await statusOf(berth.send({ method: "POST", target: "/api/models/unload/fast" })), 404);
  assertEquals(await statusOf(berth.send({ method: "POST", target: "/api/models/unload/one" })), 404);
  assertEquals(await statusOf(berth.post("/v1/completions", { model: "fast" })), 200);
  assertEquals(await statusOf(berth.send({ method: "POST", target: "/api/models/unload/a" })), 200);
  assertEquals(berth.supervisor.count("terminate a"), 1);
  berth.supervisor.history("a").push(new TextEncoder().encode("words of a\n"));
  assertEquals(await (await berth.get("/logs/stream/a?no-follow")).text(), "words of a\n");
  assertEquals(await statusOf(berth.get("/logs/stream/fast?no-follow")), 400);
});

Deno.test("SV69, RL14: a peer is asked by its own name for the model, with its filters and none of a model here", async () => {
  await using berth = gateway(CONFIG);
  for (const [model, asked] of [["far/x", "x"], ["x", "x"], ["far/b", "b"]] as const) {
    assertEquals(await statusOf(berth.post("/v1/completions", { model })), 200);
    assertEquals(seen(berth), ["far", { model: asked, top_k: 1 }]);
  }
  assertEquals(await statusOf(berth.post("/v1/completions", { model: "b" })), 200);
  assertEquals(seen(berth), ["b", { model: "inner" }]);
  assertEquals(berth.supervisor.journal, ["start b"]);
});

Deno.test("RL14: a peer with a key is sent that key, one without what the client sent, each with its own Host", async () => {
  const keyed = CONFIG.replace('proxy: "BACKEND/far"', 'proxy: "BACKEND/far", apiKey: theirs');
  for (
    const [config, expected] of [[CONFIG, ["Bearer mine", "other"]], [keyed, ["Bearer theirs", "theirs"]]] as const
  ) {
    await using berth = gateway(config);
    const sent = { authorization: "Bearer mine", "x-api-key": "other", host: "gateway.test" };
    assertEquals(await statusOf(berth.post("/v1/completions", { model: "far/x" }, sent)), 200);
    const headers = berth.backend.requests.at(-1)?.headers;
    assertEquals([headers?.get("authorization"), headers?.get("x-api-key")], [...expected]);
    assertEquals(headers?.get("host"), new URL(berth.backend.baseUrl).host);
  }
});

const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

const UPGRADE = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};

async function activate(berth: Gateway, name: string | null): Promise<void> {
  const body = JSON.stringify({ name });
  assertEquals(await statusOf(berth.send({ method: "PUT", target: "/api/profiles/active", body })), 200);
}

/** Who was asked last, and with what. */
function seen({ backend }: Gateway): readonly unknown[] {
  const last = backend.requests.at(-1);
  return [last?.line.split("/")[1], JSON.parse(new TextDecoder().decode(last?.body))];
}
