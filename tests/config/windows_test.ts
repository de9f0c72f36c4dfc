import { assertEquals, assertNotEquals } from "@std/assert";
import { load } from "./loading.ts";

const CONFIG = String.raw`models:
  m: { cmd: 'C:\a\b "c d" --port ${"${PORT}"}' }
  own: { cmd: "x ${"${PORT}"}", cmdStop: stop }
  none: { cmd: "x ${"${PORT}"}", cmdStop: "" }
`;

Deno.test("CD2: on Windows a model has the same defaults as elsewhere, and taskkill ends it", () => {
  const [here, there] = (["posix", "windows"] as const).map((platform) => load(CONFIG, { platform }).config.models);
  const { command, cmdStop, processKey, ...others } = there?.get("m") ?? {};
  const { command: otherWords, cmdStop: noStop, processKey: otherKey, ...same } = here?.get("m") ?? {};
  assertEquals([command, cmdStop], [["C:\\a\\b", "c d", "--port", "5800"], "taskkill /f /t /pid ${PID}"]);
  assertEquals([otherWords, noStop], [["C:ab", "c d", "--port", "5800"], null]);
  assertEquals(others, same);
  assertNotEquals(processKey, otherKey, "a process is made of the words");
  assertEquals(["own", "none"].map((id) => there?.get(id)?.cmdStop), ["stop", null]);
});
