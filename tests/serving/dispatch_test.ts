import { assertEquals } from "@std/assert";
import { INFERENCE_ROUTES } from "../../src/routes/inference_table.ts";
import { gateway, HeldAnswers, modelsYaml, settled, statusOf } from "../routes/gateway.ts";

const CONFIG = `
${modelsYaml({ m: "aliases: [also]", renamed: "useModelName: inner" })}
peers: { far: { proxy: "BACKEND/far", models: [x, m] } }
`;

Deno.test("SV59, SV60: the backend does not see /v and /audioapi; /v1 and every other path it sees as they are", async () => {
  await using berth = gateway(CONFIG);
  for (const { method, path } of INFERENCE_ROUTES) {
    const target = `${path.replace("{id}", "1")}?model=m`;
    const body = method === "POST" ? { body: "", headers: [["content-length", "0"]] as const } : {};
    assertEquals(await statusOf(berth.send({ method, target, ...body })), 200, path);
    assertEquals(berth.asked().at(-1), `${method} m${target.replace(/^\/(v|audioapi)(?=\/)/, "")}`);
  }
  assertEquals(berth.backend.requests.length, INFERENCE_ROUTES.length);
});

Deno.test("SV112: a name here wins over the same name at a peer; unknown names and paths are 404 and ask nobody", async () => {
  await using berth = gateway(CONFIG);
  for (const [model, asked] of [["m", "POST m/v1/completions"], ["also", "POST m/v1/completions"]] as const) {
    assertEquals(await statusOf(berth.post("/v1/completions", { model })), 200);
    assertEquals(berth.asked().at(-1), asked);
  }
  for (const model of ["x", "far/x", "far/m"]) {
    assertEquals(await statusOf(berth.post("/v1/completions", { model })), 200);
    assertEquals(berth.asked().at(-1), "POST far/v1/completions");
  }
  const before = berth.asked().length;
  for (
    const [path, model, reason] of [
      ["/v1/completions", "nope", "unknown_model"],
      ["/v1/completions", "far/nope", "unknown_model"],
      ["/v1/nothing", "m", "not_found"],
      ["/v2/completions", "m", "not_found"],
    ] as const
  ) {
    const answer = await berth.post(path, { model });
    assertEquals([answer.status, (await answer.json()).error.reason], [404, reason]);
  }
  assertEquals([berth.asked().length, berth.supervisor.journal], [before, ["start m"]]);
});

Deno.test("SV113: a task of /audioapi is routed by its model, and its model is renamed as its config says", async () => {
  await using berth = gateway(CONFIG);
  assertEquals(await statusOf(berth.post("/audioapi/v1/tasks/run", '{"task":1, "model": "renamed"}')), 200);
  assertEquals(berth.asked(), ["POST renamed/v1/tasks/run"]);
  assertEquals(new TextDecoder().decode(berth.backend.requests[0]?.body), '{"task":1, "model": "inner"}');
});

Deno.test("SV54: whatever encodings a client accepts, a backend is asked for none, so that its bytes pass as they are", async () => {
  await using berth = gateway(CONFIG);
  for (const accepted of ["gzip;q=0.5, deflate, br", "zstd", "*", ""]) {
    const headers = { "accept-encoding": accepted };
    assertEquals(await statusOf(berth.post("/v1/completions", { model: "m" }, headers)), 200);
    assertEquals(berth.backend.requests.at(-1)?.headers.get("accept-encoding"), "identity");
  }
});

Deno.test("SV33: a request that is cancelled while it is served, waits or is a peer's ends with an error, and is in flight no more", async () => {
  const held = new HeldAnswers();
  await using berth = gateway(CONFIG, held);
  const served = berth.post("/v1/completions", { model: "m" });
  await held.asked(1);
  const waiting = berth.post("/v1/completions", { model: "renamed" });
  const remote = berth.post("/v1/completions", { model: "x" });
  await held.asked(2);
  const { requests } = await (await berth.get("/api/inflight")).json();
  assertEquals(requests.length, 3);
  for (const { id } of [...requests].reverse()) {
    assertEquals(await statusOf(berth.send({ method: "POST", target: `/api/inflight/${id}/cancel` })), 200);
    await settled();
  }
  for (const answer of [served, waiting, remote]) {
    const { status, headers } = await answer;
    assertEquals([status, headers.get("x-berth-error")], [503, "cancelled"]);
    await (await answer).body?.cancel();
  }
  assertEquals(await (await berth.get("/api/inflight")).json(), { requests: [] });
  assertEquals(berth.supervisor.journal, ["start m"]); // what waited was never loaded
});

Deno.test("SW18, SV48: who accepts text or a page gets its error so, on every kind of route", async () => {
  await using berth = gateway(CONFIG + "apiKeys: [sesame]\n");
  const key = { "x-api-key": "sesame" };
  for (
    const [target, headers, status] of [
      ["/v1/models", {}, 401],
      ["/props", key, 400],
      ["/upstream/nope/x", key, 404],
      ["/comfyui/", key, 404],
      ["/nothing", key, 404],
      ["/v1/completions", key, 405],
    ] as const
  ) {
    for (
      const [accept, type, begin] of [
        ["text/plain", "text/plain", "berth: "],
        ["text/html,*/*", "text/html", "<!DOCTYPE html>"],
        ["application/json", "application/json", '{"src":"berth",'],
      ] as const
    ) {
      const answer = await berth.get(target, { ...headers, accept });
      const text = await answer.text();
      assertEquals([answer.status, answer.headers.get("content-type"), text.startsWith(begin)], [status, type, true]);
    }
  }
});
