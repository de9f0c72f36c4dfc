import { assertEquals, assertThrows } from "@std/assert";
import { parseTinyOptions } from "../../src/tiny/options.ts";

Deno.test("flags are read in both forms, with units", () => {
  assertEquals(parseTinyOptions(["--name", "a", "--load=1.5s", "--tokens-per-second", "20", "--memory=64MiB"]), {
    name: "a",
    loadMs: 1500,
    tokensPerSecond: 20,
    memoryBytes: 64 * 2 ** 20,
  });
  assertEquals(parseTinyOptions(["--load", "200ms"]).loadMs, 200);
  assertEquals(parseTinyOptions(["--load", "2"]).loadMs, 2000);
});

Deno.test("no flag means an instant, unpaced model that takes no extra memory", () => {
  assertEquals(parseTinyOptions([]), { name: "tiny", loadMs: 0, tokensPerSecond: undefined, memoryBytes: 0 });
});

Deno.test("a wrong flag or value is refused by name", () => {
  const refused: [string[], string][] = [
    [["--nope", "1"], "--nope"],
    [["--name"], "--name"],
    [["--load", "soon"], "--load"],
    [["--load", "-1s"], "--load"],
    [["--tokens-per-second", "0"], "--tokens-per-second"],
    [["--tokens-per-second", "many"], "--tokens-per-second"],
    [["--memory", "64 apples"], "--memory"],
    [["--memory", "9000GiB"], "--memory"],
  ];
  for (const [args, word] of refused) assertThrows(() => parseTinyOptions(args), Error, word);
});
