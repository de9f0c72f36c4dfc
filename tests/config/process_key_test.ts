import { assertEquals, assertNotEquals } from "@std/assert";
import type { Platform } from "../../src/config/command.ts";
import { loadConfig } from "../../src/config/load.ts";
import { processKeyOf } from "../../src/config/process_key.ts";

function keyOf(model: string, platform: Platform = "posix"): string | undefined {
  const text = `macros: { flags: --temp 1, note: "# a comment" }\nmodels:\n  m:\n${model.replaceAll(/^/gm, "    ")}\n`;
  const { config } = loadConfig({ texts: [{ text, file: "c.yaml" }], env: () => undefined, platform });
  return config.models.get("m")?.processKey;
}

const CMD = "cmd: 'engine --port ${PORT} --temp 1 -m a'";
const WORKER = "worker: w.ts --size 1\npermissions: { net: [a, b], read: true }";
const MIXED = `${CMD}\nenv: [A=1, B=2]\nproxy: http://127.0.0.1:\${PORT}\ncheckEndpoint: /up?deep`;

Deno.test("an edit that leaves the process of a model as it is leaves its key", async (t) => {
  for (
    const [name, before, after] of [
      ["a comment in a block", CMD, "cmd: |\n  engine --port ${PORT}\n  # hotter\n  --temp 1 -m a"],
      ["a comment by way of a macro", CMD, "cmd: |\n  engine --port ${PORT}\n  ${note}\n  --temp 1 -m a"],
      ["a block instead of quotes", CMD, "cmd: |\n  engine --port ${PORT} --temp 1 -m a"],
      ["more blanks", CMD, "cmd: 'engine   --port ${PORT} --temp 1  -m a '"],
      ["a line that goes on", CMD, "cmd: |\n  engine --port ${PORT} \\\n    --temp 1 -m a"],
      ["quotes around an argument", CMD, "cmd: engine --port ${PORT} --temp \"1\" -m 'a'"],
      ["a macro for the same words", CMD, "cmd: engine --port ${PORT} ${flags} -m a"],
      ["the default checkEndpoint", CMD, `${CMD}\ncheckEndpoint: /health`],
      ["a checkEndpoint without its slash", CMD, `${CMD}\ncheckEndpoint: health`],
      ["a checkEndpoint as a URL", CMD, `${CMD}\ncheckEndpoint: http://localhost:\${PORT}/health`],
      ["an empty env", CMD, `${CMD}\nenv: []`],
      ["an env with nothing in it", CMD, `${CMD}\nenv:`],
      ["an env entry that is none", CMD, `${CMD}\nenv: [NOTHING]`],
      ["permissions of a cmd", CMD, `${CMD}\npermissions: { net: true }`],
      ["the default proxy", CMD, `${CMD}\nproxy: http://localhost:\${PORT}`],
      ["env entries in another order", MIXED, MIXED.replace("A=1, B=2", "B=2, A=1")],
      ["an env entry that a later one hides", MIXED, MIXED.replace("A=1", "A=0, A=1")],
      ["what is no part of the process", CMD, `${CMD}\nttl: 5\ncmdStop: stop\naliases: [x]\nname: M`],
      ["blanks and quotes in a worker", WORKER, WORKER.replace("w.ts --size 1", "w.ts  --size '1'")],
      ["the default proxy of a worker", WORKER, `${WORKER}\nproxy: http://127.0.0.1:\${PORT}`],
      ["permissions in another order", WORKER, WORKER.replace("net: [a, b], read: true", "read: yes, net: [b, a]")],
      ["permissions that grant nothing", WORKER, WORKER.replace("read: true", "read: true, run: [], ffi: no, env:")],
      ["empty permissions", "worker: w.ts", "worker: w.ts\npermissions: {}"],
      ["permissions with nothing in them", "worker: w.ts", "worker: w.ts\npermissions:"],
    ] as const
  ) await t.step(name, () => assertEquals(keyOf(after), keyOf(before)));
});

Deno.test("an edit of what the process is made of, or of the way to it, changes the key", async (t) => {
  for (
    const [name, before, after] of [
      ["another word", CMD, CMD.replace("-m a", "-m b")],
      ["one word more", CMD, CMD.replace("-m a", "-m a -v")],
      ["another order of words", CMD, CMD.replace("--temp 1 -m a", "-m a --temp 1")],
      ["two words made one", CMD, CMD.replace("--temp 1", '"--temp 1"')],
      ["an empty argument", CMD, CMD.replace("-m a", '-m a ""')],
      ["a hash that begins no line", CMD, CMD.replace("-m a", "-m a # -v")],
      ["the port between quotes that keep a backslash", CMD, CMD.replace("${PORT}", '"\\${PORT}"')],
      ["the letters of the placeholder", `${CMD}\nenv: ["P=\${PORT}"]`, `${CMD}\nenv: ["P=PORT"]`],
      ["a fixed port", CMD, `${CMD}\nproxy: http://localhost:5800`],
      ["another host", CMD, `${CMD}\nproxy: http://127.0.0.1:\${PORT}`],
      ["another checkEndpoint", CMD, `${CMD}\ncheckEndpoint: /`],
      ["no checkEndpoint", CMD, `${CMD}\ncheckEndpoint: none`],
      ["another query of it", MIXED, MIXED.replace("deep", "flat")],
      ["a variable", CMD, `${CMD}\nenv: [A=1]`],
      ["another value", MIXED, MIXED.replace("A=1", "A=2")],
      ["an empty value", MIXED, MIXED.replace("A=1", "A=")],
      ["which entry is the last of a name", `${CMD}\nenv: [A=1, A=2]`, `${CMD}\nenv: [A=2, A=1]`],
      ["another module", WORKER, WORKER.replace("w.ts", "v.ts")],
      ["a worker of the same words", "cmd: a b\nproxy: http://h", "worker: a b\nproxy: http://h"],
      ["one permission more", WORKER, WORKER.replace("read: true", "read: true, run: true")],
      ["a narrower permission", WORKER, WORKER.replace("read: true", "read: [a]")],
      ["a wider permission", WORKER, WORKER.replace("[a, b]", "true")],
      ["another permission of the same list", WORKER, WORKER.replace("net:", "env:")],
    ] as const
  ) await t.step(name, () => assertNotEquals(keyOf(after), keyOf(before)));
});

Deno.test("words are told apart by the rules of the platform that runs them", () => {
  const [single, double] = ["'a b'", '"a b"'].map((word) => `cmd: |\n  engine \${PORT} ${word}`);
  assertEquals(keyOf(single ?? ""), keyOf(double ?? ""));
  assertNotEquals(keyOf(single ?? "", "windows"), keyOf(double ?? "", "windows"));
});

Deno.test("a tree that nothing has judged yet has a key, too", () => {
  const odd = [
    null,
    7,
    true,
    "",
    "# only a comment",
    [],
    [null],
    {},
    { a: null },
    new Date(0),
    new Date(NaN),
    "\uF7F3",
  ];
  const keys = ["cmd", "worker", "permissions", "env", "proxy", "checkEndpoint"];
  for (const value of odd) {
    for (const key of keys) {
      const tree = { [key]: value };
      assertEquals(typeof processKeyOf(tree, "posix"), "string");
      assertEquals(processKeyOf({ worker: "w", ...tree }, "posix"), processKeyOf({ worker: "w", ...tree }, "posix"));
    }
  }
});
