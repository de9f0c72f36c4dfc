import { assertEquals } from "@std/assert";
import { nextProbeDelayMs, probeUrl } from "../../src/backend/readiness.ts";
import { workerCommand } from "../../src/backend/worker_command.ts";

Deno.test("G16: probes come every 10 ms for 5 s, every 20 ms to 60 s, then every 100 ms", () => {
  assertEquals([0, 4_999, 5_000, 59_999, 60_000].map(nextProbeDelayMs), [10, 10, 20, 20, 100]);
});

Deno.test("a probe goes to the proxy's host, below its base path, also when the check is a full URL", () => {
  assertEquals(probeUrl("http://127.0.0.1:1/base/", "/health?a=1"), "http://127.0.0.1:1/base/health?a=1");
  assertEquals(probeUrl("http://127.0.0.1:1", "http://other:2/ok"), "http://127.0.0.1:1/ok");
});

Deno.test("a worker gets only the permissions that are listed, and an empty list is none", () => {
  const permissions = { net: ["a:1", "b"], read: true, write: [], run: false };
  assertEquals(workerCommand({ execPath: "deno", port: 9, module: "m.ts", args: ["x"], permissions }), [
    ...["deno", "serve", "--no-lock", "--no-prompt", "--host", "127.0.0.1", "--port", "9"],
    ...["--allow-read", "--allow-net=a:1,b", "m.ts", "x"],
  ]);
});
