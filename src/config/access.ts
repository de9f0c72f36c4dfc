/**
 * Who may use the gateway: from the parsed `apiKeys`, `cors` and `allowedHosts` to their part of the effective configuration.
 *
 * @module
 */

import type { Findings } from "./findings.ts";
import type { ConfigPath } from "./issues.ts";
import { complainUnknown, localModel, type LocalNames } from "./names.ts";
import type { TopSettings } from "./schema.ts";
import type { ApiKeySettings } from "./schema/access.ts";
import { nearestName } from "./suggestions.ts";
import type { ApiKey, Config, PeerModel, Scope, SelectorConfig } from "./types.ts";

/** The names to which a key may be bound. */
export interface KeyNames {
  /** Names of local models. */
  readonly local: LocalNames;
  /** Models of peers by name. */
  readonly peerModels: ReadonlyMap<string, PeerModel>;
  /** Selectors by id. */
  readonly selectors: ReadonlyMap<string, SelectorConfig>;
}

const SCOPES: ReadonlySet<Scope> = new Set<Scope>(["inference", "models", "logs", "operate", "config"]);

/** Checks and collects the keys. */
export function apiKeysOf({ apiKeys }: TopSettings, names: KeyNames, findings: Findings): readonly ApiKey[] {
  const keys = apiKeys.map((settings, i) => buildKey(settings, i, { names, findings }));
  complainOfTwins(keys, apiKeys, findings);
  return keys;
}

interface Context {
  readonly names: KeyNames;
  readonly findings: Findings;
}

function buildKey(settings: ApiKeySettings, index: number, { names, findings }: Context): ApiKey {
  if (typeof settings === "string") return { key: settings, name: null, scopes: SCOPES, models: null, maxOpen: null };
  const path = ["apiKeys", index];
  if (settings.key === "") {
    const message = `empty api key found in apiKeys: apiKeys[${index}] needs a key`;
    findings.problem({ path, message, expected: "key: the text of the key", missing: [...path, "key"] });
  }
  return {
    key: settings.key,
    name: settings.name ?? null,
    scopes: settings.scopes === undefined ? SCOPES : scopesOf(settings.scopes, [...path, "scopes"], findings),
    models: settings.models === undefined ? null : modelsOf(settings.models, [...path, "models"], { names, findings }),
    maxOpen: settings.maxOpen ?? null,
  };
}

function scopesOf(listed: readonly string[], path: ConfigPath, findings: Findings): ReadonlySet<Scope> {
  const scopes = new Set<Scope>();
  const expected = [...SCOPES].join(", ");
  if (listed.length === 0) {
    findings.problem({
      path,
      message: "must not be empty: a key without any scope is good for nothing; leave scopes out for all of them",
      expected,
      missing: path,
    });
  }
  listed.forEach((word, i) => {
    const scope = [...SCOPES].find((known) => known === word);
    if (scope !== undefined) return void scopes.add(scope);
    const message = `unknown scope ${JSON.stringify(word.slice(0, 60))}`;
    findings.problem({ path: [...path, i], message, expected, suggestion: nearestName(word, SCOPES) });
  });
  return scopes;
}

function modelsOf(listed: readonly string[], path: ConfigPath, { names, findings }: Context): ReadonlySet<string> {
  const { local, peerModels, selectors } = names;
  const models = new Set<string>();
  if (listed.length === 0) {
    const message = "must not be empty: a key without any model can ask for nothing; leave models out for all of them";
    findings.problem({ path, message, missing: path });
  }
  const add = (name: string): boolean => {
    const id = localModel(name, local);
    const peer = peerModels.get(name);
    if (id !== undefined) models.add(id);
    else if (peer !== undefined) models.add(`${peer.peer}/${peer.model}`);
    return id !== undefined || peer !== undefined;
  };
  listed.forEach((name, i) => {
    const selector = selectors.get(name);
    // A target that leads nowhere is complained about where it stands.
    if (selector !== undefined) return selector.targets.forEach(add);
    if (add(name)) return;
    const known = [local.ids, local.aliases, peerModels, selectors];
    complainUnknown(name, { path: [...path, i], subject: `apiKeys[${path[1]}]`, known, findings });
  });
  return models;
}

/** The same key twice cannot mean two things. Said twice in the short form, as two files may do, it means one. */
function complainOfTwins(keys: readonly ApiKey[], settings: readonly ApiKeySettings[], findings: Findings): void {
  const first = new Map<string, number>();
  keys.forEach(({ key }, i) => {
    const earlier = first.get(key);
    if (earlier === undefined) return void first.set(key, i);
    const path = ["apiKeys", i];
    if (key === "") return;
    if (typeof settings[i] === "string" && typeof settings[earlier] === "string") {
      findings.warning({ path, message: `is the same key as apiKeys[${earlier}]` });
    } else {
      const message = `is the same key as apiKeys[${earlier}]: what it may do must be said in one place`;
      findings.problem({ path, message });
    }
  });
}

/** `*`, `null`, or a scheme with a host: the host may be `*`, or begin with `*.`. */
const ORIGIN =
  /^(?:\*|null|[a-z][a-z0-9+.-]*:\/\/(?:\*|(?:\*\.)?(?:[A-Za-z0-9_](?:[\w.-]*[\w])?|\[[0-9A-Fa-f:.]+\]))(?::\d{1,5})?)$/;

/** Where pages come from that may use the gateway; `null` = what is sensible. */
export function corsOf({ cors: { origins }, apiKeys }: TopSettings, findings: Findings): Config["cors"] {
  origins?.forEach((origin, i) => {
    if (ORIGIN.test(origin)) return;
    const path = ["cors", "origins", i];
    const trimmed = origin.trim().replace(/^([a-z][a-z0-9+.-]*:\/\/[^/]+)\/.*$/, "$1");
    findings.problem({
      path,
      message: `not an origin: ${origin.includes("://") ? "no path belongs to it" : "a scheme belongs to it"}`,
      found: JSON.stringify(origin.slice(0, 120)),
      expected: "https://host, https://host:port, https://*.example.com, scheme://*, null or *",
      suggestion: ORIGIN.test(trimmed) ? trimmed : undefined,
    });
  });
  if (origins?.includes("*") === true && apiKeys.length === 0) {
    findings.warning({
      path: ["cors", "origins", origins.indexOf("*")],
      message:
        "ANY web page that somebody opens who can reach this gateway can use and steer it: no apiKeys are configured",
    });
  }
  return { origins: origins === undefined ? null : origins.map((origin) => origin.toLowerCase()) };
}

const HOST = /^(?:\*|(?:\*\.)?[A-Za-z0-9_](?:[\w.-]*\w)?)$/;

/** Further names by which the gateway may be asked for. */
export function allowedHostsOf({ allowedHosts }: TopSettings, findings: Findings): readonly string[] {
  allowedHosts.forEach((host, i) => {
    if (HOST.test(host)) return;
    const bare = host.trim().replace(/^[a-z]+:\/\//i, "").replace(/[:/].*$/s, "");
    findings.problem({
      path: ["allowedHosts", i],
      message: "not the name of a host: no scheme, port or path belongs to it",
      found: JSON.stringify(host.slice(0, 120)),
      expected: "a name such as llm.example.com, *.example.com or *",
      suggestion: HOST.test(bare) ? bare : undefined,
    });
  });
  return allowedHosts.map((host) => host.toLowerCase());
}
