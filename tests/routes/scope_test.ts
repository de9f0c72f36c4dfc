import { assertEquals } from "@std/assert";
import { gateway, modelsYaml, statusOf } from "./gateway.ts";

const CONFIG = `
${modelsYaml({ m: "", other: "" })}
profiles: { day: { pins: { fast: m } } }
apiKeys:
  - { key: other-alone, models: [other] }
  - { key: looks, scopes: [models] }
  - all-may
`;

Deno.test("a path that would be another one when it is tidied up asks for no more than its row allows", async () => {
  await using berth = gateway(CONFIG);
  assertEquals(await statusOf(berth.post("/v1/completions", { model: "m" }, { "x-api-key": "all-may" })), 200);
  for (const dots of ["..", "%2e%2e", ".%2E", "%2E."]) {
    for (const query of ["", "?api_key=looks", "?api_key=all-may&x"]) {
      const answer = await berth.get(`/v1/models/${dots}/${dots}/unload${query}`, { "x-api-key": "looks" });
      assertEquals(answer.status, 404, `${dots} ${query}`);
      await answer.body?.cancel();
    }
  }
  assertEquals(berth.supervisor.journal, ["start m"]);
});

Deno.test("who may not use a model is told the name that it asked for, and not where a profile leads it", async () => {
  await using berth = gateway(CONFIG);
  const key = { "x-api-key": "other-alone" };
  const body = '{"name":"day"}';
  await statusOf(
    berth.send({ method: "PUT", target: "/api/profiles/active", body, headers: [["x-api-key", "all-may"]] }),
  );
  for (
    const answer of [
      await berth.get("/upstream/fast/x", key),
      await berth.get("/upstream/fast", key),
      await berth.post("/v1/completions", { model: "fast" }, key),
    ]
  ) {
    assertEquals([answer.status, (await answer.json()).error.message], [
      403,
      'This API key may not use the model "fast"',
    ]);
  }
  assertEquals(berth.supervisor.journal, []);
});
