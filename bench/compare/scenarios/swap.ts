/**
 * Two models that push each other out: the time that a swap takes beyond the engines' own stop and start.
 *
 * @module
 */

import { Connection, encodeRequest } from "../client.ts";
import { startProcess } from "../gateway_process.ts";
import { chatBody, expectSmallAnswer, NOT_APPLICABLE, type Scenario } from "../scenario.ts";
import { mean, median } from "../statistics.ts";
import { engineCommand } from "../targets.ts";
import { freePort } from "../../../tests/fakes/free_port.ts";

/** Load times in milliseconds: several, because a gateway that probes in steps loses a time that depends on them. */
const LOADS_MS: Readonly<Record<string, number>> = { a: 100, b: 400, c: 700, d: 1000 };
const OWN_TIMES = 3;

/**
 * The models are asked for in turn, each once. From each latency is taken what the engines need by themselves, measured
 * without a gateway in the same turn: from SIGTERM to the exit, and from the spawn to the end of the load.
 */
export const swap: Scenario = {
  name: "swap",
  warmsUp: false,
  metrics: [
    { key: "mean lost", unit: "ms/swap", better: "lower" },
    { key: "p50 lost", unit: "ms/swap", better: "lower" },
  ],
  async run({ spec, launch }) {
    if (spec.kind !== "models") return NOT_APPLICABLE;
    const own = await ownTimes();
    await using gateway = await launch({ models: LOADS_MS, parallel: 1 });
    using connection = await Connection.open(gateway.port);
    const ask = async (model: string): Promise<number> => {
      const startedAt = performance.now();
      expectSmallAnswer(await connection.exchange(encodeRequest({ port: gateway.port, body: chatBody(model) })));
      return performance.now() - startedAt;
    };
    await ask("d");
    const lostMs: number[] = [];
    for (const [model, loadMs] of Object.entries(LOADS_MS)) {
      lostMs.push(await ask(model) - own.stopMs - own.startMs - loadMs);
    }
    return { "mean lost": mean(lostMs), "p50 lost": median(lostMs) };
  },
};

/** Milliseconds that an engine takes to start, its load excluded, and to stop. */
async function ownTimes(): Promise<{ readonly startMs: number; readonly stopMs: number }> {
  const loadMs = LOADS_MS["a"] ?? 0;
  const starts: number[] = [];
  const stops: number[] = [];
  for (let i = 0; i < OWN_TIMES; i++) {
    const spawnedAt = performance.now();
    const engine = startProcess(engineCommand({ port: freePort(), loadMs }), { readOutput: true });
    const output = engine.output.getReader();
    await output.read(); // the one line that it says when it is loaded
    starts.push(performance.now() - spawnedAt - loadMs);
    const stoppedAt = performance.now();
    await engine[Symbol.asyncDispose]();
    stops.push(performance.now() - stoppedAt);
    await output.cancel();
  }
  return { startMs: median(starts), stopMs: median(stops) };
}
