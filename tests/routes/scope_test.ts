import { assertEquals } from "@std/assert";
import { gateway, modelsYaml, statusOf } from "./gateway.ts";

const CONFIG = `
${modelsYaml({ m: "" })}
apiKeys:
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
