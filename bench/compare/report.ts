/**
 * The figures of all rounds as one markdown table. Pure.
 *
 * @module
 */

import type { Figures, Metric } from "./scenario.ts";
import { median } from "./statistics.ts";

/** All rounds of one scenario. */
export interface ScenarioResult {
  /** The scenario's name. */
  readonly name: string;
  /** Its figures. */
  readonly metrics: readonly Metric[];
  /** Rounds in order; in each the figures of every target, by name. */
  readonly rounds: readonly Readonly<Record<string, Figures>>[];
}

/** What is shown. */
export interface ReportOptions {
  /** Names of the targets, in column order. */
  readonly targets: readonly string[];
  /** The target that ratios refer to. */
  readonly baseline: string;
}

/**
 * A table with a line for each metric and a column for each target: the median of the rounds, and in brackets the ratio
 * to the baseline. The ratio is the median of each round's own ratio, so that a slow moment of the machine, which meets
 * both, does not count.
 */
export function renderReport(results: readonly ScenarioResult[], { targets, baseline }: ReportOptions): string {
  const lines = results.flatMap((result) =>
    result.metrics.map((metric) => {
      const cells = targets.map((target) => {
        const middle = medianOf(result, { metric, target });
        if (Number.isNaN(middle)) return "–";
        const ratio = target === baseline ? Number.NaN : ratioOf(result, { metric, target, baseline });
        return Number.isNaN(ratio) ? show(middle) : `${show(middle)} (×${ratio.toFixed(2)})`;
      });
      const good = metric.better === "lower" ? "↓" : "↑";
      return [`${result.name} ${metric.key}, ${metric.unit} ${good}`, ...cells];
    })
  );
  const rows = [["", ...targets], ["---", ...targets.map(() => "---:")], ...lines];
  return rows.map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}

interface Place {
  readonly metric: Metric;
  readonly target: string;
}

function medianOf(result: ScenarioResult, { metric, target }: Place): number {
  return median(result.rounds.map((round) => round[target]?.[metric.key]).filter(isNumber));
}

function ratioOf(result: ScenarioResult, { metric, target, baseline }: Place & { readonly baseline: string }): number {
  return median(result.rounds.flatMap((round) => {
    const mine = round[target]?.[metric.key];
    const base = round[baseline]?.[metric.key];
    return isNumber(mine) && isNumber(base) && base > 0 ? [mine / base] : [];
  }));
}

function isNumber(value: number | null | undefined): value is number {
  return typeof value === "number" && !Number.isNaN(value);
}

function show(value: number): string {
  const size = Math.abs(value);
  return size >= 1000 ? Math.round(value).toLocaleString("en-US") : value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}
