/**
 * What a gateway costs while nothing is asked of it: the time to its first answer, and its memory after work.
 *
 * @module
 */

import { BENCH_MODEL, NOT_APPLICABLE, type Scenario } from "../scenario.ts";

/** From the spawn to the first answer to `GET /v1/models`; no model is started. */
export const start: Scenario = {
  name: "start",
  warmsUp: false,
  metrics: [{ key: "first answer", unit: "ms", better: "lower" }],
  async run({ spec, launch }) {
    if (spec.kind !== "models") return NOT_APPLICABLE;
    const startedAt = performance.now();
    await using _started = await launch({ models: { [BENCH_MODEL]: 0 }, parallel: 32 });
    return { "first answer": performance.now() - startedAt };
  },
};

/** Resident memory of the instance that has run all scenarios so far. */
export const rss: Scenario = {
  name: "rss",
  warmsUp: false,
  metrics: [{ key: "resident", unit: "MiB", better: "lower" }],
  async run({ shared }) {
    const sample = await shared.sample();
    return { resident: sample === null ? null : sample.rssKiB / 1024 };
  },
};
