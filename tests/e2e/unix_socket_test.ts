import { assert, assertEquals, assertExists, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { startGateway } from "./gateway.ts";

const CONFIG = "models:\n  tiny-quick:\n    worker: berth:tiny --name tiny-quick\n";

const ROOT = new URL("../../", import.meta.url).pathname;

const MESSAGES = [{ role: "user", content: "ahoy" }];

/** A folder for a socket and a way to start a gateway that listens there. */
async function withFolder(
  act: (path: string, start: () => ReturnType<typeof startGateway>) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "berth-socket-" });
  const path = `${folder}/berth.sock`;
  try {
    await act(
      path,
      () =>
        startGateway({
          config: CONFIG,
          args: ["-listen", `unix:${path}`],
          permissions: ["-P", `--allow-write=${path}`],
        }),
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What a program prints, and its exit code. */
async function run(program: string, args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: decode(stdout), err: decode(stderr) };
}

function curl(path: string, ...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  return run("curl", ["-sS", "--unix-socket", path, ...args]);
}

Deno.test("a gateway on a unix socket answers, streams and shows no address, and its file goes with it", async () => {
  await withFolder(async (path, start) => {
    {
      await using gateway = await start();
      assertEquals(gateway.url, `unix:${path}`);
      assertEquals((await curl(path, "http://localhost/health")).out, "OK");
      const body = JSON.stringify({ model: "tiny-quick", stream: true, max_tokens: 4, messages: MESSAGES });
      const { out } = await curl(
        path,
        ...["-H", "content-type: application/json", "-d", body, "http://localhost/v1/chat/completions?x=1"],
      );
      assert(out.endsWith("data: [DONE]\n\n"), out);
      const { mode } = await Deno.stat(path);
      assertEquals((mode ?? 0) & 0o777, 0o660, "owner and group may connect, nobody else");
      assertStringIncludes(gateway.log(), `Try: curl --unix-socket ${path} http://localhost/v1/chat/completions`);
    }
    await assertRejects(() => Deno.lstat(path), Deno.errors.NotFound);
  });
});

Deno.test("a target in absolute form, as proxies send it, is served on a unix socket, too", async () => {
  await withFolder(async (path, start) => {
    await using _gateway = await start();
    const target = "http://localhost/v1/models?x=1";
    const { out } = await curl(path, "--request-target", target, "http://localhost/");
    assertEquals(JSON.parse(out).object, "list");
  });
});

Deno.test("the socket that a killed gateway left behind is replaced", async () => {
  await withFolder(async (path, start) => {
    await using first = await start();
    first.signal("SIGKILL");
    assertEquals(await first.exited, null);
    assert((await Deno.lstat(path)).isSocket);
    await using _second = await start();
    assertEquals((await curl(path, "http://localhost/health")).out, "OK");
  });
});

Deno.test("a socket at which a gateway listens is not taken from it", async () => {
  await withFolder(async (path, start) => {
    await using _gateway = await start();
    const error = await assertRejects(start, Error);
    assertStringIncludes(error.message, `[ERROR] Cannot listen on unix:${path}: another program listens there`);
    assertEquals((await curl(path, "http://localhost/health")).out, "OK");
  });
});

Deno.test("a file that is no socket is never removed", async () => {
  await withFolder(async (path, start) => {
    await Deno.writeTextFile(path, "precious");
    const error = await assertRejects(start, Error);
    assertStringIncludes(error.message, "what is there is no socket, and is left alone");
    assertEquals(await Deno.readTextFile(path), "precious");
  });
});

Deno.test("without the permissions for a socket the program ends with a line that has the flags", async () => {
  await withFolder(async (path) => {
    const args = ["-listen", `unix:${path}`];
    const error = await assertRejects(() => startGateway({ args }), Error);
    assertStringIncludes(error.message, `run it with --allow-write=${path} besides`);
    const permissions = ["--no-prompt", "--allow-net=127.0.0.1", "--allow-run"];
    const other = await assertRejects(() => startGateway({ args, permissions }), Error);
    assertStringIncludes(
      other.message,
      `run it with --allow-net=unix:${path} --allow-read=${path} --allow-write=${path} besides`,
    );
  });
});

Deno.test("berth permissions prints what a gateway on a socket needs, and with just that it serves", async () => {
  await withFolder(async (path) => {
    const printed = await run(Deno.execPath(), ["run", "-P", "main.ts", "permissions", "-listen", `unix:${path}`]);
    const [line = ""] = printed.out.split("\n");
    assertMatch(line, new RegExp(`--allow-net=unix:${path},\\S+ --allow-read=${path} --allow-write=${path} `));
    const flags = /^deno run (.*) \S+\/main\.ts /.exec(line)?.[1]?.split(" ");
    assertExists(flags);
    await using _gateway = await startGateway({ args: ["-listen", `unix:${path}`], permissions: flags });
    const body = JSON.stringify({ model: "tiny-quick", max_tokens: 2, messages: MESSAGES });
    const { out } = await curl(
      path,
      ...["-H", "content-type: application/json", "-d", body, "http://localhost/v1/chat/completions"],
    );
    assertEquals(JSON.parse(out).object, "chat.completion");
  });
});

Deno.test("commands reach a gateway on a socket, and say what they lack", async () => {
  await withFolder(async (path, start) => {
    await using _gateway = await start();
    const queue = (...flags: readonly string[]) =>
      run(Deno.execPath(), ["run", ...flags, "main.ts", "queue", "-url", `unix:${path}`]);
    const { code, out } = await queue("-P", `--allow-write=${path}`);
    assertEquals([code, out], [0, "Running: no model\nNothing is served and nobody waits.\n"]);
    const refused = await queue("-P");
    assertEquals(refused.code, 3);
    assertStringIncludes(refused.err, `run it with --allow-write=${path} besides`);
  });
  await withFolder(async (path) => {
    const { code, err } = await run(Deno.execPath(), [
      ...["run", "-P", `--allow-write=${path}`, "main.ts", "queue", "-url", `unix:${path}`],
    ]);
    assertEquals(code, 3);
    assertStringIncludes(err, `no gateway answers at unix:${path}`);
  });
});
