/**
 * From a model's parsed settings to its effective configuration, with the checks that need more than one key.
 *
 * @module
 */

import type { Findings } from "./findings.ts";
import { hasOpenQuote, type Platform, splitCommand } from "./command.ts";
import { parseDuration } from "./durations.ts";
import { buildFilters } from "./filters.ts";
import type { TopSettings } from "./schema.ts";
import type { ModelSettings } from "./schema/model.ts";
import { MIN_HEALTH_CHECK_TIMEOUT_S } from "./settings.ts";
import { isTree, type Tree } from "./tree.ts";
import type { ModelConfig } from "./types.ts";
import { isHttpUrl } from "./urls.ts";

/** Seconds of grace where the config says 0. */
const DEFAULT_UNLOAD_TIMEOUT_S = 10;

/** What ends a backend that says nothing about it; on Windows no signal does (spec §2.8). */
const DEFAULT_STOP: Readonly<Record<Platform, string>> = { posix: "", windows: "taskkill /f /t /pid ${PID}" };

/** This id gets what the web page of ComfyUI needs: many requests at once, and websockets that stay open (spec §2.8). */
const COMFYUI = "comfyui_auto";
const COMFYUI_CONCURRENCY = 50;

/** What {@link buildModel} needs besides the model's own settings. */
export interface BuildContext {
  /** The model's id. */
  readonly id: string;
  /** The keys that it was given, broken ones included. */
  readonly given: Tree;
  /** Its port, if it has one. */
  readonly port: number | null;
  /** What its process is made of; see `ModelConfig.processKey`. */
  readonly processKey: string;
  /** Whose rules split commands. */
  readonly platform: Platform;
  /** The settings besides models. */
  readonly top: TopSettings;
  /** Takes problems. */
  readonly findings: Findings;
}

/** Makes the effective configuration of one model; `null` after problems. */
export function buildModel(
  settings: ModelSettings,
  { id, given, port, processKey, platform, top, findings }: BuildContext,
): ModelConfig | null {
  let sound = true;
  const complain = (key: string, message: string, expected?: string) => {
    sound = false;
    findings.problem({ path: key === "" ? ["models", id] : ["models", id, key], message, expected });
  };
  const kind = settings.worker === undefined ? "cmd" : "worker";
  if (settings.cmd !== undefined && settings.worker !== undefined) {
    complain("worker", `model ${id}: has both cmd and worker`, "exactly one of them");
  } else if (settings.cmd === undefined && settings.worker === undefined) {
    if (given.cmd !== undefined || given.worker !== undefined) return null; // it is no text: that was said
    complain("", `model ${id}: has neither cmd nor worker`, "exactly one of them");
  }
  const cmd = settings.worker ?? settings.cmd ?? "";
  const words = sound ? wordsOf(cmd, platform, (message) => complain(kind, `model ${id}: ${message}`)) : [];
  if (hasOpenQuote(cmd, platform)) {
    findings.warning({ path: ["models", id, kind], message: "A quote is opened and never closed: it runs to the end" });
  }
  if (kind === "cmd" && settings.permissions !== undefined) {
    findings.warning({
      path: ["models", id, "permissions"],
      message: "Permissions bind a worker only: this cmd may do everything",
    });
  }
  const cmdStop = settings.cmdStop ?? DEFAULT_STOP[platform];
  if (cmdStop.trim() !== "") {
    wordsOf(cmdStop, platform, (message) => complain("cmdStop", `model ${id}: cmdStop: ${message}`));
  }
  const proxy = settings.proxy ?? `http://${kind === "worker" ? "127.0.0.1" : "localhost"}:${port ?? ""}`;
  if (!isHttpUrl(proxy)) complain("proxy", `model ${id}: invalid proxy URL`, "an http or https URL");
  if (settings.ttl < -1) complain("ttl", `model ${id}: invalid TTL value ${settings.ttl}`, "-1 or more");
  if (settings.unloadTimeout < 0) {
    complain("unloadTimeout", `model ${id}: invalid unloadTimeout value ${settings.unloadTimeout}`, "0 or more");
  }
  const env = settings.env.filter((entry, i) => {
    const path = ["models", id, "env", i];
    const isVariable = /^[^=]+=/.test(entry);
    if (entry.includes("\0")) {
      sound = false;
      findings.problem({ path, message: "not an environment variable: it holds a NUL", expected: "NAME=value" });
    } else if (!isVariable) {
      findings.warning({ path, message: "Not an environment variable: it is left out", expected: "NAME=value" });
    }
    return isVariable;
  });
  const health = settings.healthCheckTimeout;
  if (health !== undefined && health < MIN_HEALTH_CHECK_TIMEOUT_S && settings.startTimeout === undefined) {
    findings.warning({
      path: ["models", id, "healthCheckTimeout"],
      message: `${health} is raised to ${MIN_HEALTH_CHECK_TIMEOUT_S}; startTimeout may be less`,
    });
  }
  const startTimeoutS = startTimeoutOf(settings, top);
  if (startTimeoutS <= 0) complain("startTimeout", "must be more than 0");
  if (!sound) return null;

  const ttl = settings.ttl === -1 ? top.globalTTL : settings.ttl;
  const endpoint = settings.checkEndpoint.trim();
  return {
    id,
    kind,
    command: kind === "cmd" ? words : [],
    worker: kind === "worker" ? { module: words[0] ?? "", args: words.slice(1) } : null,
    permissions: kind === "worker" ? settings.permissions ?? null : null,
    cmd,
    cmdStop: cmdStop.trim() === "" ? null : cmdStop,
    proxy,
    port,
    processKey,
    checkEndpoint: endpoint === "none" ? null : pathOf(endpoint),
    env,
    aliases: [...new Set([...settings.aliases, ...filterNamesOf(settings).filter((name) => name !== id)])],
    ttlS: ttl === 0 ? null : ttl,
    unloadTimeoutS: settings.unloadTimeout || top.unloadTimeout || DEFAULT_UNLOAD_TIMEOUT_S,
    startTimeoutS,
    concurrencyLimit: concurrencyLimitOf(id, settings, findings),
    useModelName: settings.useModelName,
    name: settings.name,
    description: settings.description,
    metadata: isTree(settings.metadata) ? settings.metadata : {},
    capabilities: saysSomething(settings.capabilities) ? settings.capabilities ?? null : null,
    unlisted: settings.unlisted,
    timeouts: settings.timeouts,
    filters: buildFilters(settings.filters, ["models", id, "filters"], findings),
    sendLoadingState: settings.sendLoadingState ?? top.sendLoadingState,
    queueKeepAliveMs: parseDuration(settings.queueKeepAlive ?? top.queueKeepAlive) || null,
    ignoreWebsockets: id === COMFYUI || settings.compat.ignoreWebsockets,
  };
}

function concurrencyLimitOf(id: string, { concurrencyLimit }: ModelSettings, findings: Findings): number | null {
  if (concurrencyLimit < 0) {
    const message = `${concurrencyLimit} counts as 0: the model has no limit of its own`;
    findings.warning({ path: ["models", id, "concurrencyLimit"], message });
  }
  if (id === COMFYUI) return Math.max(COMFYUI_CONCURRENCY, concurrencyLimit);
  return concurrencyLimit > 0 ? concurrencyLimit : null;
}

/** The names under `filters.setParamsByID`, which are aliases of the model; ascending. */
export function filterNamesOf({ filters }: ModelSettings): readonly string[] {
  return Object.keys(filters.setParamsByID).sort();
}

/** A full URL is accepted for its path and query (spec §3.3.7). */
function pathOf(endpoint: string): string {
  if (/^https?:\/\//i.test(endpoint) && URL.canParse(endpoint)) {
    const url = new URL(endpoint);
    return url.pathname + url.search;
  }
  return endpoint.startsWith("/") ? endpoint : "/" + endpoint;
}

function startTimeoutOf(settings: ModelSettings, top: TopSettings): number {
  const own = parseDuration(settings.startTimeout);
  if (own !== null) return own / 1000;
  return Math.max(MIN_HEALTH_CHECK_TIMEOUT_S, settings.healthCheckTimeout ?? top.healthCheckTimeout);
}

function wordsOf(text: string, platform: Platform, complain: (message: string) => void): readonly string[] {
  try {
    return splitCommand(text, platform);
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error));
    return [];
  }
}

function saysSomething(capabilities: ModelSettings["capabilities"]): boolean {
  return capabilities !== undefined &&
    Object.values(capabilities).some((value) => Array.isArray(value) ? value.length > 0 : Boolean(value));
}
