/**
 * Time lost per swap beyond the engine's own load and stop: `deno run -P=bench bench/swap_bench.ts`.
 *
 * Two fake engines take turns behind a real gateway. From each request's latency are taken: the old engine's time from
 * the stop signal to its exit, and the new engine's time from its spawn to ready, measured without a gateway in the same
 * run. What remains is the gateway's: stopping, noticing the exit, spawning, noticing readiness, forwarding.
 *
 * @module
 */

import { chat, fakeEngine, startGateway } from "../tests/e2e/gateway.ts";
import { readEvents, waitForEvent } from "../tests/e2e/event_reader.ts";

const LOADS_MS = [100, 300, 500, 1000, 2000];
const ROUNDS = 6;

if (import.meta.main) {
  const rows: string[] = [];
  const all: number[] = [];
  for (const loadMs of LOADS_MS) {
    const ownMs = median(await repeat(5, () => ownStart(loadMs)));
    const lost = await lostPerSwap(loadMs, ownMs);
    all.push(...lost);
    rows.push(
      `${loadMs} ms load: own start ${ownMs.toFixed(0)} ms, lost per swap median ${median(lost).toFixed(1)} ms`,
    );
  }
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  print(`${rows.join("\n")}\nmean over all: ${mean.toFixed(1)} ms (goal: at most 20)\n`);
}

/** Milliseconds from the spawn of an engine to its ready event, without a gateway. */
async function ownStart(loadMs: number): Promise<number> {
  const events = await Deno.makeTempFile();
  const [program = "", ...args] = fakeEngine(`--model own --load-ms ${loadMs} --events ${events}`)
    .replace("${PORT}", "0").split(" ");
  const spawnedAt = Date.now();
  const child = new Deno.Command(program, { args, stdout: "null", stderr: "null", stdin: "null" }).spawn();
  const ready = await waitForEvent(events, ({ event }) => event === "ready");
  child.kill("SIGTERM");
  await child.status;
  await Deno.remove(events);
  return ready.at - spawnedAt;
}

async function lostPerSwap(loadMs: number, ownMs: number): Promise<readonly number[]> {
  const events = await Deno.makeTempFile();
  const model = (id: string) =>
    `  ${id}:\n    cmd: ${fakeEngine(`--model ${id} --load-ms ${loadMs} --tokens 1 --events ${events}`)}\n`;
  await using gateway = await startGateway({ config: `models:\n${model("a")}${model("b")}` });
  await (await chat(gateway.url, "a")).text();
  const lost: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = (await readEvents(events)).length;
    const startedAt = performance.now();
    await (await chat(gateway.url, round % 2 === 0 ? "b" : "a")).text();
    const tookMs = performance.now() - startedAt;
    const seen = (await readEvents(events)).slice(before);
    const at = (kind: string) => seen.find(({ event }) => event === kind)?.at ?? Number.NaN;
    lost.push(tookMs - (at("exit") - at("term")) - ownMs);
  }
  await Deno.remove(events);
  return lost;
}

async function repeat(times: number, run: () => Promise<number>): Promise<readonly number[]> {
  const values: number[] = [];
  for (let i = 0; i < times; i++) values.push(await run());
  return values;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}
