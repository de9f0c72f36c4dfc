/**
 * From the parsed keys besides `models` to their part of the effective configuration.
 *
 * @module
 */

import type { Findings } from "./check.ts";
import { parseDuration } from "./durations.ts";
import type { TopSettings } from "./schema.ts";
import { nearestName } from "./suggestions.ts";
import type { Config, Limits, SchedulerSettings } from "./types.ts";

const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
const MIB = 1024 * 1024;

/** What one client may take up. */
export function limitsOf({ limits: { requestBody, responseBuffer, stalledWrite } }: TopSettings): Limits {
  return {
    requestBodyBytes: requestBody * MIB,
    responseBufferBytes: responseBuffer * MIB,
    stalledWriteMs: stalledWrite === 0 ? null : stalledWrite * 1000,
  };
}

/** How requests are ordered. */
export function schedulerOf(top: TopSettings, findings: Findings): SchedulerSettings {
  const { use, settings: { serial } } = top.routing.scheduler;
  if (use !== "serial") {
    findings.problem({
      path: ["routing", "scheduler", "use"],
      message: use === "fifo" ? "the fifo scheduler is not available yet" : "unknown scheduler",
      found: JSON.stringify(use.slice(0, 60)),
      expected: "serial",
      suggestion: nearestName(use, ["serial"]),
    });
  }
  return {
    use: "serial",
    parallel: serial.parallel,
    maxQueue: serial.maxQueue,
    maxWaitMs: parseDuration(serial.maxWait),
  };
}

/** The least level of the gateway's own lines; an unknown one is `info`, as in llama-swap. */
export function logLevelOf(value: string, findings: Findings): Config["logLevel"] {
  const wanted = value.trim().toLowerCase();
  const level = LOG_LEVELS.find((known) => known === wanted);
  if (level === undefined) {
    findings.warning({
      path: ["logLevel"],
      message: `${JSON.stringify(value.slice(0, 60))} is no log level: info is used.`,
      suggestion: nearestName(wanted, LOG_LEVELS),
    });
  }
  return level ?? "info";
}
