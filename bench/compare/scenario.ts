/**
 * What a scenario is: something done to one target in one turn, and the figures that come of it.
 *
 * @module
 */

import type { Answer } from "./client.ts";
import { SMALL_ANSWER_BYTES } from "./engine.ts";
import type { LaunchOptions, RunningTarget } from "./gateway_process.ts";
import type { TargetSpec } from "./targets.ts";

/** One line of the report. */
export interface Metric {
  /** Name of the figure within its scenario. */
  readonly key: string;
  /** Unit, for people. */
  readonly unit: string;
  /** Which direction is good. */
  readonly better: "lower" | "higher";
}

/** The figures of one turn by metric; null where a target has no such figure. */
export type Figures = Readonly<Record<string, number | null>>;

/** One target's turn. */
export interface Turn {
  /** Whose turn it is. */
  readonly spec: TargetSpec;
  /** The instance that stays up for the whole bench, with the model `bench` loaded and 32 requests at a time. */
  readonly shared: RunningTarget;
  /** Factor on durations and counts: 1 as documented, less when hurried or warming up. */
  readonly effort: number;
  /** Starts another instance of this target. */
  launch(options: LaunchOptions): Promise<RunningTarget>;
}

/** Something to measure. */
export interface Scenario {
  /** Name, for `--only`. */
  readonly name: string;
  /** What it gives, in the report's order. */
  readonly metrics: readonly Metric[];
  /** Whether the shared instance is put under load, and so is warmed up by a short turn that does not count. */
  readonly warmsUp: boolean;
  /** Runs one turn. */
  run(turn: Turn): Promise<Figures>;
}

/** The answer of a scenario that means nothing for this target. */
export const NOT_APPLICABLE: Figures = {};

/** The model that the shared instances serve. */
export const BENCH_MODEL = "bench";

/** The body of a small chat request, about 70 bytes. */
export function chatBody(model: string): string {
  return JSON.stringify({ model, messages: [{ role: "user", content: "Say ahoy." }] });
}

/** Throws unless this is the engine's own small answer, as far as status and length tell. */
export function expectSmallAnswer({ status, bytes }: Answer): void {
  if (status === 200 && bytes === SMALL_ANSWER_BYTES) return;
  throw new Error(`a request was answered by ${status} and ${bytes} bytes instead of 200 and ${SMALL_ANSWER_BYTES}`);
}

/** Runs some load and tells its gateway's processor time in microseconds with its outcome; null without a gateway. */
export async function withCpu<T>(
  target: RunningTarget,
  load: () => Promise<T>,
): Promise<{ readonly outcome: T; readonly cpuUs: number | null }> {
  const before = await target.sample();
  const outcome = await load();
  const after = await target.sample();
  return { outcome, cpuUs: before === null || after === null ? null : after.cpuUs - before.cpuUs };
}

/** `total` shared out; null stays null. */
export function per(total: number | null, count: number): number | null {
  return total === null ? null : total / count;
}
