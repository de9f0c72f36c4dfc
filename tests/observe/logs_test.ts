import { assertEquals } from "@std/assert";
import { createLog } from "../../src/log.ts";
import { Logs } from "../../src/observe/logs.ts";

function write(selection: "proxy" | "upstream" | "both" | "none") {
  const shown: string[] = [];
  const logs = new Logs({
    line: (line) => void shown.push(line),
    output: (chunk) => void shown.push(new TextDecoder().decode(chunk)),
  });
  logs.select(selection);
  createLog({ write: logs.writeLine }).info("ready");
  logs.writeOutput(new TextEncoder().encode("loaded\n"));
  return { shown, histories: [logs.combined.text(), logs.proxy.text(), logs.upstream.text()] };
}

const LINE = "[INFO] ready\n";

Deno.test("§3.9.2, SV71: logToStdout selects what is shown and what the combined history holds; the others are always kept", () => {
  const kept = ["[INFO] ready\n", "loaded\n"];
  assertEquals(write("proxy"), { shown: [LINE], histories: ["[INFO] ready\n", ...kept] });
  assertEquals(write("upstream"), { shown: ["loaded\n"], histories: ["loaded\n", ...kept] });
  assertEquals(write("both"), { shown: [LINE, "loaded\n"], histories: ["[INFO] ready\nloaded\n", ...kept] });
  assertEquals(write("none"), { shown: [], histories: ["", ...kept] });
});
