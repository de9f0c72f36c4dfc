import { assertEquals, assertThrows } from "@std/assert";
import { loadConfig } from "../../src/config/load.ts";
import { GatewayError } from "../../src/errors.ts";
import { resolveModel } from "../../src/routing/resolve.ts";

const { config } = loadConfig({
  texts: [{
    text: "models:\n  a:\n    cmd: x ${PORT}\n    aliases: [first]\n  author/b:F16:\n    cmd: x ${PORT}\n",
    file: "test.yaml",
  }],
  env: () => undefined,
});

Deno.test("S1: a model id and an alias are found exactly; everything else is an unknown model", () => {
  assertEquals(["a", "first", "author/b:F16"].map((name) => resolveModel(config, name)), ["a", "a", "author/b:F16"]);
  for (const name of ["A", " a", "b", "__proto__", "constructor", "hasOwnProperty", "x".repeat(10_000)]) {
    const error = assertThrows(() => resolveModel(config, name), GatewayError);
    assertEquals([error.code, error.param], ["unknown_model", "model"]);
    assertEquals(error.message.length < 300, true);
  }
});
