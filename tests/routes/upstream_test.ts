import { assertEquals } from "@std/assert";
import { gateway, modelsYaml } from "./gateway.ts";

const CONFIG = modelsYaml({ "m1": "", "author/model": "", "m2": "useModelName: inner" });

Deno.test("SV6: what is below /upstream/MODEL is passed on, the model alone is redirected to its root, others are unknown", async () => {
  await using berth = gateway(CONFIG);
  const answer = await berth.get("/upstream/m1/some/page?x=1");
  assertEquals([answer.status, await answer.text()], [200, "ok"]);
  assertEquals(berth.asked(), ["GET m1/some/page?x=1"]);
});
