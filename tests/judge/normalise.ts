/**
 * What a loaded config means, in the words of the judge's verdicts: `tools/judge/normalise.go` says the same of llama-swap.
 *
 * @module
 */

import { splitCommand } from "../../src/config/command.ts";
import type { Config, Filters, ModelConfig, ModelTimeouts, PeerConfig } from "../../src/config/types.ts";

/** Without `upstream.ignorePaths` Berth ignores more kinds of files that pages are made of. */
const DEFAULT_IGNORED = {
  ours: String.raw`.*\.(js|mjs|json|css|map|png|gif|jpg|jpeg|webp|avif|svg|ico|woff|woff2|ttf|otf|txt)$`,
  theirs: String.raw`.*\.(js|json|css|png|gif|jpg|jpeg|ico|txt)$`,
};

/** A value as JSON has it. */
export type Plain = null | boolean | number | string | readonly Plain[] | { readonly [key: string]: Plain };

/** A mapping as JSON has it. */
export type PlainObject = { readonly [key: string]: Plain };

/** Says what `config` means. */
export function normalise(config: Config): PlainObject {
  return {
    models: fromMap(config.models, normaliseModel),
    aliases: Object.fromEntries([...config.aliases].map(([name, id]) => [name, config.models.has(name) ? name : id])),
    peers: fromMap(config.peers, normalisePeer),
    peerNames: fromMap(config.peerModels, ({ peer, model }) => `${peer} serves ${model}`),
    healthCheckTimeout: config.healthCheckTimeoutS,
    logLevel: config.logLevel,
    logTimeFormat: config.logTimeFormat ?? "",
    logToStdout: config.logToStdout,
    startPort: config.startPort,
    includeAliasesInList: config.includeAliasesInList,
    apiKeys: config.apiKeys.map(({ key }) => key),
    preload: config.preload,
    ignorePaths: config.ignorePaths.map(({ written }) =>
      written === DEFAULT_IGNORED.ours ? DEFAULT_IGNORED.theirs : written
    ),
    sessionHeaders: config.sessionHeaders,
    captureBuffer: config.captureBufferMib,
    metricsMaxInMemory: config.metricsMaxInMemory,
    performanceEveryMs: config.performanceEveryMs,
    store: config.storePath,
    profiles: fromMap(
      config.profiles,
      ({ description, pins }) => ({ description, pins: fromMap(pins, (name) => name) }),
    ),
    selectors: fromMap(config.selectors, (selector) => ({
      strategy: selector.strategy,
      targets: selector.targets,
      spillover: selector.spillover,
      name: selector.name,
      description: selector.description,
      unlisted: selector.unlisted,
      metadata: plain(selector.metadata),
    })),
    routing: normaliseRouting(config),
  };
}

function normaliseRouting({ router, scheduler }: Config): Plain {
  return {
    router: router.kind === "groups" ? "group" : "matrix",
    scheduler: scheduler.use,
    priorities: scheduler.use === "fifo" ? fromMap(scheduler.priorities, (priority) => priority) : {},
    ...(router.kind === "groups"
      ? {
        groups: Object.fromEntries(router.groups.map(({ id, swap, exclusive, persistent, members }) => [
          id,
          { swap, exclusive, persistent, members: members.toSorted(byBytes) },
        ])),
      }
      : {
        matrix: {
          sets: fromMap(router.sets, (expression) => expression),
          vars: fromMap(router.vars, (model) => model),
          costs: fromMap(router.costs, (cost) => cost),
        },
      }),
  };
}

function normaliseModel(model: ModelConfig): Plain {
  const { capabilities } = model;
  return {
    cmd: model.command,
    cmdStop: wordsOf(model.cmdStop),
    proxy: model.proxy,
    checkEndpoint: model.checkEndpoint ?? "none",
    aliases: model.aliases.toSorted(byBytes),
    env: model.env,
    ttl: model.ttlS ?? 0,
    unloadTimeout: model.unloadTimeoutS,
    healthCheckTimeout: model.startTimeoutS,
    concurrencyLimit: model.concurrencyLimit ?? 0,
    useModelName: model.useModelName,
    name: model.name,
    description: model.description,
    unlisted: model.unlisted,
    metadata: plain(model.metadata),
    capabilities: capabilities === null ? null : {
      in: capabilities.in ?? [],
      out: capabilities.out ?? [],
      tools: capabilities.tools ?? false,
      reranker: capabilities.reranker ?? false,
      context: capabilities.context ?? 0,
    },
    filters: normaliseFilters(model.filters),
    timeouts: normaliseTimeouts(model.timeouts),
    sendLoadingState: model.sendLoadingState,
    ignoreWebsockets: model.ignoreWebsockets,
  };
}

function normalisePeer({ proxy, apiKey, models, filters, timeouts }: PeerConfig): Plain {
  return {
    proxy,
    apiKey: apiKey ?? "",
    models,
    filters: normaliseFilters(filters),
    timeouts: normaliseTimeouts(timeouts),
  };
}

function normaliseFilters({ strip, set, setByName }: Filters): Plain {
  const named = new Map([...setByName].filter(([, values]) => values.size > 0));
  return { strip, set: fromMap(set, plain), setByID: fromMap(named, (values) => fromMap(values, plain)) };
}

function normaliseTimeouts(timeouts: ModelTimeouts): Plain {
  const { connect, keepalive, responseHeader, tlsHandshake, expectContinue, idleConn } = timeouts;
  return { connect, keepalive, responseHeader, tlsHandshake, expectContinue, idleConn };
}

function wordsOf(command: string | null): Plain {
  try {
    return command === null ? null : splitCommand(command);
  } catch {
    return null;
  }
}

function fromMap<Item>(map: ReadonlyMap<string, Item>, change: (item: Item) => Plain): PlainObject {
  return Object.fromEntries([...map].map(([key, item]) => [key, change(item)]));
}

function byBytes(a: string, b: string): number {
  const [left, right] = [new TextEncoder().encode(a), new TextEncoder().encode(b)];
  const at = left.findIndex((byte, index) => byte !== right[index]);
  return at < 0 ? left.length - right.length : (left[at] ?? 0) - (right[at] ?? -1);
}

function plain(value: unknown): Plain {
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : unlimited(value);
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Date) return value.toISOString().replace(".000Z", "Z");
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  }
  return String(value);
}

/** As Go writes what JSON cannot. */
function unlimited(value: number): string {
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}
