/**
 * Other gateways, and the names under which their models can be asked for here (spec §2.14).
 *
 * @module
 */

import type { Findings } from "./findings.ts";
import { buildFilters } from "./filters.ts";
import type { LocalNames } from "./names.ts";
import type { PeerSettings } from "./schema/names.ts";
import type { PeerConfig, PeerModel } from "./types.ts";
import { hasUserInfo, isHttpUrl } from "./urls.ts";

/** Peers and the names that lead to their models. */
export interface LoadedPeers {
  /** Peers by id. */
  readonly peers: ReadonlyMap<string, PeerConfig>;
  /** Models by `peer/model`. */
  readonly byFullName: ReadonlyMap<string, PeerModel>;
  /** Models by every name that leads to one: full names, and bare ones that only one peer offers. */
  readonly byName: ReadonlyMap<string, PeerModel>;
}

/** Checks and collects the peers. */
export function loadPeers(block: Readonly<Record<string, PeerSettings>>, findings: Findings): LoadedPeers {
  const peers = new Map<string, PeerConfig>();
  for (const [id, settings] of Object.entries(block)) peers.set(id, buildPeer(id, settings, findings));
  const byFullName = collectFullNames(peers, findings);
  return { peers, byFullName, byName: withBareNames(byFullName) };
}

function buildPeer(id: string, settings: PeerSettings, findings: Findings): PeerConfig {
  const path = ["peers", id];
  const proxy = settings.proxy.trim();
  if (id.trim() === "") findings.problem({ path, message: "a peer id must not be blank" });
  if (proxy === "") {
    const message = `peer ${id}: proxy is required`;
    findings.problem({ path, message, expected: "an http or https URL", missing: [...path, "proxy"] });
  } else if (!isHttpUrl(proxy)) {
    // An address may hold a password, so it is not shown.
    const message = `peer ${id}: invalid peer proxy URL`;
    findings.problem({ path: [...path, "proxy"], message, expected: "an http or https URL" });
  } else if (hasUserInfo(proxy)) {
    const message = `peer ${id}: the user name and password in its address are not sent: a key goes into apiKey`;
    findings.warning({ path: [...path, "proxy"], message });
  }
  if (settings.models.length === 0) {
    const message = `peer ${id}: peer models can not be empty`;
    findings.problem({ path, message, expected: "a list of model names", missing: [...path, "models"] });
  }
  settings.models.forEach((model, i) => {
    if (model.trim() === "") {
      findings.problem({ path: [...path, "models", i], message: "a model name must not be blank" });
    }
  });
  return {
    id,
    proxy,
    apiKey: settings.apiKey === "" ? null : settings.apiKey,
    models: [...new Set(settings.models)],
    filters: buildFilters(settings.filters, [...path, "filters"], findings),
    timeouts: settings.timeouts,
  };
}

function collectFullNames(peers: ReadonlyMap<string, PeerConfig>, findings: Findings): ReadonlyMap<string, PeerModel> {
  const byFullName = new Map<string, PeerModel>();
  for (const { id, models } of peers.values()) {
    for (const model of models) {
      const fullName = `${id}/${model}`;
      const other = byFullName.get(fullName);
      if (other === undefined) byFullName.set(fullName, { peer: id, model });
      else {
        findings.problem({
          path: ["peers", id, "models"],
          message:
            `fully qualified peer model name "${fullName}" is ambiguous between model "${other.model}" of peer ` +
            `"${other.peer}" and model "${model}" of peer "${id}"`,
        });
      }
    }
  }
  return byFullName;
}

/** A bare name counts when exactly one peer offers it; a full name of that spelling wins over it. */
function withBareNames(byFullName: ReadonlyMap<string, PeerModel>): ReadonlyMap<string, PeerModel> {
  const offers = new Map<string, PeerModel | null>();
  for (const target of byFullName.values()) offers.set(target.model, offers.has(target.model) ? null : target);
  const byName = new Map(byFullName);
  for (const [name, target] of offers) if (target !== null && !byName.has(name)) byName.set(name, target);
  return byName;
}

/** What {@link checkFullNames} holds the full names against. */
export interface OtherNames {
  /** Names of local models. */
  readonly local: LocalNames;
  /** Ids of selectors. */
  readonly selectors: Iterable<string>;
  /** Pinned names by profile. */
  readonly pins: Iterable<readonly [profile: string, pin: string]>;
}

/** Complains about every other name that is spelled like the full name of a peer's model. */
export function checkFullNames(
  byFullName: ReadonlyMap<string, PeerModel>,
  { local, selectors, pins }: OtherNames,
  findings: Findings,
): void {
  const check = (name: string, what: string, path: readonly string[]) => {
    if (!byFullName.has(name)) return;
    findings.problem({ path, message: `${what} "${name}" conflicts with fully qualified peer model name "${name}"` });
  };
  for (const id of local.ids) check(id, "model ID", ["models", id]);
  for (const [alias, id] of local.aliases) check(alias, `alias of model "${id}"`, ["models", id]);
  for (const id of selectors) check(id, "selector", ["selectors", id]);
  for (const [profile, pin] of pins) check(pin, `pin of profile "${profile}"`, ["profiles", profile, "pins", pin]);
}
