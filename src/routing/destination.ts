/**
 * Where a request can be sent, and which name leads there.
 *
 * @module
 */

import type { Config, PeerConfig } from "../config/types.ts";

/** A model of this gateway or of a peer. */
export type Destination =
  | {
    readonly kind: "local";
    /** Its id. */
    readonly model: string;
  }
  | {
    readonly kind: "peer";
    /** The other gateway. */
    readonly peer: PeerConfig;
    /** What that gateway calls the model. */
    readonly model: string;
  };

/** What a backend is doing. */
export type Phase = "stopped" | "starting" | "ready" | "stopping";

/** The part of a config that says which names lead where. */
export type NameTable = Pick<Config, "models" | "aliases" | "peers" | "peerModels">;

/**
 * Finds what a name means by itself, exact and case-sensitive: a model id first, then an alias, `peer/model`, and a bare
 * name that only one peer offers. Selectors and profiles are not looked at.
 */
export function findDestination(table: NameTable, name: string): Destination | undefined {
  const model = table.models.has(name) ? name : table.aliases.get(name);
  if (model !== undefined) return { kind: "local", model };
  const remote = table.peerModels.get(name);
  const peer = remote === undefined ? undefined : table.peers.get(remote.peer);
  return remote === undefined || peer === undefined ? undefined : { kind: "peer", peer, model: remote.model };
}

/** The one name that a destination has whatever it was called in the request: a model id, or `peer/model`. */
export function fullName(destination: Destination): string {
  return destination.kind === "local" ? destination.model : `${destination.peer.id}/${destination.model}`;
}

/** Whether somebody may be sent there; `mayUse` is asked with the {@link fullName}. */
export function mayReach(destination: Destination, mayUse: (model: string) => boolean): boolean {
  return mayUse(fullName(destination));
}
