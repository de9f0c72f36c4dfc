import { assertEquals } from "@std/assert";
import { gateway, HeldAnswers, modelsYaml, settled, statusOf, until } from "./gateway.ts";

const CONFIG = modelsYaml({ comfyui_auto: "", other: "" });

Deno.test("SV7: /comfyui is redirected to its root, the query kept, and loads nothing", async () => {
  await using berth = gateway(CONFIG);
  for (const [method, status] of [["GET", 301], ["HEAD", 301], ["POST", 308], ["PUT", 308]] as const) {
    const answer = await berth.send({ method, target: "/comfyui?a=%2F&b" });
    assertEquals([answer.status, answer.headers.get("location")], [status, "/comfyui/?a=%2F&b"]);
  }
  assertEquals(berth.supervisor.journal, []);
});

Deno.test("SV8: only the root starts ComfyUI: what is below is 409 while it is stopped or starting, and nothing is asked", async () => {
  await using berth = gateway(CONFIG);
  const refused = await berth.get("/comfyui/api/queue");
  assertEquals([refused.status, (await refused.json()).error.message], [
    409,
    "model comfyui_auto is not loaded; only /comfyui/ can start it",
  ]);
  assertEquals(berth.supervisor.journal, []);
  berth.supervisor.heldStarts.add("comfyui_auto");
  const root = berth.get("/comfyui/");
  await settled();
  assertEquals(berth.supervisor.journal, ["start comfyui_auto"]);
  const starting = await berth.get("/comfyui/api/queue");
  assertEquals([starting.status, (await starting.json()).error.code], [409, "conflict"]);
  assertEquals(berth.asked(), []);
  berth.supervisor.last("comfyui_auto").run();
  assertEquals(await (await root).text(), "ok");
  assertEquals(await (await berth.get("/comfyui/api/queue")).text(), "ok");
  assertEquals(berth.asked(), ["GET comfyui_auto/", "GET comfyui_auto/api/queue"]);
});

Deno.test("SV9: ComfyUI sees the escapes and the query as they came, by any method", async () => {
  await using berth = gateway(CONFIG);
  await (await berth.get("/comfyui/")).text();
  const path = "userdata/a%2Fb%252Fc%20%E2%82%AC.json?x=%2F&y=%25";
  await (await berth.send({ method: "PUT", target: `/comfyui/${path}`, body: "{", headers: [["content-length", "1"]] }))
    .text();
  assertEquals(berth.asked().at(-1), `PUT comfyui_auto/${path}`);
  assertEquals(new TextDecoder().decode(berth.backend.requests.at(-1)?.body), "{");
});

Deno.test("SV10: ComfyUI must be a model here: an alias, a peer or a pin of that name does not count", async () => {
  const elsewhere = `${modelsYaml({ other: "aliases: [comfyui_auto]" })}
profiles: { day: { pins: { comfyui_auto: other } } }`;
  const remote = `models: {}\npeers: { far: { proxy: "BACKEND/far", models: [comfyui_auto] } }\n`;
  for (const config of [elsewhere, remote]) {
    await using berth = gateway(config);
    if (config === elsewhere) {
      await (await berth.send({ method: "PUT", target: "/api/profiles/active", body: '{"name":"day"}' })).text();
    }
    for (const target of ["/comfyui", "/comfyui/", "/comfyui/x"]) {
      const answer = await berth.get(target);
      assertEquals([answer.status, (await answer.json()).error.message], [404, "local model comfyui_auto not found"]);
    }
    assertEquals([berth.asked(), berth.supervisor.journal], [[], []]);
  }
});

Deno.test("SV11: ComfyUI asks for a key like any model", async () => {
  await using berth = gateway(`${CONFIG}apiKeys: [sesame]\n`);
  for (const target of ["/comfyui", "/comfyui/", "/comfyui/x"]) {
    const answer = await berth.get(target);
    assertEquals([answer.status, (await answer.json()).error.code], [401, "unauthorized"]);
  }
  const answer = await berth.get("/comfyui/", { authorization: "Bearer sesame" });
  assertEquals(await answer.text(), "ok");
  assertEquals(berth.backend.requests.at(-1)?.headers.has("authorization"), false);
});

Deno.test("what is below ComfyUI's root waits in line while ComfyUI stays, and never loads it again", async () => {
  const held = new HeldAnswers();
  await using berth = gateway(CONFIG + "routing: { scheduler: { settings: { serial: { parallel: 1 } } } }\n", {
    answer: ({ line }) => line.includes("/prompt") ? held.answer() : OK,
  });
  await (await berth.get("/comfyui/")).text();
  const prompt = berth.get("/comfyui/prompt");
  await settled();
  const other = berth.post("/v1/completions", { model: "other" });
  await settled();
  const late = berth.get("/comfyui/view?late");
  await settled();
  await held.give();
  assertEquals(await (await prompt).text(), "ok");
  assertEquals(await (await other).text(), "ok");
  const refused = await late;
  assertEquals([refused.status, (await refused.json()).error.code], [409, "conflict"]);
  assertEquals(berth.supervisor.count("start comfyui_auto"), 1);
});

Deno.test("what is below ComfyUI's root does not start it again when it has died unnoticed, nor after its body came late", async () => {
  await using berth = gateway(CONFIG.replace("BACKEND/comfyui_auto", "http://127.0.0.1:1"));
  const { supervisor, clock } = berth;
  for (const target of ["/comfyui/", "/comfyui/view"]) {
    const answer = berth.get(target);
    let isOver = false;
    answer.finally(() => isOver = true);
    await until(() => supervisor.running.has("comfyui_auto") && clock.waiting() > 0);
    if (target === "/comfyui/view") supervisor.end("comfyui_auto");
    await until(() => (clock.advance(100), isOver));
    assertEquals(await statusOf(answer), target === "/comfyui/" ? 502 : 409, target);
  }
  assertEquals(supervisor.count("start comfyui_auto"), 1);
});

Deno.test("a body for ComfyUI that comes when it has gone is 409 and loads nothing", async () => {
  await using berth = gateway(CONFIG);
  assertEquals(await statusOf(berth.get("/comfyui/")), 200);
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const late = berth.send({ method: "POST", target: "/comfyui/prompt", body: readable });
  await settled();
  assertEquals(await statusOf(berth.get("/unload")), 200);
  await writable.close();
  assertEquals(await statusOf(late), 409);
  assertEquals(berth.supervisor.count("start comfyui_auto"), 1);
});

const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
