import { assertEquals } from "@std/assert";
import { configReference } from "../../src/config/documentation.ts";
import { configJsonSchema } from "../../src/config/json_schema.ts";
import { parseDuration } from "../../src/config/durations.ts";
import { createLocator } from "../../src/config/positions.ts";
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

Deno.test("the locator finds keys and items in block style, and the holder of flow style", () => {
  const locate = createLocator('a:\n  - x: 1\n    y: 2\n  - z\nb: |\n  a: 5\n"q k":\n- 1\n- 2\nf: {g: [1]}\n');
  assertEquals(locate(["a", 0, "y"]), { line: 3, column: 5 });
  assertEquals(locate(["a", 1]), { line: 4, column: 3 });
  assertEquals(locate(["q k", 1]), { line: 9, column: 1 });
  assertEquals(locate(["f", "g", 0]), { line: 10, column: 1 });
  assertEquals(locate(["nowhere"]), { line: 0, column: 0 });
});

Deno.test("the JSON Schema and the reference in the repository are those of the schema", async () => {
  const schema = await Deno.readTextFile(new URL("config.schema.json", ROOT));
  assertEquals(schema, JSON.stringify(configJsonSchema(), null, 2) + "\n");
  assertEquals(await Deno.readTextFile(new URL("docs/configuration.md", ROOT)), configReference());
});
