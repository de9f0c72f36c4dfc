/**
 * What the event stream and the web page are told about all models (spec §4, `modelStatus`).
 *
 * @module
 */

import type { Config } from "../config/types.ts";
import { describeCapabilities } from "./capabilities.ts";
import type { Phase } from "./destination.ts";

/** One entry of `modelStatus`. */
export interface ModelStatus {
  /** A model's id, or `peer/model`. */
  readonly id: string;
  /** A name for people; empty for a peer's. */
  readonly name: string;
  /** A sentence for people; empty for a peer's. */
  readonly description: string;
  /** What its backend is doing; empty for a peer's, of which that is not known. */
  readonly state: Phase | "";
  /** Whether listings leave it out. */
  readonly unlisted: boolean;
  /** The peer that has it; empty for a model here. */
  readonly peerID: string;
  /** Its other names, if there are any. */
  readonly aliases?: readonly string[];
  /** The flags of what it can do, if there are any. */
  readonly capabilities?: Readonly<Record<string, true>>;
  /** Tokens, if that is configured. */
  readonly context_length?: number;
}

/** What {@link modelStatus} needs to know besides the config. */
export interface StatusFacts {
  /** What the backend of a model here is doing. */
  readonly phaseOf: (model: string) => Phase;
  /** Whether whoever is told may use a model, by its id or `peer/model`; all of them unless given. */
  readonly mayUse?: ((model: string) => boolean) | undefined;
}

/** Tells of every model, unlisted ones too: those here first, then those of peers, each sorted by id. */
export function modelStatus(
  { models, peers }: Pick<Config, "models" | "peers">,
  { phaseOf, mayUse = () => true }: StatusFacts,
): readonly ModelStatus[] {
  const local = [...models.values()].map(({ id, name, description, unlisted, aliases, ...model }): ModelStatus => {
    const { capabilities, context_length } = describeCapabilities(model.capabilities) ?? {};
    return {
      id,
      name,
      description,
      state: phaseOf(id),
      unlisted,
      peerID: "",
      ...(aliases.length > 0 ? { aliases } : {}),
      ...(capabilities === undefined ? {} : { capabilities }),
      ...(context_length === undefined ? {} : { context_length }),
    };
  });
  const remote = [...peers.values()].flatMap((peer) =>
    peer.models.map((model): ModelStatus => (
      { id: `${peer.id}/${model}`, name: "", description: "", state: "", unlisted: false, peerID: peer.id }
    ))
  );
  return [local, remote].flatMap((part) => part.filter(({ id }) => mayUse(id)).sort(byId));
}

function byId(a: ModelStatus, b: ModelStatus): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
