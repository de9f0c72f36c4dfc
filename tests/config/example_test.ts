import { assertEquals } from "@std/assert";
import { parse } from "@std/yaml";
import { DEFAULT_CONFIG_TEXT } from "../../src/config/default_config.ts";
import { configJsonSchema } from "../../src/config/json_schema.ts";
import { MODEL_SECTIONS, TOP_SECTIONS } from "../../src/config/sections.ts";
import { violations } from "./json_schema.ts";
import { load } from "./loading.ts";

/** Takes the sign away from the lines that the example offers as keys to try. */
const TRIED = DEFAULT_CONFIG_TEXT.replaceAll(/^#(?! \S)/gm, "");

Deno.test("CD20: the example keeps to the JSON Schema, as it is and with every key tried", () => {
  for (const text of [DEFAULT_CONFIG_TEXT, TRIED.replaceAll("${env.ATTIC_KEY}", "k")]) {
    assertEquals(violations(configJsonSchema(), parse(text)), []);
  }
});

Deno.test("the example serves two tiny models without a warning", () => {
  const { config, warnings } = load(DEFAULT_CONFIG_TEXT);
  assertEquals(warnings.map(String), []);
  assertEquals([...config.models.keys()], ["tiny-quick", "tiny-slow"]);
});

Deno.test("the example loads with every key tried, under either router", () => {
  for (const use of ["group", "matrix"]) {
    const text = TRIED.replace("use: serial", "use: fifo").replace("use: group", `use: ${use}`);
    const { config, warnings } = load(text, { env: () => "key" });
    assertEquals([config.router.kind, config.models.size], [use === "group" ? "groups" : "matrix", 3]);
    const odd = warnings.map(String).filter((warning) => !warning.includes("but has no effect"));
    assertEquals(odd.filter((warning) => !warning.includes(`the router in use is \`${use}\``)), []);
  }
});

Deno.test("the example shows every top-level key besides legacy ones and those nobody needs", () => {
  const shown = new Set(Object.keys(parse(TRIED) as object));
  const left = TOP_SECTIONS.flatMap(({ keys }) => keys).filter((key) => !shown.has(key));
  assertEquals(left.sort(), [
    "groups",
    "includeAliasesInList",
    "logRequests",
    "matrix",
    "metricsMaxInMemory",
  ]);
  assertEquals(MODEL_SECTIONS.length > 0, true);
});

Deno.test("the JSON Schema takes macros and unknown keys, and refuses what the loader refuses", () => {
  const schema = configJsonSchema();
  const model = {
    cmd: "x",
    ttl: "${t}",
    unlisted: "${u}",
    capabilities: { in: ["${kind}"] },
    timeouts: { connect: "${c}" },
  };
  assertEquals(violations(schema, { startPort: "${p}", whatever: 1, models: { m: { ...model, more: [] } } }), []);
  assertEquals(violations(schema, { startPort: 0, models: { m: { ttl: "x", timeouts: { connect: -1 } } } }), [
    ".startPort: fits none of the forms",
    ".models.m.ttl: fits none of the forms",
    ".models.m.timeouts.connect: fits none of the forms",
  ]);
  assertEquals(violations(schema, { selectors: { s: {} }, startPort: 65536 }), [
    ".selectors.s: lacks strategy",
    ".selectors.s: lacks targets",
    ".startPort: fits none of the forms",
  ]);
});

Deno.test("the schema for editors takes a blank key where blank means the default", () => {
  const blank = parse("ttl:\nenv:\nfilters:\naliases:\nunlisted:\ntimeouts: {connect: }\ncapabilities:\n");
  const text = { logLevel: null, macros: null, routing: null, models: { m: { cmd: "x", ...blank as object } } };
  assertEquals(violations(configJsonSchema(), text), []);
  assertEquals(violations(configJsonSchema(), { selectors: { s: { strategy: "pin", targets: null } } }).length, 1);
});
