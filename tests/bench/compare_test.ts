import { assertEquals, assertObjectMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { parseCompareArguments } from "../../bench/compare/arguments.ts";
import { Connection, encodeRequest } from "../../bench/compare/client.ts";
import { parseProcess } from "../../bench/compare/gateway_process.ts";
import { renderReport, type ScenarioResult } from "../../bench/compare/report.ts";
import { mean, median, percentile } from "../../bench/compare/statistics.ts";
import { configText, fillPlaces, parseTarget } from "../../bench/compare/targets.ts";
import { loadConfig } from "../../src/config/load.ts";

const BERTH = "berth --config {config} --listen 127.0.0.1:{port}";

Deno.test("medians and percentiles sort numbers as numbers and leave their input alone", () => {
  const values = [100, 9, 20, 1000];
  assertEquals([median(values), median([100, 9, 20]), mean(values)], [60, 20, 282.25]);
  assertEquals([percentile(values, 0.5), percentile(values, 0.99), percentile([7], 0)], [20, 1000, 7]);
  assertEquals(values, [100, 9, 20, 1000]);
  assertEquals([median([]), percentile([], 0.5), mean([])], [Number.NaN, Number.NaN, Number.NaN]);
});

Deno.test("direct access and Berth are always compared, peers come after them", () => {
  const peer = "old=old-berth -config {config} -listen 127.0.0.1:{port}";
  const options = parseCompareArguments(["--gateway", peer, "--only", "hot1,paced", "--rounds", "3"], BERTH);
  assertEquals(options.targets.map(({ name, kind }) => [name, kind]), [
    ["direct", "direct"],
    ["Berth", "models"],
    ["old", "models"],
  ]);
  assertEquals([options.only, options.rounds, options.effort], [["hot1", "paced"], 3, 1]);
  assertEquals(options.targets[2]?.words, ["old-berth", "-config", "{config}", "-listen", "127.0.0.1:{port}"]);
});

Deno.test("a command line that cannot be meant is refused by name", () => {
  assertThrows(() => parseCompareArguments(["--round", "3"], BERTH), Error, "--round");
  assertThrows(() => parseCompareArguments(["--rounds", "0"], BERTH), Error, "--rounds");
  assertThrows(() => parseCompareArguments(["--gateway", "llama-swap"], BERTH), Error, "NAME=COMMAND");
  assertThrows(() => parseCompareArguments(["--gateway", "Berth=x {config}"], BERTH), Error, "two gateways");
  assertThrows(() => parseCompareArguments(["--json"], BERTH), Error, "--json");
});

Deno.test("a gateway without a config of models is given the one engine", () => {
  assertEquals(parseTarget("nginx", "nginx -c {file:nginx.conf}").kind, "upstream");
  const places = { config: "/c.yaml", port: 1, engine: "127.0.0.1:2" };
  assertEquals(fillPlaces("{config} {port} {port} {engine} {other}", places), "/c.yaml 1 1 127.0.0.1:2 {other}");
});

Deno.test("the bench's config says to Berth what it is meant to say, without a warning", () => {
  const text = configText([{ id: "a", loadMs: 5, port: 1234 }, { id: "b", loadMs: 0, port: 1235 }], { parallel: 32 });
  const { config, warnings } = loadConfig({ texts: [{ text, file: "bench.yaml" }], env: () => undefined });
  assertEquals(warnings.map(String), []);
  assertEquals([...config.models.keys()], ["a", "b"]);
  assertObjectMatch(config.scheduler, { use: "serial", parallel: 32 });
});

Deno.test("processor time is read behind a program name with brackets and spaces in it", () => {
  const stat = `77 (a) b (c)) S 1 77 77 0 -1 0 9 0 0 0 12 34 99 99 20 0 8 0 100 200 300`;
  assertEquals(parseProcess(`${stat}\nName:\ta\nVmRSS:\t   2048 kB\n`), { cpuUs: 460_000, rssKiB: 2048 });
  assertThrows(() => parseProcess(""), Error, "gone");
});

Deno.test("the report's ratios are those of each round, and what a target lacks is left out", () => {
  const result: ScenarioResult = {
    name: "hot1",
    metrics: [{ key: "p50", unit: "µs", better: "lower" }, { key: "cpu", unit: "µs/request", better: "lower" }],
    rounds: [
      { direct: { p50: 1, cpu: null }, Berth: { p50: 100, cpu: 50 }, other: { p50: 200, cpu: 25 } },
      { direct: { p50: 1, cpu: null }, Berth: { p50: 300, cpu: 60 }, other: { p50: 600, cpu: 30 } },
      { direct: { p50: 1, cpu: null }, Berth: { p50: 1000, cpu: 70 }, other: {} },
    ],
  };
  const report = renderReport([result], { targets: ["direct", "Berth", "other"], baseline: "Berth" });
  assertStringIncludes(report, "| hot1 p50, µs ↓ | 1.00 (×0.00) | 300 | 400 (×2.00) |\n");
  assertStringIncludes(report, "| hot1 cpu, µs/request ↓ | – | 60.0 | 27.5 (×0.50) |\n");
});

Deno.test("the client counts a body the same however the network cuts its chunks", async () => {
  const answers = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1A;x=y\r\n" + "z".repeat(26) +
    "\r\n0\r\nt: 1\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nhello";
  const bytes = new TextEncoder().encode(answers);
  for (const size of [1, 2, 3, 7, 1000]) {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const served = serveInPieces(listener, bytes, size);
    {
      using connection = await Connection.open(listener.addr.port);
      const request = encodeRequest({ port: listener.addr.port, path: "/" });
      let told = 0;
      assertEquals(await connection.exchange(request, (fresh) => told += fresh), { status: 200, bytes: 29 });
      assertEquals(told, 29);
      assertEquals(await connection.exchange(request), { status: 404, bytes: 5 });
    }
    await served;
  }
});

/** Answers whoever comes first with these bytes, a few at a time, and waits until it leaves. */
async function serveInPieces(listener: Deno.TcpListener, bytes: Uint8Array, size: number): Promise<void> {
  using socket = await listener.accept();
  socket.setNoDelay(true);
  for (let at = 0; at < bytes.byteLength; at += size) await socket.write(bytes.slice(at, at + size));
  const buffer = new Uint8Array(1024);
  while (await socket.read(buffer) !== null);
}
