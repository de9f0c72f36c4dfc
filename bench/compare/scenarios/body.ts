/**
 * A request with a large picture in it.
 *
 * @module
 */

import { Connection, encodeRequest } from "../client.ts";
import { BENCH_MODEL, expectSmallAnswer, per, type Scenario, withCpu } from "../scenario.ts";
import { percentile } from "../statistics.ts";

const PICTURE_BYTES = 20 * 1024 * 1024;
const TIMES = 15;

/** 20 MiB of JSON, nearly all of it one base64 string; the engine counts what arrives. */
export const body20: Scenario = {
  name: "body20",
  warmsUp: true,
  metrics: [
    { key: "p50", unit: "ms", better: "lower" },
    { key: "cpu", unit: "ms/request", better: "lower" },
  ],
  async run({ shared, effort }) {
    const url = `data:image/png;base64,${"iVBORw0K".repeat(PICTURE_BYTES / 8)}`;
    const content = [{ type: "image_url", image_url: { url } }];
    const body = JSON.stringify({ model: BENCH_MODEL, messages: [{ role: "user", content }] });
    const { port } = shared;
    const request = encodeRequest({ port, body, wish: `bytes=${body.length}` });
    using connection = await Connection.open(port);
    const times = Math.max(2, Math.round(TIMES * effort));
    const tookMs: number[] = [];
    const { cpuUs } = await withCpu(shared, async () => {
      for (let i = 0; i < times; i++) {
        const startedAt = performance.now();
        expectSmallAnswer(await connection.exchange(request));
        tookMs.push(performance.now() - startedAt);
      }
    });
    return { p50: percentile(tookMs, 0.5), cpu: per(cpuUs, times * 1000) };
  },
};
