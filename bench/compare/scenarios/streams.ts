/**
 * Streamed answers: one that is as fast as it can be, and many that tick.
 *
 * @module
 */

import { Connection, encodeRequest } from "../client.ts";
import { EVENT } from "../engine.ts";
import { BENCH_MODEL, chatBody, per, type Scenario, withCpu } from "../scenario.ts";
import { percentile } from "../statistics.ts";

const EVENTS_PER_STREAM = 20_000;
const FAST_MS = 2000;
const PACED_MS = 5000;
const STREAMS = 32;
const EVERY_MS = 10;

/** One client that takes streams of 20,000 small events one after the other, each event a chunk of its own from the engine. */
export const stream: Scenario = {
  name: "stream",
  warmsUp: true,
  metrics: [
    { key: "rate", unit: "chunks/s", better: "higher" },
    { key: "cpu", unit: "µs/chunk", better: "lower" },
  ],
  async run({ shared, effort }) {
    const { port } = shared;
    const request = encodeRequest({ port, body: chatBody(BENCH_MODEL), wish: `burst=${EVENTS_PER_STREAM}` });
    using connection = await Connection.open(port);
    let events = 0;
    const { outcome: elapsedMs, cpuUs } = await withCpu(shared, async () => {
      const startedAt = performance.now();
      while (performance.now() < startedAt + FAST_MS * effort) {
        expectEvents(await connection.exchange(request), EVENTS_PER_STREAM);
        events += EVENTS_PER_STREAM;
      }
      return performance.now() - startedAt;
    });
    return { rate: (events / elapsedMs) * 1000, cpu: per(cpuUs, events) };
  },
};

/** 32 streams of one event each 10 ms on a fixed schedule, their phases spread evenly. */
export const paced: Scenario = {
  name: "paced",
  warmsUp: true,
  metrics: [
    { key: "cpu", unit: "µs/chunk", better: "lower" },
    { key: "p99 gap", unit: "ms", better: "lower" },
    { key: "max gap", unit: "ms", better: "lower" },
  ],
  async run({ shared, effort }) {
    const { port } = shared;
    const count = Math.round((PACED_MS * effort) / EVERY_MS);
    using stack = new DisposableStack();
    const opened = await Promise.all(Array.from({ length: STREAMS }, () => Connection.open(port)));
    const connections = opened.map((connection) => stack.use(connection));
    const gapsMs: number[] = [];
    const { cpuUs } = await withCpu(shared, async () => {
      await Promise.all(connections.map(async (connection, i) => {
        const wish = `paced=${count}&every=${EVERY_MS}&phase=${(i * EVERY_MS) / STREAMS}`;
        const request = encodeRequest({ port, body: chatBody(BENCH_MODEL), wish });
        let last = Number.NaN;
        let bytes = 0;
        const answer = await connection.exchange(request, (fresh) => {
          const now = performance.now();
          const events = Math.floor((bytes + fresh) / EVENT.length) - Math.floor(bytes / EVENT.length);
          bytes += fresh;
          if (events === 0) return;
          if (!Number.isNaN(last)) gapsMs.push(now - last);
          for (let together = 1; together < events; together++) gapsMs.push(0);
          last = now;
        });
        expectEvents(answer, count);
      }));
    });
    return {
      cpu: per(cpuUs, count * STREAMS),
      "p99 gap": percentile(gapsMs, 0.99),
      "max gap": percentile(gapsMs, 1),
    };
  },
};

function expectEvents(answer: { readonly status: number; readonly bytes: number }, count: number): void {
  if (answer.status === 200 && answer.bytes === count * EVENT.length) return;
  throw new Error(`a stream of ${count} events came with status ${answer.status} and ${answer.bytes} bytes`);
}
