import { assertEquals, assertStringIncludes } from "@std/assert";
import { background, createLog } from "../src/log.ts";

function capture(options: { level?: string; name?: string; color?: boolean } = {}) {
  const lines: string[] = [];
  const log = createLog({ ...options, write: (line) => void lines.push(line) });
  return { lines, log };
}

Deno.test("a line names its subject and its level", () => {
  const { lines, log } = capture({ name: "proxy" });
  log.info("ready");
  log.error("lost");
  assertEquals(lines, ["[proxy] [INFO] ready\n", "[proxy] [ERROR] lost\n"]);
});

Deno.test("a log without a name writes no empty brackets", () => {
  const { lines, log } = capture();
  log.warn("hot");
  assertEquals(lines, ["[WARN] hot\n"]);
});

Deno.test("lines below the level are dropped, and an unknown level behaves as info", () => {
  for (const [level, expected] of [["debug", 4], ["info", 3], ["WARN", 2], ["error", 1], ["loud", 3]] as const) {
    const { lines, log } = capture({ level });
    log.debug("d");
    log.info("i");
    log.warn("w");
    log.error("e");
    assertEquals(lines.length, expected, level);
  }
});

Deno.test("colour goes around the level only, and only when asked for", () => {
  const { lines, log } = capture({ color: true, name: "n" });
  log.warn("w");
  assertEquals(lines, ["[n] \x1b[33m[WARN]\x1b[0m w\n"]);
});

Deno.test("background work that fails is logged under its name and ends nothing", async () => {
  const { lines, log } = capture();
  const failed = Promise.reject(new Error("disk full"));
  background(log, "capture", failed);
  await failed.catch(() => {});
  await Promise.resolve();
  assertStringIncludes(lines.join(""), "capture: Error: disk full");
});

Deno.test({
  name: "logging needs no permission at all",
  permissions: "none",
  fn() {
    const { lines, log } = capture({ color: true });
    log.error("e");
    assertEquals(lines.length, 1);
  },
});
