import { assertEquals } from "@std/assert";
import { type Gateway, gateway, modelsYaml, statusOf } from "./gateway.ts";

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

Deno.test("who may use some models sees the pins of a profile that lead to them, and no others", async () => {
  await using berth = gateway(`
${modelsYaml({ m: "", other: "" })}
peers: { far: { proxy: "http://127.0.0.1:9", models: [x] } }
selectors: { both: { strategy: warm, targets: [other, m] }, mine: { strategy: warm, targets: [other] } }
profiles:
  day: { pins: { a: m, b: other, c: both, d: mine, e: far/x, m: "", other: "" } }
  night: { pins: { a: m } }
apiKeys:
  - { key: other-alone, models: [other], scopes: [inference, models] }
  - all-may
`);
  assertEquals(await pinsFor(berth, "other-alone"), { day: ["b", "d", "other"], night: [] });
  assertEquals(await pinsFor(berth, "all-may"), { day: ["a", "b", "c", "d", "e", "m", "other"], night: ["a"] });
});

async function pinsFor(berth: Gateway, key: string): Promise<Record<string, readonly string[]>> {
  const { profiles } = await (await berth.get("/api/profiles", { "x-api-key": key })).json();
  return Object.fromEntries(profiles.map(({ id, pins }: { id: string; pins: object }) => [id, Object.keys(pins)]));
}

Deno.test("a stored response of a model that the key may not use is as unknown as any, and nobody is asked", async () => {
  const body = '{"id":"resp_1"}';
  await using berth = gateway(CONFIG, {
    answer: () => `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  });
  const ask = (id: string, key: string) => berth.get(`/v1/responses/${id}`, { "x-api-key": key });
  const made = berth.post("/v1/responses", { model: "m" }, { "x-api-key": "all-may" });
  assertEquals([await statusOf(made), await statusOf(ask("resp_1", "all-may"))], [200, 200]);
  const asked = berth.asked().length;
  const refused = await ask("resp_1", "other-alone");
  const unknown = await ask("resp_2", "other-alone");
  assertEquals([refused.status, await refused.text()], [unknown.status, await unknown.text()]);
  assertEquals([unknown.status, berth.asked().length], [400, asked]); // the query may name the model
});
