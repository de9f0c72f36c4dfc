import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import { COMMANDS } from "../../src/cli/commands.ts";
import { SERVE_FLAGS } from "../../src/cli/flags.ts";
import { run, withConfig } from "./fake_terminal.ts";

Deno.test("help lists every command and every exit code; each command's own help names its flags", async () => {
  const { code, out } = await run(["help"]);
  assertEquals(code, 0);
  for (const { name, summary } of COMMANDS) assertMatch(out, new RegExp(`^  ${name} +${summary.slice(0, 20)}`, "m"));
  for (const exit of [0, 1, 2, 3]) assertMatch(out, new RegExp(`^  ${exit}  \\w`, "m"));
  for (const { name, flags } of COMMANDS) {
    const asked = await run(["help", ...name.split(" ")]);
    assertEquals(asked.code, 0, name);
    for (const flag of flags) assertStringIncludes(asked.out, `-${flag.name}`);
    for (const word of ["--help", "-help", "-h"]) assertEquals(await run([...name.split(" "), word]), asked, name);
  }
});

Deno.test("§1.1.5: -h without a command prints the usage and succeeds; -version prints one line", async () => {
  for (const args of [["-h"], ["--help"], ["-config", "x", "-help"]]) {
    const { code, out } = await run(args);
    assertEquals(code, 0);
    assertStringIncludes(out, "-listen HOST:PORT");
  }
  for (const args of [["-version"], ["--version"], ["version"], ["-config", "x", "-version"]]) {
    const { code, out } = await run(args);
    assertEquals(code, 0);
    assertMatch(out, /^version: \S+ \(\S+\), built at \S+\n$/);
  }
});

Deno.test("§1.1.5: what is not understood is exit code 2, on standard error, with the nearest name", async () => {
  const wrong: [string[], string][] = [
    [["chek"], 'Did you mean "check"?'],
    [["dance"], 'Unknown command "dance"'],
    [["config"], "berth config explain"],
    [["help", "quue"], 'Did you mean "queue"?'],
    [["check", "-confg", "x"], "Did you mean -config?"],
    [["queue", "more"], "more"],
    [["config", "explain"], "MODEL"],
    [["completion", "tcsh"], "bash, zsh, fish"],
    [["queue", "-url", "localhost"], "expected a URL"],
    [["-listen", "8080"], "8080"],
    [["tiny", "--speed", "3"], "--speed"],
    [["tiny", "--port", "70000"], "65535"],
  ];
  for (const [args, named] of wrong) {
    const { code, out, err } = await run(args);
    assertEquals([code, out], [2, ""], args.join(" "));
    assertStringIncludes(err, named);
    assertStringIncludes(err, "Try: berth help");
  }
});

Deno.test("§1.1.3: one TLS file without the other is exit code 1", async () => {
  const { code, err } = await run(["-tls-cert-file", "a.pem"]);
  assertEquals(code, 1);
  assertStringIncludes(err, "https needs both");
});

Deno.test("schema prints the JSON Schema that is in the repository", async () => {
  const { code, out } = await run(["schema"]);
  assertEquals(code, 0);
  assertEquals(out, await Deno.readTextFile(new URL("../../config.schema.json", import.meta.url)));
});

const CONFIG = `
startPort: 15800
globalTTL: 30
apiKeys: [gateway-key-1, { key: mapped-key-22, name: chat, scopes: [inference], models: [chat] }]
macros: { shared: gateway-key-1 }
models:
  qwen:
    cmd: |
      llama-server --port \${PORT} -m "/models/qwen 3.gguf" --api-key hunter22 --hf-token=abcdefg
        --max-tokens 500 -H "Authorization: Bearer xyzzy" --relay http://u:pass@host/x \${shared}
    cmdStop: stopper --password opensesame \${PID}
    aliases: [chat]
    env: [HF_TOKEN=tok123456, CUDA_VISIBLE_DEVICES=0, "COPY=is tok123456"]
    unloadTimeout: 7
  built-in:
    worker: berth:tiny --name tiny
    ttl: 5
`;
const SECRETS = ["gateway-key-1", "mapped-key-22", "hunter22", "abcdefg", "xyzzy", "u:pass", "opensesame", "tok123456"];

Deno.test("check prints the effective configuration, valid YAML without a secret, and exits 0", async () => {
  await withConfig(CONFIG, async (file) => {
    const { code, out, err } = await run(["check", "-config", file]);
    assertEquals([code, err], [0, "The config loads: 2 models, 0 warnings\n"]);
    for (const secret of SECRETS) assert(!out.includes(secret), secret);
    assertStringIncludes(out, "- '500'");
    assertStringIncludes(out, "CUDA_VISIBLE_DEVICES=0");
    assertStringIncludes(out, "port: 15801");
    assertStringIncludes(
      out,
      "  - key: '***'\n    name: chat\n    scopes:\n      - inference\n    models:\n      - qwen\n    maxOpen: null\n",
    );
    assertEquals((await run(["check", "-config", file, "-print=false"])).out, "");
  });
});

Deno.test("check prints what rules and patterns are made of, and not what acts on them", async () => {
  const text = "routing: {scheduler: {use: fifo}}\nmatrix: {sets: {s: a}}\nupstream: {ignorePaths: ['^/x']}\n" +
    "trustProxy: [10.0.0.0/8, unix]\n" +
    "models: {a: {cmd: 'x ${PORT}'}}\n";
  await withConfig(text, async (file) => {
    const { code, out } = await run(["check", "-config", file]);
    assertEquals(code, 0);
    assertStringIncludes(out, "  policy:\n    kind: matrix\n");
    assertStringIncludes(out, "  sets:\n    s: a\n");
    assertStringIncludes(out, "ignorePaths:\n  - written: ^/x\n");
    assertStringIncludes(out, "trustProxy:\n  all: false\n  unix: true\n  ranges:\n    - 10.0.0.0/8\n");
  });
});

Deno.test("check -strict fails on warnings, each with its place; without -strict they are only told", async () => {
  await withConfig("models:\n  m:\n    cmd: x ${PORT}\n    colour: red\n", async (file) => {
    const told = await run(["check", "-config", file, "-print=false"]);
    assertEquals(told.code, 0);
    assertStringIncludes(told.err, `warning: ${file}:4:5: models.m.colour: Unknown key "colour"`);
    const strict = await run(["check", "-config", file, "--strict", "-print=false"]);
    assertEquals(strict.code, 1);
    assertStringIncludes(strict.err, "The config loads: 1 model, 1 warning; -strict lets none pass\n");
  });
});

Deno.test("check tells every problem with its place and exits 1; a file that is not there likewise", async () => {
  await withConfig("startPort: 0\nmodels:\n  m: {}\n", async (file) => {
    const { code, out, err } = await run(["check", "-config", file]);
    assertEquals([code, out], [1, ""]);
    assertStringIncludes(err, `error: ${file}:1:`);
    assertStringIncludes(err, `error: ${file}:3:`);
    assertStringIncludes(err, "does not load: 2 problems");
    const missing = await run(["check", "-config", `${file}.not`]);
    assertEquals(missing.code, 1);
    assertStringIncludes(missing.err, `${file}.not`);
  });
});

Deno.test("check tells the warnings of a config that does not load, too", async () => {
  await withConfig("startPort: x\nlogLevle: debug\n", async (file) => {
    const { code, err } = await run(["check", "-config", file]);
    assertEquals(code, 1);
    assertStringIncludes(err, `error: ${file}:1:`);
    assertStringIncludes(
      err,
      `warning: ${file}:2:1: logLevle: Unknown key "logLevle" is ignored. Did you mean "logLevel"?`,
    );
    assertStringIncludes(err, "The config does not load: 1 problem, 1 warning\n");
    const { ok, problems, warnings } = JSON.parse((await run(["check", "-config", file, "-json"])).out);
    assertEquals([ok, problems.length, warnings.length, warnings[0].suggestion], [false, 1, 1, "logLevel"]);
  });
});

Deno.test("check -json is one object that a program can read", async () => {
  await withConfig("models:\n  m:\n    cmd: x ${PORT}\n    colour: red\n", async (file) => {
    const good = JSON.parse((await run(["check", "-config", file, "-json"])).out);
    assertEquals([good.ok, good.problems, good.config.models.m.command.length], [true, [], 2]);
    const { line, column, path } = good.warnings[0];
    assertEquals([line, column, path], [4, 5, "models.m.colour"]);
    assertEquals(JSON.parse((await run(["check", "-config", file, "-json", "-strict"])).out).ok, false);
  });
  await withConfig("models: 3\n", async (file) => {
    const bad = JSON.parse((await run(["check", "-config", file, "-json"])).out);
    assertEquals([bad.ok, bad.config, bad.problems.length], [false, null, 1]);
  });
});

Deno.test("config explain tells what a pinned name stands for", async () => {
  const config = "models: {m: {cmd: 'x ${PORT}'}}\nprofiles: {day: {pins: {llm: m}}, night: {pins: {llm: ''}}}\n";
  await withConfig(config, async (file) => {
    const { code, err } = await run(["config", "explain", "llm", "-config", file]);
    assertEquals(code, 1);
    assertStringIncludes(
      err,
      '"llm" is a pinned name: it is m while the profile day is in force, and is off under night',
    );
  });
});

Deno.test("config explain prints what is run, by which names, with the origin of each setting and no secret", async () => {
  await withConfig(CONFIG, async (file) => {
    const { code, out } = await run(["config", "explain", "chat", "-config", file]);
    assertEquals(code, 0);
    for (const secret of SECRETS) assert(!out.includes(secret), secret);
    assertStringIncludes(out, "model qwen (cmd)");
    assertStringIncludes(out, "chat (alias)");
    assertStringIncludes(out, "llama-server \\\n  --port 15801 \\\n  -m '/models/qwen 3.gguf'");
    assertMatch(out, /^ {2}ttl +30 s {2}\(global: globalTTL\)$/m);
    assertMatch(out, /^ {2}unloadTimeout +7 s {2}\(the model's own\)$/m);
    assertMatch(out, /^ {2}startTimeout +120 s {2}\(default\)$/m);

    const worker = await run(["config", "explain", "built-in", "-config", file]);
    assertMatch(worker.out, /run as\n {2}\S+ \\\n {2}serve/);
    const unknown = await run(["config", "explain", "qwn", "-config", file]);
    assertEquals(unknown.code, 1);
    assertStringIncludes(unknown.err, 'Did you mean "qwen"?');
  });
});

Deno.test("what config explain prints is read by a shell as the very words that are run", async () => {
  const text = `models:\n  m:\n    cmd: |\n      printf '%s\\n' "a b" "it's" '$HOME' '*' "" \${PORT}\n`;
  await withConfig(text, async (file) => {
    const { out } = await run(["config", "explain", "m", "-config", file]);
    const command = /run as\n([^]*?)\n\nsettings/.exec(out)?.[1] ?? "";
    const { stdout } = await new Deno.Command("sh", { args: ["-c", command] }).output();
    assertEquals(new TextDecoder().decode(stdout), "a b\nit's\n$HOME\n*\n\n5800\n");
  });
});

Deno.test("permissions lists what the config takes and nothing else, as a run and a compile line", async () => {
  await withConfig(CONFIG, async (file) => {
    const { code, out } = await run(["permissions", "-config", file, "-listen", "127.0.0.1:9000"]);
    const flags = `--no-prompt --allow-run=sh,stopper ` +
      `--allow-net=127.0.0.1:9000,127.0.0.1:15800,localhost:15801 --allow-read=${file}`;
    const [deno, compile, rest] = out.split("\n");
    assertEquals([code, rest], [0, ""]);
    assertMatch(
      deno ?? "",
      new RegExp(`^deno run ${flags} \\S+/main.ts serve -config ${file} -listen 127.0.0.1:9000$`),
    );
    assertMatch(compile ?? "", new RegExp(`^deno compile ${flags} --output dist/berth \\S+/main.ts$`));
  });
});

Deno.test("permissions takes every flag that one serves with, and prints it after serve", async () => {
  await withConfig(CONFIG, async (file) => {
    const values: Record<string, string> = { config: file, "config-dir": `${file}.d`, listen: ":9000" };
    await Deno.mkdir(`${file}.d`);
    await Deno.writeTextFile(`${file}.d/more.yaml`, "logLevel: info\n");
    const flags = SERVE_FLAGS.filter(({ name }) => name !== "version").flatMap(({ name, value }) =>
      value === undefined ? [`-${name}`] : [`-${name}`, values[name] ?? `${name}.pem`]
    );
    assert(flags.includes("-watch-config"));
    const { code, out, err } = await run(["permissions", ...flags]);
    assertEquals([code, err], [0, ""]);
    assertStringIncludes(out, ` serve ${flags.join(" ")}\n`);
    assertFalse((await run(["permissions", "-config", file, "-watch-config=false"])).out.includes("-watch-config"));
  });
});

Deno.test("permissions names the variables that the config reads, and allows every program where LD_ variables are passed on", async () => {
  const text = 'models:\n  m:\n    cmd: x ${PORT} "${env.PATH}"\n    env: [LD_LIBRARY_PATH=/opt/cuda]\n';
  await withConfig(text, async (file) => {
    const { out } = await run(["permissions", "-config", file]);
    assertMatch(out, / --allow-run --allow-net=\S+ --allow-read=\S+ --allow-env=PATH /);
  });
});

Deno.test("permissions of the built-in config need no file", async () => {
  assert(!(await run(["permissions"])).out.includes("--allow-read"));
});

Deno.test("a path with a comma is allowed by the nearest folder above it that a list can hold", async () => {
  const folder = await Deno.makeTempDir({ prefix: "berth-cli-" });
  await Deno.mkdir(`${folder}/a,b`);
  await Deno.writeTextFile(`${folder}/a,b/c.yaml`, "models: {}\n");
  assertStringIncludes((await run(["permissions", "-config", `${folder}/a,b/c.yaml`])).out, ` --allow-read=${folder} `);
  await Deno.remove(folder, { recursive: true });
});
