import { assert, assertEquals } from "@std/assert";

const ROOT = new URL("../../", import.meta.url).pathname;

// `deno compile` downloads `denort`; with the full program in its place everything but the result's start is exercised.
Deno.test("deno compile type-checks and packs the whole program into one file", async () => {
  const folder = await Deno.makeTempDir({ prefix: "berth-compile-" });
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["compile", "-P=default", "--no-prompt", "--output", `${folder}/berth`, "main.ts"],
    cwd: ROOT,
    env: { DENORT_BIN: await Deno.realPath(Deno.execPath()), NO_COLOR: "1" },
    stdout: "null",
    stderr: "piped",
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  const { isFile, size } = await Deno.stat(`${folder}/berth`);
  assert(isFile && size > 1_000_000);
  await Deno.remove(folder, { recursive: true });
});
