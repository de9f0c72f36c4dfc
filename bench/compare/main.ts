/**
 * Compares gateways side by side: `deno task bench:compare`; `bench/README.md` says how to read it.
 *
 * @module
 */

import { type CompareOptions, parseCompareArguments } from "./arguments.ts";
import { Connection, encodeRequest } from "./client.ts";
import { endAll, launch, type RunningTarget } from "./gateway_process.ts";
import { renderReport, type ScenarioResult } from "./report.ts";
import { BENCH_MODEL, chatBody, type Figures, type Scenario } from "./scenario.ts";
import { body20 } from "./scenarios/body.ts";
import { hot1, hot32 } from "./scenarios/hot.ts";
import { idle, waiting } from "./scenarios/queue.ts";
import { rss, start } from "./scenarios/rest.ts";
import { paced, stream } from "./scenarios/streams.ts";
import { swap } from "./scenarios/swap.ts";
import type { TargetSpec } from "./targets.ts";

const SCENARIOS: readonly Scenario[] = [start, hot1, hot32, stream, paced, body20, rss, idle, swap, waiting];
const MAIN = new URL("../../main.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;
const BERTH = `${Deno.execPath()} run --config ${CONFIG} -P ${MAIN} --config {config} --listen 127.0.0.1:{port}`;
/** Of the documented length, also for a quick run: the first second is spent on compiling. */
const WARM_UP_EFFORT = 0.5;

if (import.meta.main) {
  let interrupted = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => {
      interrupted = true;
      void endAll().finally(() => Deno.exit(130));
    });
  }
  try {
    await compare(parseCompareArguments(Deno.args, BERTH));
  } catch (error) {
    await endAll();
    if (interrupted) Deno.exit(130); // what failed then, failed because its gateway was ended
    write(Deno.stderr, `${error instanceof Error ? error.message : error}\n`);
    Deno.exit(1);
  }
}

async function compare(options: CompareOptions): Promise<void> {
  const scenarios = choose(options.only);
  await using stack = new AsyncDisposableStack();
  const sides: Side[] = [];
  for (const spec of options.targets) {
    const shared = stack.use(await launch(spec, { models: { [BENCH_MODEL]: 0 }, parallel: 32 }));
    await loadModel(shared);
    sides.push({ spec, shared });
  }
  const results: ScenarioResult[] = [];
  for (const scenario of scenarios) {
    const rounds = await runInTurns(scenario, sides, options);
    results.push({ name: scenario.name, metrics: scenario.metrics, rounds });
  }
  const targets = options.targets.map(({ name }) => name);
  write(Deno.stdout, renderReport(results, { targets, baseline: options.baseline }));
  if (options.json !== null) {
    await Deno.writeTextFile(options.json, JSON.stringify({ targets: options.targets, results }, null, 2));
  }
}

/** A target with the instance of it that stays up. */
interface Side {
  readonly spec: TargetSpec;
  readonly shared: RunningTarget;
}

/** Every side once in each round, back and forth, so that none is always the one after a certain other. */
async function runInTurns(
  scenario: Scenario,
  sides: readonly Side[],
  { rounds, effort }: CompareOptions,
): Promise<readonly Readonly<Record<string, Figures>>[]> {
  const take = async (side: Side, turnEffort: number): Promise<Figures> => {
    try {
      return await scenario.run({ ...side, effort: turnEffort, launch: (options) => launch(side.spec, options) });
    } catch (cause) {
      throw new Error(`${scenario.name}, ${side.spec.name}: ${cause instanceof Error ? cause.message : cause}`, {
        cause,
      });
    }
  };
  if (scenario.warmsUp) {
    for (const side of sides) await take(side, WARM_UP_EFFORT);
  }
  const all: Record<string, Figures>[] = [];
  for (let round = 0; round < rounds; round++) {
    const figures: Record<string, Figures> = {};
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      write(Deno.stderr, `${scenario.name} ${round + 1}/${rounds} ${side.spec.name}\n`);
      figures[side.spec.name] = await take(side, effort);
    }
    all.push(figures);
  }
  return all;
}

/** One request, so that the model is there before anything is measured. */
async function loadModel({ port }: RunningTarget): Promise<void> {
  using connection = await Connection.open(port);
  const { status } = await connection.exchange(encodeRequest({ port, body: chatBody(BENCH_MODEL) }));
  if (status !== 200) throw new Error(`port ${port} answers ${status} to the first request`);
}

function choose(only: readonly string[] | null): readonly Scenario[] {
  const unknown = only?.find((name) => !SCENARIOS.some((scenario) => scenario.name === name));
  if (unknown !== undefined) {
    throw new Error(`no scenario ${unknown}: there are ${SCENARIOS.map(({ name }) => name).join(", ")}`);
  }
  return SCENARIOS.filter(({ name }) => only === null || only.includes(name));
}

function write(to: typeof Deno.stdout, text: string): void {
  to.writeSync(new TextEncoder().encode(text));
}
