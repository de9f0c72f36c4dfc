import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Backends } from "../../src/backend/backends.ts";
import type { WorkerPermissions } from "../../src/backend/types.ts";
import { workerCommand } from "../../src/backend/worker_command.ts";
import { systemClock } from "../../src/clock.ts";
import { silentLog } from "../../src/log.ts";
import { specOf, within } from "./processes.ts";

/** A port that was free a moment ago. */
function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  listener.close();
  return listener.addr.port;
}

/** Runs the worker as a backend, asks it once, and stops it. */
async function answerOf(folder: string, permissions: WorkerPermissions): Promise<{ status: number; text: string }> {
  const port = freePort();
  const proxy = `http://127.0.0.1:${port}`;
  const worker = workerCommand({
    execPath: Deno.execPath(),
    port,
    module: `${folder}/worker.ts`,
    args: [],
    permissions,
  });
  const command = ["sh", "-c", 'cd "$0" && exec "$@"', folder, ...worker];
  const spec = specOf("", { kind: "worker", command, proxy, startTimeoutMs: 30_000 });
  const backends = new Backends({ specs: [spec], clock: systemClock, log: silentLog });
  try {
    const loading = backends.load("m", { evict: [], signal: new AbortController().signal });
    await within(loading).catch((error) => {
      throw new Error(`${error}\n${backends.output("m")}`);
    });
    const response = await fetch(proxy, { headers: { connection: "close" } });
    return { status: response.status, text: await response.text() };
  } finally {
    await backends.close();
  }
}

Deno.test("a worker runs under deno serve, may read no file unless allowed, and leaves no lock file", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const source = await Deno.readTextFile(new URL("fixtures/worker.ts", import.meta.url));
    await Deno.writeTextFile(`${folder}/worker.ts`, source);
    // With a config file beside it and a package imported, `deno` would write a lock file unless told not to.
    await Deno.writeTextFile(`${folder}/deno.json`, "{}");

    assertEquals(await answerOf(folder, {}), { status: 403, text: "NotCapable" });
    const allowed = await answerOf(folder, { read: [folder] });
    assertEquals(allowed.status, 200);
    assertStringIncludes(allowed.text, "A worker that tells");
    await assertRejects(() => Deno.stat(`${folder}/deno.lock`), Deno.errors.NotFound);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
