/**
 * From the texts of a config to the effective configuration, in the order of spec §2.1; pure.
 *
 * @module
 */

import { checkAgainst, type Finding, type Findings } from "./check.ts";
import { readDocuments } from "./documents.ts";
import { ConfigErrors, ConfigIssue } from "./issues.ts";
import { expandMacros, readMacros, rejectLeftovers } from "./macros.ts";
import { MIN_HEALTH_CHECK_TIMEOUT_S } from "./model_config.ts";
import { loadModels } from "./models.ts";
import { placeFindings } from "./placing.ts";
import { topSchema } from "./schema.ts";
import { limitsOf, logLevelOf, schedulerOf } from "./settings.ts";
import type { ConfigSource } from "./sources.ts";
import { emptyTree } from "./tree.ts";
import type { Config } from "./types.ts";

export { ConfigErrors, ConfigIssue };

/** A config that can be used. */
export interface LoadedConfig {
  /** The effective configuration. */
  readonly config: Config;
  /** What deserves attention. */
  readonly warnings: readonly ConfigIssue[];
}

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
    if (problems.length > 0) throw new ConfigErrors(placeFindings(problems, source.texts));
  };

  const root = readDocuments(source, findings);
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
  const { models, aliases } = loadModels(root.models, { globals, top: fallback, findings, kept: source.kept });
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
    preload: [],
    profiles: new Map(),
    selectors: new Map(),
    peers: new Map(),
    peerModels: new Map(),
    logTimeFormat: null,
    logToStdout: "proxy",
    ignorePaths: [],
    sessionHeaders: [],
    captureBufferMib: 5,
    metricsMaxInMemory: 1000,
    performanceEveryMs: 5000,
    storePath: null,
  };
  return { config, warnings: placeFindings(warnings, source.texts) };
}
