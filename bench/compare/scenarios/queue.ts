/**
 * Requests that wait: how long a serial gateway leaves the engine idle between two of them, and what many of them cost.
 *
 * @module
 */

import { Connection, encodeRequest } from "../client.ts";
import type { IdleReport } from "../engine.ts";
import type { ProcessSample, RunningTarget } from "../gateway_process.ts";
import { BENCH_MODEL, chatBody, expectSmallAnswer, type Figures, NOT_APPLICABLE, type Scenario } from "../scenario.ts";
import { percentile } from "../statistics.ts";

const IDLE_MS = 3000;
const QUEUED = 8;
const WAITING = 4000;
const FILES_LEFT = 500;
const CONNECTS_AT_ONCE = 50;
const CALM_MS = 500;
/** Processor time in {@link CALM_MS} that still counts as calm: probing a loading engine costs a little. */
const CALM_US = 20_000;

/**
 * Eight clients and one request at a time: from the engine's end of one answer to the arrival of the next request. The
 * engine itself is asked by one client, whose next request follows its answer: nothing between two requests can be shorter.
 */
export const idle: Scenario = {
  name: "idle",
  warmsUp: false,
  metrics: [
    { key: "p50", unit: "µs", better: "lower" },
    { key: "p99", unit: "µs", better: "lower" },
  ],
  async run({ spec, shared, effort, launch }) {
    if (spec.kind === "upstream") return NOT_APPLICABLE;
    if (spec.kind === "direct") return await idleOf({ port: shared.port, enginePort: shared.port, clients: 1, effort });
    await using gateway = await launch({ models: { [BENCH_MODEL]: 0 }, parallel: 1 });
    const enginePort = gateway.enginePorts.get(BENCH_MODEL);
    if (enginePort === undefined) throw new Error("the gateway has no engine");
    return await idleOf({ port: gateway.port, enginePort, clients: QUEUED, effort });
  },
};

interface IdleOptions {
  readonly port: number;
  readonly enginePort: number;
  readonly clients: number;
  readonly effort: number;
}

async function idleOf({ port, enginePort, clients, effort }: IdleOptions): Promise<Figures> {
  using stack = new DisposableStack();
  const request = encodeRequest({ port, body: chatBody(BENCH_MODEL), wish: "delay=2" });
  const opened = await Promise.all(Array.from({ length: clients }, () => Connection.open(port)));
  const connections = opened.map((connection) => stack.use(connection));
  const ask = async (durationMs: number): Promise<IdleReport> => {
    const deadline = performance.now() + durationMs;
    await Promise.all(connections.map(async (connection) => {
      while (performance.now() < deadline) {
        expectSmallAnswer(await connection.exchange(request));
      }
    }));
    return await (await fetch(`http://127.0.0.1:${enginePort}/bench/idle`)).json();
  };
  await ask(IDLE_MS * effort * 0.3);
  const { gapsUs, mostAtOnce } = await ask(IDLE_MS * effort);
  if (mostAtOnce > 1) return NOT_APPLICABLE; // not serial: the engine is never left alone
  return { p50: percentile(gapsUs, 0.5), p99: percentile(gapsUs, 0.99) };
}

/** 4,000 requests, fewer where the limit of open files says so, wait for a model that does not come; then all leave at once. */
export const waiting: Scenario = {
  name: "waiting",
  warmsUp: false,
  metrics: [
    { key: "memory", unit: "KiB/request", better: "lower" },
    { key: "arrival cpu", unit: "µs/request", better: "lower" },
    { key: "cancel cpu", unit: "µs/request", better: "lower" },
  ],
  async run({ spec, effort, launch }) {
    if (spec.kind !== "models") return NOT_APPLICABLE;
    const count = Math.min(Math.round(WAITING * effort), await openFileLimit() - FILES_LEFT);
    await using gateway = await launch({ models: { [BENCH_MODEL]: 600_000 }, parallel: 32 });
    const request = encodeRequest({ port: gateway.port, body: chatBody(BENCH_MODEL) });
    using _first = await sendOne(gateway.port, request); // the load is under way before anything is measured
    await untilCalm(gateway);
    const empty = await sampleOf(gateway);
    const waiters = new DisposableStack();
    try {
      for (let left = count; left > 0; left -= CONNECTS_AT_ONCE) {
        const opened = await Promise.all(
          Array.from({ length: Math.min(left, CONNECTS_AT_ONCE) }, () => sendOne(gateway.port, request)),
        );
        for (const connection of opened) waiters.use(connection);
      }
      await untilCalm(gateway);
      const full = await sampleOf(gateway);
      const restUs = await cpuOfRest(gateway);
      const before = await sampleOf(gateway);
      const startedAt = performance.now();
      waiters.dispose();
      await untilCalm(gateway);
      const spentUs = (await sampleOf(gateway)).cpuUs - before.cpuUs;
      const backgroundUs = (restUs / 1000) * (performance.now() - startedAt);
      return {
        memory: (full.rssKiB - empty.rssKiB) / count,
        "arrival cpu": (full.cpuUs - empty.cpuUs) / count,
        "cancel cpu": Math.max(0, spentUs - backgroundUs) / count,
      };
    } finally {
      waiters.dispose();
    }
  },
};

async function sendOne(port: number, request: Uint8Array): Promise<Connection> {
  const connection = await Connection.open(port);
  await connection.send(request);
  return connection;
}

async function sampleOf(target: RunningTarget): Promise<ProcessSample> {
  const sample = await target.sample();
  if (sample === null) throw new Error("there is no gateway to measure");
  return sample;
}

/** Resolves when the gateway has done next to nothing for a while. */
async function untilCalm(target: RunningTarget): Promise<void> {
  for (let before = (await sampleOf(target)).cpuUs;;) {
    await pause(CALM_MS);
    const { cpuUs } = await sampleOf(target);
    if (cpuUs - before <= CALM_US) return;
    before = cpuUs;
  }
}

/** Microseconds of processor time in one second in which nobody asks for anything. */
async function cpuOfRest(target: RunningTarget): Promise<number> {
  const before = await sampleOf(target);
  await pause(1000);
  return (await sampleOf(target)).cpuUs - before.cpuUs;
}

async function openFileLimit(): Promise<number> {
  const { stdout } = await new Deno.Command("sh", { args: ["-c", "ulimit -n"] }).output();
  const limit = Number(new TextDecoder().decode(stdout));
  return Number.isNaN(limit) ? Number.POSITIVE_INFINITY : limit;
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
