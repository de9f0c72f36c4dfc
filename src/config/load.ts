/**
 * From the text of a config to the effective configuration, in the order of spec §2.1; pure.
 *
 * @module
 */

import { parse, YamlSyntaxError } from "@std/yaml";
import { checkAgainst, type Finding, type Findings } from "./check.ts";
import { namesUsed, type ReadEnvironment, substituteEnvironment } from "./environment.ts";
import { ConfigErrors, ConfigIssue } from "./issues.ts";
import { expandMacros, readMacros, rejectLeftovers } from "./macros.ts";
import { MIN_HEALTH_CHECK_TIMEOUT_S } from "./model_config.ts";
import { loadModels } from "./models.ts";
import { createLocator } from "./positions.ts";
import { topSchema, type TopSettings } from "./schema.ts";
import { parseDuration } from "./durations.ts";
import { nearestName } from "./suggestions.ts";
import { copyTree, emptyTree, isTree, type Tree, TreeError } from "./tree.ts";
import type { Config, Limits, SchedulerSettings } from "./types.ts";

export { ConfigErrors, ConfigIssue };

/** What {@link loadConfig} reads. */
export interface ConfigSource {
  /** The YAML text. */
  readonly text: string;
  /** How messages call the source. */
  readonly file: string;
  /** Looks up `${env.NAME}`; returns or throws an error when the environment may not be read. */
  readonly env: ReadEnvironment;
}

/** A config that can be used. */
export interface LoadedConfig {
  /** The effective configuration. */
  readonly config: Config;
  /** What deserves attention. */
  readonly warnings: readonly ConfigIssue[];
}

/** Larger sources are refused. */
export const MAX_SOURCE_BYTES = 4 * 1024 * 1024;

const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;

/**
 * Reads a config.
 *
 * @throws {ConfigErrors} with every problem that was found, when the config cannot be used.
 */
export function loadConfig(source: ConfigSource): LoadedConfig {
  const problems: Finding[] = [];
  const warnings: Finding[] = [];
  const findings: Findings = {
    problem: (finding) => void problems.push(finding),
    warning: (finding) => void warnings.push(finding),
  };
  const refuseIfBroken = () => {
    if (problems.length > 0) throw new ConfigErrors(place(problems, source));
  };

  const text = withEnvironment(source, findings);
  refuseIfBroken();
  const root = parseTree(text, source, findings);
  refuseIfBroken();

  const complain = (path: Finding["path"], message: string) => findings.problem({ path, message });
  const globals = readMacros(root.macros, ["macros"], "", complain);
  const top = emptyTree();
  for (const key of Object.keys(root)) {
    if (key === "models" || key === "macros") continue;
    top[key] = expandMacros(root[key], globals, [key], complain);
    if (Object.hasOwn(topSchema.shape, key)) rejectLeftovers(top[key], [key], complain);
  }
  const settings = checkAgainst(topSchema, top, { path: [], findings });
  const fallback = settings ?? topSchema.parse({});
  const scheduler = schedulerOf(fallback, findings);
  const { models, aliases } = loadModels(root.models, { globals, top: fallback, findings });
  refuseIfBroken();

  const config: Config = {
    models,
    aliases,
    healthCheckTimeoutS: Math.max(MIN_HEALTH_CHECK_TIMEOUT_S, fallback.healthCheckTimeout),
    logLevel: logLevelOf(fallback.logLevel, findings),
    startPort: fallback.startPort,
    includeAliasesInList: fallback.includeAliasesInList,
    apiKeys: fallback.apiKeys,
    limits: limitsOf(fallback),
    scheduler,
  };
  return { config, warnings: place(warnings, source) };
}

function withEnvironment(source: ConfigSource, findings: Findings): string {
  if (new TextEncoder().encode(source.text).length > MAX_SOURCE_BYTES) {
    findings.problem({ path: [], message: "The source is larger than 4 MiB: refused" });
    return "";
  }
  let text = source.text;
  // Twice, so that a value may itself name a variable (spec §1.6.6).
  for (let pass = 0; pass < 2 && text.includes("${env."); pass++) {
    const names = namesUsed(text, tryParse(text));
    const done = substituteEnvironment(text, names, source.env);
    for (const { message } of done.problems) findings.problem({ path: [], message });
    text = done.text;
    if (done.problems.length > 0) break;
  }
  return text;
}

function tryParse(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

function parseTree(text: string, source: ConfigSource, findings: Findings): Tree {
  let parsed: unknown;
  try {
    parsed = copyTree(parse(text));
  } catch (error) {
    if (error instanceof TreeError) {
      findings.problem({ path: error.path, message: error.message });
      return emptyTree();
    }
    throw new ConfigErrors([syntaxIssue(error, source)]);
  }
  if (isTree(parsed)) return parsed;
  if (Array.isArray(parsed)) {
    findings.problem({ path: [], message: "top-level YAML must be a mapping", found: "a list" });
  } else if (parsed !== null) {
    findings.warning({ path: [], message: "The document holds no mapping: it counts as empty" });
  }
  return emptyTree();
}

function syntaxIssue(error: unknown, { file }: ConfigSource): ConfigIssue {
  if (!(error instanceof YamlSyntaxError)) {
    const reason = error instanceof RangeError
      ? "nested too deeply"
      : error instanceof Error
      ? error.message
      : String(error);
    return new ConfigIssue({ file, line: 0, column: 0, path: [], message: `Not valid YAML: ${reason}` });
  }
  const read = readSyntaxError(error);
  return new ConfigIssue({
    file,
    line: read.line,
    column: read.column,
    path: [],
    message: `Not valid YAML: ${read.reason}`,
  });
}

/** The error of `@std/yaml` says its place in the message only. */
function readSyntaxError(error: Error): { readonly reason: string; readonly line: number; readonly column: number } {
  const match = / at line (\d+), column (\d+)/.exec(error.message);
  const reason = error.message.slice(0, match?.index ?? error.message.length);
  return { reason, line: Number(match?.[1] ?? 0), column: Number(match?.[2] ?? 0) };
}

const MIB = 1024 * 1024;

function limitsOf({ limits: { requestBody, responseBuffer, stalledWrite } }: TopSettings): Limits {
  return {
    requestBodyBytes: requestBody * MIB,
    responseBufferBytes: responseBuffer * MIB,
    stalledWriteMs: stalledWrite === 0 ? null : stalledWrite * 1000,
  };
}

function schedulerOf(top: TopSettings, findings: Findings): SchedulerSettings {
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

function logLevelOf(value: string, findings: Findings): Config["logLevel"] {
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

/** Finds the place of each finding in the text as its author wrote it; the text is read again only here. */
function place(findings: readonly Finding[], source: ConfigSource): ConfigIssue[] {
  if (findings.length === 0) return [];
  const locate = createLocator(source.text.length > MAX_SOURCE_BYTES ? "" : source.text);
  return findings
    .map((finding) => {
      const position = finding.path.length > 0 ? locate(finding.path) : placeOfText(finding.message, source.text);
      return new ConfigIssue({ file: source.file, ...position, ...finding });
    })
    .sort((a, b) => a.line - b.line || a.column - b.column);
}

/** Problems with `${env.NAME}` are found before there are paths. */
function placeOfText(message: string, text: string): { readonly line: number; readonly column: number } {
  const name = /^environment variable '(\w+)'/.exec(message)?.[1];
  const offset = name === undefined ? -1 : text.indexOf(`\${env.${name}}`);
  if (offset < 0) return { line: 0, column: 0 };
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
