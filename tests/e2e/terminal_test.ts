import { assertFalse, assertStringIncludes } from "@std/assert";
import { watchLog } from "./watched_log.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** `script` gives a program a pseudo-terminal: there a missing permission would prompt. */
function hasScript(): boolean {
  try {
    return new Deno.Command("script", { args: ["--version"], stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

Deno.test({
  name: "deno run --allow-run --allow-net main.ts in a terminal serves the default config and never prompts",
  ignore: !hasScript(),
  async fn() {
    // The default port may be taken where tests run: the flag after main.ts is the only thing added to the command.
    const command = `exec ${Deno.execPath()} run --allow-run --allow-net main.ts -listen 127.0.0.1:0`;
    const child = new Deno.Command("script", {
      args: ["-qfec", command, "/dev/null"],
      cwd: ROOT,
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
      env: { DENO_NO_PROMPT: "" },
    }).spawn();
    const written = watchLog(child.stdout);
    const url = await written.url;
    const answer = await fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      body: JSON.stringify({ model: "tiny", max_tokens: 4, messages: [{ role: "user", content: "ahoy" }] }),
      headers: { "content-type": "application/json" },
    });
    assertStringIncludes(await answer.text(), "choices");
    assertFalse(/prompt|Allow\?|\[y\/n/i.test(written.text()), written.text());
    // Control-C, as a person would end it.
    const writer = child.stdin.getWriter();
    await writer.write(new Uint8Array([3]));
    await child.status;
    await written.ended.catch(() => {});
    await writer.close().catch(() => {});
  },
});
