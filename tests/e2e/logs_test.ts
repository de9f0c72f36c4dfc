import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { freePort } from "../fakes/free_port.ts";
import { chat, fakeEngine, startGateway } from "./gateway.ts";
import { watchLog } from "./watched_log.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** Ten times what a pipe holds, then the fake engine. */
function noisyEngine(): string {
  return `sh -c 'head -c 700000 /dev/zero | tr "\\\\0" x; echo; exec "$@"' sh ${fakeEngine("")}`;
}

/** A gateway whose standard output nobody reads. */
async function startUnread(config: string) {
  const folder = await Deno.makeTempDir({ prefix: "berth-logs-" });
  const file = `${folder}/config.yaml`;
  await Deno.writeTextFile(file, `startPort: ${freePort()}\n${config}`);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-P", "main.ts", "-config", file, "-listen", "127.0.0.1:0"],
    cwd: ROOT,
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
  const written = watchLog(child.stderr);
  return {
    url: await written.url,
    child,
    log: written.text,
    async stop(): Promise<number> {
      child.kill("SIGTERM");
      const { code } = await child.status;
      await written.ended;
      await Deno.remove(folder, { recursive: true });
      return code;
    },
  };
}

async function statusOf(answer: Promise<Response>): Promise<number> {
  const response = await answer;
  await response.body?.cancel();
  return response.status;
}

Deno.test("W23: a standard output that nobody reads, and one that is closed, stop neither gateway nor backends", async () => {
  const config =
    `logToStdout: both\nmodels:\n  a:\n    cmd: |\n      ${noisyEngine()}\n  b:\n    cmd: |\n      ${noisyEngine()}\n`;
  const gateway = await startUnread(config);
  for (const model of ["a", "b", "a"]) assertEquals(await statusOf(chat(gateway.url, model)), 200, gateway.log());
  await gateway.child.stdout.cancel();
  for (const model of ["b", "a"]) assertEquals(await statusOf(chat(gateway.url, model)), 200, gateway.log());
  const kept = await (await fetch(`${gateway.url}/logs/stream/a?no-follow`)).text();
  assertEquals(kept.length, 102_400);
  assertEquals(await gateway.stop(), 0);
});

Deno.test("§2.7: logToStdout puts what backends print on standard output and the gateway's lines on standard error", async () => {
  const config = (selection: string) =>
    `logToStdout: ${selection}\nlogLevel: info\nmodels:\n  a:\n    cmd: sh -c 'echo words of the engine; exec "$@"' sh ${
      fakeEngine("")
    }\n`;
  const both = await startUnread(config("both"));
  assertEquals(await statusOf(chat(both.url, "a")), 200);
  assertEquals(await both.stop(), 0);
  assertStringIncludes(await new Response(both.child.stdout).text(), "words of the engine\n");
  assertMatch(both.log(), /\[INFO\] Stopped\n$/);

  const proxy = await startUnread(config("proxy"));
  assertEquals(await statusOf(chat(proxy.url, "a")), 200);
  assertEquals(await proxy.stop(), 0);
  assertEquals(await new Response(proxy.child.stdout).text(), "");
});

Deno.test("logs -f of the real program prints history and live lines, and ends when the gateway does", async () => {
  const gateway = await startGateway();
  const follower = new Deno.Command(Deno.execPath(), {
    args: ["run", "-P", "main.ts", "logs", "-f", "proxy", "-url", gateway.url],
    cwd: ROOT,
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
  const reader = follower.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    if (text === "") gateway.signal("SIGTERM"); // it follows: the history has come
    text += read.value;
  }
  assertStringIncludes(text, "Listening on");
  assertStringIncludes(text, "SIGTERM: ");
  assertEquals((await follower.status).code, 0);
  assertStringIncludes(await new Response(follower.stderr).text(), "the gateway has ended the log");
  assertEquals(await gateway.exited, 0);
  await gateway[Symbol.asyncDispose]();
});
