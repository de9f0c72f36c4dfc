/**
 * From the parsed keys besides `models` to their part of the effective configuration, one key at a time.
 *
 * @module
 */

import type { Findings } from "./findings.ts";
import { parseDuration } from "./durations.ts";
import { compilePattern, knownPattern } from "./patterns.ts";
import type { TopSettings } from "./schema.ts";
import { nearestName } from "./suggestions.ts";
import type { Config, Limits, PathPattern } from "./types.ts";

const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
const LOG_TARGETS = ["proxy", "upstream", "both", "none"] as const;
const MIB = 1024 * 1024;
const MIN_PERFORMANCE_EVERY_MS = 5000;
const DEFAULT_METRICS = 1000;

/** Values below this many seconds are raised to it, as llama-swap does. */
export const MIN_HEALTH_CHECK_TIMEOUT_S = 15;

/** Names of Go's layouts of time. */
const TIME_FORMATS: ReadonlySet<string> = new Set([
  "ansic",
  "unixdate",
  "rubydate",
  "rfc822",
  "rfc822z",
  "rfc850",
  "rfc1123",
  "rfc1123z",
  "rfc3339",
  "rfc3339nano",
  "kitchen",
  "stamp",
  "stampmilli",
  "stampmicro",
  "stampnano",
]);

/** Paths of what a page loads besides itself. */
const DEFAULT_IGNORE_PATHS: readonly PathPattern[] = [
  String.raw`.*\.(js|mjs|json|css|map|png|gif|jpg|jpeg|webp|avif|svg|ico|woff|woff2|ttf|otf|txt)$`,
].map((written) => ({ written, expression: knownPattern(written) }));

/** What one client may take up. */
export function limitsOf({ limits }: TopSettings, findings: Findings): Limits {
  const { requestBody, bodyMemory, bodyTimeout, responseBuffer, stalledWrite, openRequestsPerKey } = limits;
  if (bodyMemory < requestBody) {
    findings.warning({
      path: ["limits", "bodyMemory"],
      message: `${bodyMemory} is raised to ${requestBody}: one body may have that many MiB (limits.requestBody)`,
    });
  }
  return {
    requestBodyBytes: requestBody * MIB,
    bodyMemoryBytes: Math.max(bodyMemory, requestBody) * MIB,
    bodyTimeoutMs: bodyTimeout === 0 ? null : bodyTimeout * 1000,
    responseBufferBytes: responseBuffer * MIB,
    stalledWriteMs: stalledWrite === 0 ? null : stalledWrite * 1000,
    openRequestsPerKey,
  };
}

/** How long an open websocket keeps its lease without a message, in milliseconds; `null` = as long as it is open. */
export function websocketIdleLeaseOf({ websockets: { idleLease } }: TopSettings): number | null {
  return idleLease === 0 ? null : idleLease * 1000;
}

/** Seconds that a backend may take to become ready. */
export function healthCheckTimeoutOf({ healthCheckTimeout }: TopSettings, findings: Findings): number {
  if (healthCheckTimeout < MIN_HEALTH_CHECK_TIMEOUT_S) {
    findings.warning({
      path: ["healthCheckTimeout"],
      message: `${healthCheckTimeout} is raised to ${MIN_HEALTH_CHECK_TIMEOUT_S}, the least that llama-swap allows; ` +
        "a model's startTimeout may be less",
    });
  }
  return Math.max(MIN_HEALTH_CHECK_TIMEOUT_S, healthCheckTimeout);
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

/** The layout of the time in the gateway's own lines; an unknown one is none, as in llama-swap. */
export function logTimeFormatOf(value: string, findings: Findings): string | null {
  const wanted = value.trim().toLowerCase();
  if (wanted === "") return null;
  if (TIME_FORMATS.has(wanted)) return wanted;
  findings.warning({
    path: ["logTimeFormat"],
    message: `${JSON.stringify(value.slice(0, 60))} names no layout of time: lines show none.`,
    expected: [...TIME_FORMATS].join(", "),
    suggestion: nearestName(wanted, TIME_FORMATS),
  });
  return null;
}

/** Whose lines are written. */
export function logToStdoutOf(value: string, findings: Findings): Config["logToStdout"] {
  const target = LOG_TARGETS.find((known) => known === value);
  if (target === undefined) {
    findings.problem({
      path: ["logToStdout"],
      message: "logToStdout must be one of: proxy, upstream, both, none",
      found: JSON.stringify(value.slice(0, 60)),
      suggestion: nearestName(value, LOG_TARGETS),
    });
  }
  return target ?? "proxy";
}

/** Paths below `/upstream/MODEL/` that never load a model: by default what a page loads besides itself. */
export function ignorePathsOf({ upstream }: TopSettings, findings: Findings): readonly PathPattern[] {
  if (upstream.ignorePaths === undefined) return DEFAULT_IGNORE_PATHS;
  const patterns: PathPattern[] = [];
  upstream.ignorePaths.forEach((written, i) => {
    try {
      patterns.push({ written, expression: compilePattern(written) });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      findings.problem({
        path: ["upstream", "ignorePaths", i],
        message: `upstream.ignorePaths: invalid regular expression ${JSON.stringify(written.slice(0, 120))}: ${
          reason.slice(0, 120)
        }`,
        expected: "an expression as RE2 knows it",
      });
    }
  });
  return patterns;
}

/** Headers that name a session, trimmed, each once whatever its case. */
export function sessionHeadersOf({ ui }: TopSettings): readonly string[] {
  const byLowerCase = new Map<string, string>();
  for (const text of ui.activity.session_id) {
    const name = text.trim();
    const folded = name.toLowerCase();
    if (name !== "" && !byLowerCase.has(folded)) byLowerCase.set(folded, name);
  }
  return [...byLowerCase.values()];
}

/** Milliseconds between samples of the machine; `null` = none are taken. */
export function performanceEveryOf(
  { performance: { disabled, every: given } }: TopSettings,
  findings: Findings,
): number | null {
  const every = parseDuration(given) || MIN_PERFORMANCE_EVERY_MS;
  if (every < MIN_PERFORMANCE_EVERY_MS) {
    findings.problem({
      path: ["performance", "every"],
      message: "performance: every must be at least 5s",
      found: JSON.stringify(given),
    });
  }
  return disabled ? null : every;
}

/** How many records of activity are kept in memory. */
export function metricsMaxInMemoryOf({ metricsMaxInMemory }: TopSettings): number {
  return metricsMaxInMemory > 0 ? metricsMaxInMemory : DEFAULT_METRICS;
}

/** The file of the activity store; `probe` says why a path cannot be used, and nothing is asked without it. */
export function storePathOf(
  { store }: TopSettings,
  findings: Findings,
  probe?: (path: string) => string | null,
): string | null {
  if (store === undefined) return null;
  const path = store.path.trim();
  const reason = path === "" ? "must not be empty" : probe?.(path) ?? null;
  if (reason !== null) {
    const missing = path === "" ? ["store", "path"] : undefined;
    findings.problem({ path: ["store", "path"], message: `store.path ${reason}`, expected: "a file", missing });
  }
  return path;
}
