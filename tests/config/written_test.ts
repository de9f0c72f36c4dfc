import { assertEquals } from "@std/assert";
import { createWritten } from "../../src/config/written.ts";

Deno.test("what stands at a path is found in the last text that has it, through merges and their circles", () => {
  const written = createWritten([
    { file: "a", text: "a: {x: 01, y: [1.50]}\nm: &m {<<: &n {<<: *m}}\n" },
    { file: "b", text: "a: {x: 02}\nm: {b: 1}\n" },
    { file: "c", text: "not: [yaml" },
  ]);
  assertEquals([written(["a", "x"]), written(["a", "y", 0]), written(["a"])], ["02", "1.50", undefined]);
  assertEquals([written(["m", "z"]), written(["m", "b", "c"]), written(["gone"])], [undefined, undefined, undefined]);
});
