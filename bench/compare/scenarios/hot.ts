/**
 * Small requests to a loaded model: how long one takes, how many go through, and what each costs the gateway.
 *
 * @module
 */

import { Connection, encodeRequest } from "../client.ts";
import type { RunningTarget } from "../gateway_process.ts";
import { BENCH_MODEL, chatBody, expectSmallAnswer, type Figures, per, type Scenario, withCpu } from "../scenario.ts";
import { percentile } from "../statistics.ts";

const DURATION_MS = 3000;

/** One client, one request after the other. */
export const hot1: Scenario = {
  name: "hot1",
  warmsUp: true,
  metrics: [
    { key: "p50", unit: "µs", better: "lower" },
    { key: "p99", unit: "µs", better: "lower" },
    { key: "cpu", unit: "µs/request", better: "lower" },
  ],
  run: ({ shared, effort }) => hammer(shared, { clients: 1, durationMs: DURATION_MS * effort }),
};

/** 32 clients at once. */
export const hot32: Scenario = {
  name: "hot32",
  warmsUp: true,
  metrics: [
    { key: "rate", unit: "requests/s", better: "higher" },
    { key: "p50", unit: "µs", better: "lower" },
    { key: "p99", unit: "µs", better: "lower" },
    { key: "cpu", unit: "µs/request", better: "lower" },
  ],
  run: ({ shared, effort }) => hammer(shared, { clients: 32, durationMs: DURATION_MS * effort }),
};

async function hammer(
  target: RunningTarget,
  { clients, durationMs }: { readonly clients: number; readonly durationMs: number },
): Promise<Figures> {
  const request = encodeRequest({ port: target.port, body: chatBody(BENCH_MODEL) });
  using stack = new DisposableStack();
  const opened = await Promise.all(Array.from({ length: clients }, () => Connection.open(target.port)));
  const connections = opened.map((connection) => stack.use(connection));
  const tookUs: number[] = [];
  const { outcome: elapsedMs, cpuUs } = await withCpu(target, async () => {
    const startedAt = performance.now();
    await Promise.all(connections.map(async (connection) => {
      for (let now = performance.now(); now < startedAt + durationMs;) {
        expectSmallAnswer(await connection.exchange(request));
        const end = performance.now();
        tookUs.push((end - now) * 1000);
        now = end;
      }
    }));
    return performance.now() - startedAt;
  });
  return {
    rate: (tookUs.length / elapsedMs) * 1000,
    p50: percentile(tookUs, 0.5),
    p99: percentile(tookUs, 0.99),
    cpu: per(cpuUs, tookUs.length),
  };
}
