import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ConfigReloader } from "../../src/cli/config_reloader.ts";
import type { ConfigPaths } from "../../src/cli/flags.ts";
import { differenceOf } from "../../src/config/difference.ts";
import { ConfigErrors } from "../../src/config/load.ts";
import type { KeptPort } from "../../src/config/sources.ts";
import type { Config } from "../../src/config/types.ts";
import { GatewayError } from "../../src/errors.ts";
import type { Log } from "../../src/log.ts";
import type { WorkerConfig } from "../../src/worker.ts";

const A = "models:\n  a: { cmd: 'engine --port ${PORT}' }\n";

/** Files in a folder, a reloader over them, and a worker that only takes what it is given. */
async function scene(act: (scene: Awaited<ReturnType<typeof build>>) => Promise<void> | void): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "berth-reload-" });
  try {
    await act(await build(folder));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function build(folder: string) {
  const file = `${folder}/c.yaml`;
  await Deno.writeTextFile(file, A);
  const lines: string[] = [];
  const keep = (level: string) => (line: string) => void lines.push(`${level} ${line}`);
  const log: Log = { debug: keep("debug"), info: keep("info"), warn: keep("warn"), error: keep("error") };
  const inForce: Config[] = [];
  let now = 0;
  const reloader = (paths: ConfigPaths = { file, dir: null }) =>
    new ConfigReloader({
      paths,
      log,
      onInForce: (config) => void inForce.push(config),
      now: () => new Date(now += 1000),
    });
  const worker = {
    config: null as Config | null,
    kept: new Map<string, KeptPort>(),
    closed: false,
    reload(read: (kept: ReadonlyMap<string, KeptPort>) => WorkerConfig) {
      if (worker.closed) throw new GatewayError("shutting_down", "The gateway is shutting down");
      const { config } = read(worker.kept);
      const difference = differenceOf(worker.config ?? config, config);
      worker.config = config;
      return { difference, draining: difference.changed, drained: Promise.resolve() };
    },
  };
  const started = (paths?: ConfigPaths) => {
    const files = reloader(paths);
    worker.config = files.start().config;
    files.attach(worker);
    return files;
  };
  return { folder, file, lines, inForce, worker, reloader, started };
}

Deno.test("a changed file is in force when the reload returns, and the answer says what differs", () =>
  scene(async ({ file, lines, inForce, worker, started }) => {
    const files = started();
    assertEquals(files.origin(), {
      files: [file],
      loadedAt: "1970-01-01T00:00:01.000Z",
      generation: 1,
      warnings: [],
      rejected: null,
    });
    await Deno.writeTextFile(
      file,
      "logLevel: loud\n" + A.replace("engine", "motor") + "  b: { cmd: 'x --port ${PORT}' }\n",
    );
    const { warnings, ...answer } = files.reload();
    assertEquals(answer, {
      status: "reloaded",
      problems: [],
      added: ["b"],
      changed: ["a"],
      removed: [],
      settings: [],
      draining: ["a"],
    });
    assertEquals(warnings.length, 1);
    assertEquals([...worker.config?.models.keys() ?? []], ["a", "b"]);
    assertEquals(inForce, [worker.config]);
    assertEquals([files.origin().generation, files.origin().loadedAt], [2, "1970-01-01T00:00:02.000Z"]);
    assertEquals(files.origin().warnings, warnings);
    assert(
      lines.includes(
        "info The config is reloaded (generation 2). added: b; changed: a; ending when they have served: a",
      ),
    );
  }));

Deno.test("a config that does not load changes nothing; the log, the answer and the origin say why, until it is mended", () =>
  scene(async ({ file, lines, worker, started }) => {
    const files = started();
    const before = worker.config;
    await Deno.writeTextFile(file, A + "  b: { ttl: often }\nlogLevle: debug\n");
    const answer = files.reload();
    assertEquals(answer.warnings.map((warning) => warning.replace(file, "")), [
      ':4:1: logLevle: Unknown key "logLevle" is ignored. Did you mean "logLevel"?',
    ]);
    assertStringIncludes(lines.join("\n"), `  warning: ${answer.warnings[0]}`);
    assertEquals([answer.status, worker.config === before], ["rejected", true]);
    assert(answer.problems.length > 0 && answer.problems.every((problem) => problem.startsWith(`${file}:3:`)));
    const { rejected, generation } = files.origin();
    assertEquals([rejected, generation], [{ at: "1970-01-01T00:00:02.000Z", problems: answer.problems }, 1]);
    assertStringIncludes(lines.join("\n"), `error The config was not reloaded, the one before stays in force.`);
    for (const problem of answer.problems) assertStringIncludes(lines.join("\n"), problem);
    await Deno.writeTextFile(file, A);
    assertEquals(files.reload().status, "unchanged");
    assertEquals(files.origin().rejected, null);
    await Deno.remove(file);
    assertEquals(files.reload().status, "rejected");
    assertStringIncludes(files.origin().rejected?.problems.join() ?? "", file);
  }));

Deno.test("a config that means the same is unchanged, whether a byte of it differs or not", () =>
  scene(async ({ file, inForce, started }) => {
    const files = started();
    assertEquals(files.reload().status, "unchanged");
    await Deno.writeTextFile(file, "# a comment\n" + A);
    assertEquals(files.reload().status, "unchanged");
    assertEquals([files.origin().generation, inForce], [1, []]);
  }));

Deno.test("a running model keeps its port, also when a new model comes before it", () =>
  scene(async ({ file, worker, started }) => {
    const files = started();
    const { processKey = "", port } = worker.config?.models.get("a") ?? {};
    worker.kept.set("a", { processKey, port: port ?? 0 });
    await Deno.writeTextFile(file, A.replace("models:\n", "models:\n  A: { cmd: 'x --port ${PORT}' }\n"));
    assertEquals(files.reload().added, ["A"]);
    assertEquals([worker.config?.models.get("a")?.port, worker.config?.models.get("A")?.port], [
      port,
      Number(port) + 1,
    ]);
  }));

Deno.test(
  "a folder is read again with the files that are in it then",
  () =>
    scene(async ({ folder, started }) => {
      const files = started({ file: null, dir: folder });
      await Deno.writeTextFile(`${folder}/d.yml`, "models:\n  d: { cmd: 'x --port ${PORT}' }\n");
      files.reload();
      assertEquals(files.origin().files, [`${folder}/c.yaml`, `${folder}/d.yml`]);
    }),
);

Deno.test("where the built-in default config is served a reload says that there is no file", () =>
  scene(({ lines, started }) => {
    const files = started({ file: null, dir: null });
    const answer = files.reload();
    assertEquals([answer.status, files.origin().files], ["rejected", []]);
    assertStringIncludes(answer.problems.join(), "no file to read again");
    assertEquals(lines, [`warn ${answer.problems[0]}`]);
  }));

Deno.test("the first config that does not load is the caller's to tell", () =>
  scene(async ({ file, reloader }) => {
    await Deno.writeTextFile(file, "models: 3\n");
    assertThrows(() => reloader().start(), ConfigErrors);
  }));

Deno.test("a reload during the shutdown changes nothing, and one that nobody asked for does not throw", () =>
  scene(async ({ file, lines, worker, started }) => {
    const files = started();
    worker.closed = true;
    await Deno.writeTextFile(file, A.replace("engine", "motor"));
    assertThrows(() => files.reload(), GatewayError);
    files.reloadUnasked("SIGHUP");
    assertEquals(lines.slice(-2), [
      "info SIGHUP: reading the config again",
      "error The config was not reloaded: The gateway is shutting down",
    ]);
    assertEquals(files.origin().generation, 1);
  }));
