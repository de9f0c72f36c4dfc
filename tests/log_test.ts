import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { background, createLog, type LogOptions } from "../src/log.ts";

function capture(options: Partial<LogOptions> = {}) {
  const lines: string[] = [];
  const colored: string[] = [];
  const write = (line: string, shown: string) => {
    lines.push(line);
    colored.push(shown);
  };
  return { lines, colored, log: createLog({ ...options, write }) };
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

Deno.test("a line comes plain and as a terminal shows it, with colour around the level only", () => {
  const { lines, colored, log } = capture({ name: "n" });
  log.warn("w");
  assertEquals(lines, ["[n] [WARN] w\n"]);
  assertEquals(colored, ["[n] \x1b[33m[WARN]\x1b[0m w\n"]);
});

Deno.test("§3.9.3: the time stands at the head of a line when a layout is named, in any case", () => {
  const now = () => new Date("2026-02-03T04:05:06Z");
  const { lines, log } = capture({ name: "n", timeFormat: "StampMilli", now });
  log.info("ready");
  assertMatch(lines[0] ?? "", /^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:06\.000 \[n\] \[INFO\] ready\n$/);
});

Deno.test("an unknown layout means no time", () => {
  const { lines, log } = capture({ timeFormat: "sundial" });
  log.info("ready");
  assertEquals(lines, ["[INFO] ready\n"]);
});

Deno.test("level and layout can be set anew while the log is in use", () => {
  const { lines, log } = capture({ level: "error" });
  log.info("not written");
  log.configure({ level: " Debug ", timeFormat: "kitchen" });
  log.debug("written");
  log.configure({});
  log.debug("not written");
  log.info("plain again");
  assertMatch(lines.join(""), /^\d{1,2}:\d\d[AP]M \[DEBUG\] written\n\[INFO\] plain again\n$/);
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
    const { lines, log } = capture({ timeFormat: "unixdate" });
    log.error("e");
    assertEquals(lines.length, 1);
  },
});
