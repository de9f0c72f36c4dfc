import { assert, assertEquals } from "@std/assert";

Deno.test("the worker serves under `deno serve` without any permission flag", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "serve",
      "--no-lock",
      "--no-prompt",
      "--host",
      "127.0.0.1",
      "--port",
      "0",
      new URL("../../src/tiny/worker.ts", import.meta.url).pathname,
      "--name",
      "quay",
    ],
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  try {
    const origin = await announcedOrigin(child.stderr);
    const health = await fetch(`${origin}/health`);
    assertEquals([health.status, await health.json()], [200, { status: "ok" }]);
    const body = JSON.stringify({ prompt: "The ship", max_tokens: 5, stream: true });
    const stream = await fetch(`${origin}/v1/completions`, { method: "POST", body });
    assert((await stream.text()).endsWith("data: [DONE]\n\n"));
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
});

/** Reads lines until the one that tells where the server listens, and leaves the pipe closed. */
async function announcedOrigin(output: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  for await (const part of output.pipeThrough(new TextDecoderStream())) {
    text += part;
    const found = /http:\/\/127\.0\.0\.1:\d+(?=\D)/.exec(text);
    if (found !== null) return found[0];
  }
  throw new Error(`the worker ended without listening: ${text}`);
}
