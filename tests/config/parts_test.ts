import { assertEquals } from "@std/assert";
import { configReference } from "../../src/config/documentation.ts";
import { configJsonSchema } from "../../src/config/json_schema.ts";
import { parseDuration } from "../../src/config/durations.ts";
import { nearestName } from "../../src/config/suggestions.ts";

const ROOT = new URL("../../", import.meta.url);

Deno.test("durations are seconds, or Go's form", () => {
  const cases: readonly [unknown, number | null][] = [
    [5, 5000],
    ["90s", 90_000],
    ["1m30s", 90_000],
    ["500ms", 500],
    ["1.5h", 5_400_000],
    ["7", 7000],
    ["", null],
    ["s", null],
    ["-1s", null],
    [-1, null],
    ["1x", null],
    [NaN, null],
    [true, null],
  ];
  for (const [text, ms] of cases) assertEquals(parseDuration(text), ms);
});

Deno.test("the nearest name is suggested only when it is near", () => {
  assertEquals(nearestName("alias", ["aliases", "cmd"]), "aliases");
  assertEquals(nearestName("start_port", ["startPort"]), "startPort");
  assertEquals(nearestName("zzz", ["cmd", "ttl"]), undefined);
});

Deno.test("the JSON Schema and the reference in the repository are those of the schema", async () => {
  const schema = await Deno.readTextFile(new URL("config.schema.json", ROOT));
  assertEquals(schema, JSON.stringify(configJsonSchema(), null, 2) + "\n");
  assertEquals(await Deno.readTextFile(new URL("docs/configuration.md", ROOT)), configReference());
});
