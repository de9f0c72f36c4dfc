import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { chat, startGateway } from "./gateway.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

Deno.test("deno serve --parallel is refused, because each thread would have a queue of its own", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["serve", "-P", "--parallel", "--host", "127.0.0.1", "--port", "0", "src/worker.ts"],
    cwd: ROOT,
    env: { DENO_JOBS: "2", NO_COLOR: "1" },
    stdout: "null",
    stderr: "piped",
  }).output();
  assert(code !== 0);
  assertStringIncludes(new TextDecoder().decode(stderr), "Berth refuses --parallel");
});

Deno.test("a user's worker module runs with just the permissions listed and leaves no lock file beside it", async () => {
  const folder = await Deno.makeTempDir({ prefix: "berth-worker-" });
  await Deno.writeTextFile(`${folder}/secret.txt`, "42");
  await Deno.writeTextFile(
    `${folder}/echo.ts`,
    `const state = (name) => Deno.permissions.querySync({ name }).state;
     export default { fetch: () => Response.json({ read: state("read"), env: state("env"), args: Deno.args }) };`,
  );
  {
    await using gateway = await startGateway({
      config: `models:
  bare:
    worker: ${folder}/echo.ts --greeting "good day"
    checkEndpoint: /
  reader:
    worker: ${folder}/echo.ts
    checkEndpoint: /
    permissions: { read: ["${folder}"], env: true }
`,
    });
    const bare = await (await chat(gateway.url, "bare")).json();
    assertEquals(bare, { read: "prompt", env: "prompt", args: ["--greeting", "good day"] });
    const reader = await (await chat(gateway.url, "reader")).json();
    assertEquals([reader.env, reader.args], ["granted", []]);
  }
  const left = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  assertEquals(left, ["echo.ts", "secret.txt"]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a program that is not ours on the backend's port fails the start and is named to the operator", async () => {
  await using foreign = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response("not a model"),
  );
  await using gateway = await startGateway({
    config: `models:\n  a:\n    cmd: sleep 60\n    proxy: http://127.0.0.1:${foreign.addr.port}\n`,
  });
  const response = await chat(gateway.url, "a");
  const body = await response.text();
  assertEquals(response.status, 502, body);
  assertStringIncludes(body, "another program answers on its port");
  await gateway.logged(`(pid ${Deno.pid})`);
});
