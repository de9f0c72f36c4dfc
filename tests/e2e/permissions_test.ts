import { assertEquals, assertFalse } from "@std/assert";
import { freePort } from "../fakes/free_port.ts";
import { chat, fakeEngine } from "./gateway.ts";
import { watchLog } from "./watched_log.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** The words of a line that a shell would run. */
async function wordsOf(line: string): Promise<readonly string[]> {
  const { stdout } = await new Deno.Command("sh", { args: ["-c", `printf '%s\\0' ${line}`] }).output();
  return new TextDecoder().decode(stdout).split("\0").slice(0, -1);
}

function processExists(pid: number): boolean {
  try {
    Deno.kill(pid, "SIGCONT");
    return true;
  } catch {
    return false;
  }
}

Deno.test("a gateway with exactly the printed permissions serves a cmd and a worker, swaps and stops them", async () => {
  const folder = await Deno.makeTempDir({ prefix: "berth-permissions-" });
  const file = `${folder}/config.yaml`;
  await Deno.writeTextFile(
    file,
    `startPort: ${freePort()}
apiKeys: ["\${env.BERTH_TEST_KEY}"]
models:
  engine:
    cmd: ${fakeEngine("")}
    aliases: ["\${env.BERTH_TEST_ALIAS}"]
  stopped-by-command:
    cmd: ${fakeEngine("")}
    cmdStop: kill -s TERM \${PID}
  worker:
    worker: berth:tiny --name worker
`,
  );
  const env = { BERTH_TEST_KEY: "sesame", BERTH_TEST_ALIAS: "quick", NO_COLOR: "1" };
  const printed = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-P", "main.ts", "permissions"],
      ...["-config", file, "-listen", `127.0.0.1:${freePort()}`, "-watch-config"],
    ],
    cwd: ROOT,
    env,
  }).output();
  const [line = ""] = new TextDecoder().decode(printed.stdout).split("\n");
  const [program, ...args] = await wordsOf(line);
  assertEquals(program, "deno");
  const child = new Deno.Command(Deno.execPath(), { args, cwd: ROOT, env, stdout: "null", stderr: "piped" }).spawn();
  const written = watchLog(child.stderr);
  const url = await written.url;
  const ask = async (model: string) => {
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: "Bearer sesame" },
      body: JSON.stringify({ model, max_tokens: 4, messages: [{ role: "user", content: "ahoy" }] }),
    });
    assertEquals(response.status, 200, await response.text() + written.text());
  };
  const leaders = async () => {
    const response = await fetch(`${url}/running`, { headers: { authorization: "Bearer sesame" } });
    const { running } = await response.json();
    return running.map((one: { model: string }) => one.model);
  };
  for (const model of ["quick", "worker", "stopped-by-command", "engine", "worker"]) {
    await ask(model);
    assertEquals(await leaders(), [model === "quick" ? "engine" : model], written.text());
  }
  assertEquals(await chat(url, "worker").then(async (r) => (await r.body?.cancel(), r.status)), 401);
  child.kill("SIGTERM");
  assertEquals((await child.status).code, 0, written.text());
  await written.ended;
  assertFalse(/NotCapable|Requires|permission/i.test(written.text()), written.text());
  assertFalse(processExists(child.pid));
  await Deno.remove(folder, { recursive: true });
});
