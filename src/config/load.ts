/**
 * From the texts of a config to the effective configuration, in the order of spec §2.1; pure.
 *
 * @module
 */

import { allowedHostsOf, apiKeysOf, corsOf } from "./access.ts";
import { checkAgainst } from "./check.ts";
import { readDocuments } from "./documents.ts";
import { complainTo, expandMacros } from "./expansion.ts";
import { type Findings, gatherFindings } from "./findings.ts";
import { preloadOf } from "./hooks.ts";
import { ConfigErrors, ConfigIssue } from "./issues.ts";
import { settleTop } from "./leftovers.ts";
import { valuesOfMacros } from "./macro_values.ts";
import { readMacros } from "./macros.ts";
import { type LoadedModels, loadModels } from "./models.ts";
import { checkFullNames, loadPeers } from "./peers.ts";
import { placeFindings } from "./placing.ts";
import { loadProfiles } from "./profiles.ts";
import { relateProblems } from "./related.ts";
import { loadRouter } from "./routing.ts";
import { schedulerOf } from "./scheduling.ts";
import { topSchema, type TopSettings } from "./schema.ts";
import { loadSelectors } from "./selectors.ts";
import {
  healthCheckTimeoutOf,
  ignorePathsOf,
  limitsOf,
  logLevelOf,
  logTimeFormatOf,
  logToStdoutOf,
  metricsMaxInMemoryOf,
  performanceEveryOf,
  sessionHeadersOf,
  storePathOf,
  websocketIdleLeaseOf,
} from "./settings.ts";
import type { ConfigSource } from "./sources.ts";
import { trustProxyOf } from "./trust_proxy.ts";
import { emptyTree, isTree, type Tree } from "./tree.ts";
import type { Config } from "./types.ts";
import type { WrittenSource } from "./written.ts";

export { ConfigErrors, ConfigIssue };

/** A config that can be used. */
export interface LoadedConfig {
  /** The effective configuration. */
  readonly config: Config;
  /** What deserves attention. */
  readonly warnings: readonly ConfigIssue[];
  /** What the macros come to whose names are such, wherever they are declared. */
  macroValues(isWanted: (name: string) => boolean): readonly string[];
}

/**
 * Reads a config.
 *
 * @throws {ConfigErrors} with every problem that was found, when the config cannot be used.
 */
export function loadConfig(source: ConfigSource): LoadedConfig {
  const findings = gatherFindings();
  const { warnings } = findings;
  const documents = readDocuments(source, findings);
  const root = documents.tree;
  const files = source.texts.map(({ file }) => file);
  const complain = complainTo(findings);
  const globals = readMacros(root.macros, ["macros"], { owner: "", findings, complain, source: documents });
  const top = emptyTree();
  for (const key of Object.keys(root)) {
    if (key === "models" || key === "macros") continue;
    top[key] = expandMacros(root[key], globals, [key], complain);
    if (Object.hasOwn(topSchema.shape, key)) top[key] = settleTop(top[key], [key], complain);
  }
  const context = { findings, written: documents.written };
  const settings = checkAgainst(topSchema, top, { ...context, told: new Set(), path: [] }) ?? topSchema.parse({});
  const { models, names } = loadModels(root.models, {
    ...context,
    source: documents,
    platform: source.platform ?? "posix",
    globals,
    top: settings,
    kept: source.kept,
    cache: source.cache,
  });
  const config = assemble({ models, names, top, settings, source, findings, documents });
  const placed = placeFindings(warnings, documents, files);
  const related = relateProblems({
    root,
    findings,
    variables: [...documents.secrets.keys()],
    isSet: (name) => isSet(name, source.env),
  });
  if (related.length === 0) {
    return { config, warnings: placed, macroValues: (isWanted) => valuesOfMacros(root, globals, isWanted) };
  }
  throw new ConfigErrors(placeFindings(related, documents, files), placed);
}

function isSet(name: string, env: ConfigSource["env"]): boolean {
  try {
    return typeof env(name) === "string";
  } catch {
    return false;
  }
}

/** The effective configuration; it may be used only when no problem was told. */
function assemble(
  { models, names, top, settings, source, findings, documents }: LoadedModels & {
    readonly top: Tree;
    readonly settings: TopSettings;
    readonly source: ConfigSource;
    readonly findings: Findings;
    readonly documents: WrittenSource;
  },
): Config {
  const { peers, byFullName, byName } = loadPeers(settings.peers, findings);
  const { router, policy, isBroken, configuredAt } = loadRouter(settings, names, { findings, source: documents });
  const selectors = loadSelectors(settings.selectors, {
    local: names,
    peerModels: byName,
    whyNotTogether: (ids, effort) => isBroken ? null : policy.whyNotTogether(ids, effort),
    findings,
  });
  // A selector with a problem is a known name, too.
  const selectorIds = isTree(top.selectors) ? Object.keys(top.selectors) : [];
  const known = new Set([...names.ids, ...names.aliases.keys(), ...byName.keys(), ...selectorIds]);
  const profiles = loadProfiles(settings.profiles, { known, findings });
  const pins = [...profiles.values()].flatMap(({ name, pins }) => [...pins.keys()].map((pin) => [name, pin] as const));
  checkFullNames(byFullName, { local: names, selectors: selectors.keys(), pins }, findings);
  return {
    models,
    aliases: names.aliases,
    healthCheckTimeoutS: healthCheckTimeoutOf(settings, findings),
    logLevel: logLevelOf(settings.logLevel, findings),
    logTimeFormat: logTimeFormatOf(settings.logTimeFormat, findings),
    logToStdout: logToStdoutOf(settings.logToStdout, findings),
    startPort: settings.startPort,
    includeAliasesInList: settings.includeAliasesInList,
    apiKeys: apiKeysOf(settings, { local: names, peerModels: byName, selectors }, findings),
    cors: corsOf(settings, findings),
    allowedHosts: allowedHostsOf(settings, findings),
    limits: limitsOf(settings, findings),
    trustProxy: trustProxyOf(settings, findings),
    websocketIdleLeaseMs: websocketIdleLeaseOf(settings),
    scheduler: schedulerOf(settings, { local: names, policy, routerAt: configuredAt, findings }),
    router,
    preload: preloadOf(settings.hooks.on_startup.preload, { local: names, peerModels: byName, findings }),
    profiles,
    selectors,
    peers,
    peerModels: byName,
    ignorePaths: ignorePathsOf(settings, findings),
    sessionHeaders: sessionHeadersOf(settings),
    captureBufferMib: Math.max(0, settings.captureBuffer),
    metricsMaxInMemory: metricsMaxInMemoryOf(settings),
    performanceEveryMs: performanceEveryOf(settings, findings),
    storePath: storePathOf(settings, findings, source.checkStorePath),
  };
}
