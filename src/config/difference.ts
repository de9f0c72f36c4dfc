/**
 * What differs between two configs.
 *
 * @module
 */

import type { Config, ModelConfig, RouterConfig } from "./types.ts";

/** What a config brings compared with the one before it; ids in ascending order. */
export interface ConfigDifference {
  /** Whether anything differs at all. */
  readonly isAny: boolean;
  /** Models that are new. */
  readonly added: readonly string[];
  /** Models of both of which something differs besides the port that they are given. */
  readonly changed: readonly string[];
  /** Models that are gone. */
  readonly removed: readonly string[];
  /** What else differs, by the keys under which its author finds it. */
  readonly settings: readonly string[];
}

/** The keys of a config that its settings besides models come from. */
const WRITTEN_KEYS = {
  healthCheckTimeoutS: "healthCheckTimeout",
  preload: "hooks.on_startup.preload",
  profiles: "profiles",
  selectors: "selectors",
  peers: "peers",
  peerModels: "peers",
  logTimeFormat: "logTimeFormat",
  logToStdout: "logToStdout",
  ignorePaths: "upstream.ignorePaths",
  sessionHeaders: "ui.activity.session_id",
  captureBufferMib: "captureBuffer",
  metricsMaxInMemory: "metricsMaxInMemory",
  performanceEveryMs: "performance",
  storePath: "store.path",
  logLevel: "logLevel",
  startPort: "startPort",
  includeAliasesInList: "includeAliasesInList",
  apiKeys: "apiKeys",
  cors: "cors",
  allowedHosts: "allowedHosts",
  limits: "limits",
  trustProxy: "trustProxy",
  websocketIdleLeaseMs: "websockets.idleLease",
  scheduler: "routing.scheduler",
  router: "routing.router",
  // What follows from the models alone is no setting of its own.
  models: null,
  aliases: null,
} as const satisfies Readonly<Record<keyof Config, string | null>>;

/** Compares two effective configs. */
export function differenceOf(before: Config, after: Config): ConfigDifference {
  const added: string[] = [];
  const changed: string[] = [];
  for (const [id, model] of after.models) {
    const old = before.models.get(id);
    if (old === undefined) added.push(id);
    else if (!isSameModel(old, model)) changed.push(id);
  }
  const removed = [...before.models.keys()].filter((id) => !after.models.has(id));
  const isInBoth = (id: string) => before.models.has(id) && after.models.has(id);
  const differs = (name: keyof Config) =>
    name === "router"
      ? !isSame(routerAmong(before.router, isInBoth), routerAmong(after.router, isInBoth))
      : !isSame(before[name], after[name]);
  const settings = new Set<string>();
  for (const name of Object.keys(after) as (keyof Config)[]) {
    const key = WRITTEN_KEYS[name];
    if (key !== null && differs(name)) settings.add(key);
  }
  const isAny = added.length + changed.length + removed.length + settings.size > 0;
  return { isAny, added, changed, removed, settings: [...settings] };
}

/** The rules as far as these models go: one that comes or goes is in a group of its own accord. */
function routerAmong(router: RouterConfig, isMeant: (id: string) => boolean): RouterConfig {
  if (router.kind !== "groups") return router;
  const groups = router.groups.map((group) => ({ ...group, members: group.members.filter(isMeant) }));
  return { kind: "groups", groups: groups.filter(({ members }) => members.length > 0) };
}

/** What a model's process is made of: its key tells that, whatever port it is given and however it is written. */
const OF_PROCESS: ReadonlySet<keyof ModelConfig> = new Set<keyof ModelConfig>([
  "cmd",
  "command",
  "worker",
  "permissions",
  "env",
  "proxy",
  "port",
  "checkEndpoint",
]);

function isSameModel(a: ModelConfig, b: ModelConfig): boolean {
  return (Object.keys(a) as (keyof ModelConfig)[]).every((key) => OF_PROCESS.has(key) || isSame(a[key], b[key]));
}

/**
 * Whether two values of configs are equal. What only acts, such as a policy, follows from what is written beside it and is
 * passed over.
 */
function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a === "function" && typeof b === "function") return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => isSame(item, b[i]));
  }
  if (a instanceof Map) {
    return b instanceof Map && a.size === b.size &&
      [...a].every(([key, item]) => b.has(key) && isSame(item, b.get(key)));
  }
  if (a instanceof Set) return b instanceof Set && a.size === b.size && [...a].every((item) => b.has(item));
  if (a instanceof RegExp) return String(a) === String(b);
  const keys = Object.keys(a) as (keyof typeof a)[];
  return !Array.isArray(b) && keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && isSame(a[key], b[key]));
}
