import { assert, assertEquals } from "@std/assert";
import { gateway, modelsYaml, settled, statusOf, until } from "./gateway.ts";

const TOGETHER = `
routing: { scheduler: { use: fifo } }
groups: { pair: { swap: false, members: [a, b] } }
`;
const CONFIG = `
${
  modelsYaml({
    a: "aliases: [an-a], name: A, description: The first, ttl: 60, unloadTimeout: 7",
    b: "unloadTimeout: 3",
    quiet: "compat: { ignoreWebsockets: true }",
  })
}
peers: { far: { proxy: "BACKEND/far", models: [x] } }
hooks: { on_startup: { preload: [b] } }
`;

Deno.test("SV114: health is OK to everybody, as text", async () => {
  await using berth = gateway(CONFIG + "apiKeys: [sesame]\n");
  for (const target of ["/health", "/wol-health"]) {
    const answer = await berth.get(target);
    assertEquals([answer.status, await answer.text()], [200, "OK"]);
    assert(answer.headers.get("content-type")?.startsWith("text/plain"));
    assertEquals(await statusOf(berth.send({ method: "HEAD", target })), 200);
  }
});

Deno.test("SV34: the version has the keys that llama-swap's has", async () => {
  await using berth = gateway(CONFIG);
  const body = await (await berth.get("/api/version")).json();
  assertEquals(Object.keys(body), ["version", "commit", "build_date"]);
});

Deno.test("SV115: OPTIONS of anything is a preflight: 204, no key, nothing asked", async () => {
  await using berth = gateway(CONFIG + "apiKeys: [sesame]\n");
  for (const target of ["/v1/chat/completions", "/upstream/a/x", "/comfyui/", "/nothing/there", "/unload"]) {
    const answer = await berth.send({ method: "OPTIONS", target, headers: [["origin", "http://page.test"]] });
    assertEquals([answer.status, answer.headers.get("access-control-allow-origin")], [204, "*"], target);
  }
  assertEquals([berth.asked(), berth.supervisor.journal], [[], []]);
});

Deno.test("SV116: /running tells what runs in order of the ids, and /unload is OK when nothing does any more", async () => {
  await using berth = gateway(TOGETHER + CONFIG);
  assertEquals(await (await berth.get("/running")).json(), { running: [] });
  for (const model of ["b", "an-a"]) assertEquals(await statusOf(berth.post("/v1/completions", { model })), 200);
  assertEquals(await (await berth.get("/running")).json(), {
    running: [
      {
        model: "a",
        state: "ready",
        cmd: "run a",
        proxy: `${berth.backend.baseUrl}/a`,
        ttl: 60,
        name: "A",
        description: "The first",
      },
      {
        model: "b",
        state: "ready",
        cmd: "run b",
        proxy: `${berth.backend.baseUrl}/b`,
        ttl: 0,
        name: "",
        description: "",
      },
    ],
  });
  const answer = await berth.get("/unload");
  assertEquals([answer.status, await answer.text()], [200, "OK"]);
  assertEquals(await (await berth.get("/running")).json(), { running: [] });
});

Deno.test("SV63: unloading everything stops each model once, in the time that its config gives it", async () => {
  for (
    const [method, target, text] of [["GET", "/unload", "OK"], ["POST", "/api/models/unload", '{"msg":"ok"}']] as const
  ) {
    await using berth = gateway(TOGETHER + CONFIG);
    for (const model of ["a", "b"]) assertEquals(await statusOf(berth.post("/v1/completions", { model })), 200);
    berth.supervisor.heldStops.add("b");
    let isOver = false;
    const answer = berth.send({ method, target }).finally(() => isOver = true);
    await settled();
    assertEquals(isOver, false); // it waits until the last one is gone
    berth.supervisor.end("b");
    assertEquals(await (await answer).text(), text);
    assertEquals(berth.supervisor.journal.filter((entry) => entry.startsWith("terminate")).sort(), [
      "terminate a",
      "terminate b",
    ]);
    const graces = Object.fromEntries(
      berth.supervisor.terminated.map(({ model, stopGraceMs }) => [model, stopGraceMs]),
    );
    assertEquals(graces, { a: 7000, b: 3000 });
  }
});

Deno.test("SV64: one model is unloaded by id or alias; a name that is no model here is 404 and unloads nothing", async () => {
  await using berth = gateway(TOGETHER + CONFIG);
  for (const model of ["a", "b"]) assertEquals(await statusOf(berth.post("/v1/completions", { model })), 200);
  for (const name of ["nope", "far/x", "x", "A"]) {
    const answer = await berth.send({ method: "POST", target: `/api/models/unload/${name}` });
    assertEquals([answer.status, (await answer.json()).error.code], [404, "not_found"]);
  }
  assertEquals(berth.supervisor.count("terminate a"), 0);
  const answer = await berth.send({ method: "POST", target: "/api/models/unload/an-a" });
  assertEquals([answer.status, await answer.text()], [200, "OK"]);
  assertEquals([berth.supervisor.count("terminate a"), berth.supervisor.count("terminate b")], [1, 0]);
});

Deno.test("SV111: the router of the config decides which models stand together: groups or a matrix", async () => {
  const matrix = `
routing: { scheduler: { use: fifo }, router: { use: matrix, settings: { matrix: { sets: { s: a & b } } } } }
`;
  const swapping = "routing: { scheduler: { use: fifo } }\n";
  for (const [rules, stopped] of [[TOGETHER, 0], [matrix, 0], [swapping, 1]] as const) {
    await using berth = gateway(rules + CONFIG);
    for (const model of ["a", "b"]) assertEquals(await statusOf(berth.post("/v1/completions", { model })), 200);
    assertEquals(berth.supervisor.count("terminate a"), stopped, rules);
  }
});

Deno.test("SV117: what the config preloads is loaded at the start, and events tell when it is ready", async () => {
  await using berth = gateway(CONFIG);
  const reader = (await berth.get("/api/events")).body?.pipeThrough(new TextDecoderStream()).getReader();
  await berth.worker.preload();
  berth.clock.advance(10_000);
  let text = "";
  while (!/\\"id\\":\\"b\\"[^}]*\\"state\\":\\"ready\\"/.test(text)) text += (await reader?.read())?.value ?? "";
  assertEquals([berth.supervisor.journal, berth.asked()], [["start b"], []]);
  await reader?.cancel();
});

Deno.test("SV118: the end of the gateway stops each process once, however often it is asked for", async () => {
  await using berth = gateway(TOGETHER + CONFIG);
  for (const model of ["a", "b"]) assertEquals(await statusOf(berth.post("/v1/completions", { model })), 200);
  await Promise.all([berth.worker.close({ graceMs: 1000 }), berth.worker.close({ graceMs: 1000 })]);
  await berth.worker.close({ graceMs: 0 });
  assertEquals(berth.supervisor.journal.filter((entry) => entry.startsWith("terminate")).sort(), [
    "terminate a",
    "terminate b",
  ]);
  const refused = await berth.post("/v1/completions", { model: "a" });
  assertEquals([refused.status, (await refused.json()).error.reason], [503, "shutting_down"]);
});

Deno.test("SV119: the log of a model begins with its history; a name that is no source is 400", async () => {
  await using berth = gateway(CONFIG);
  berth.supervisor.history("a").push(new TextEncoder().encode("before\n"));
  const stream = (await berth.get("/logs/stream/an-a/ignored/rest")).body?.pipeThrough(new TextDecoderStream())
    .getReader();
  assertEquals((await stream?.read())?.value, "before\n");
  berth.supervisor.history("a").push(new TextEncoder().encode("live\n"));
  assertEquals((await stream?.read())?.value, "live\n");
  await stream?.cancel();
  for (const name of ["nope", "far/x", "x"]) {
    const answer = await berth.get(`/logs/stream/${name}`);
    assertEquals(answer.status, 400);
    assert((await answer.json()).error.message.includes("invalid logger. Use 'proxy', 'upstream' or a model's ID"));
  }
});

Deno.test("SV72: /logs is the exact bytes as plain text, whatever is accepted", async () => {
  await using berth = gateway(CONFIG);
  for (const accept of ["*/*", "text/html"]) { // there is no page yet to lead a browser to
    const answer = await berth.get("/logs", { accept });
    assertEquals([answer.status, answer.headers.get("content-type")], [200, "text/plain"]);
    assertEquals(new Uint8Array(await answer.arrayBuffer()), berth.logs.combined.bytes());
  }
});

Deno.test("RL13: an ignored websocket is 409 while its model is stopped or starting; an ordinary one starts it", async () => {
  await using berth = gateway(CONFIG);
  const socket = (model: string) => berth.get(`/v1/realtime?model=${model}`, UPGRADE);
  assertEquals([await statusOf(socket("quiet")), berth.supervisor.journal], [409, []]);
  berth.supervisor.heldStarts.add("quiet");
  const page = berth.get("/upstream/quiet/");
  await settled();
  assertEquals([await statusOf(socket("quiet")), berth.supervisor.journal], [409, ["start quiet"]]);
  berth.supervisor.last("quiet").run();
  assertEquals(await statusOf(page), 200);
  const answer = socket("a"); // its backend speaks no websocket, and answers as it does
  await until(() => berth.asked().includes("GET a/v1/realtime?model=a"));
  assertEquals(await statusOf(answer), 200);
});

const UPGRADE = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};
