/**
 * What is loaded at start (spec §2.18).
 *
 * @module
 */

import type { Findings } from "./findings.ts";
import { localModel, type LocalNames } from "./names.ts";
import type { PeerModel } from "./types.ts";

/** Real ids of the models to load, in order, each once. A name that leads to none is left out with a warning. */
export function preloadOf(
  names: readonly string[],
  { local, peerModels, findings }: {
    readonly local: LocalNames;
    readonly peerModels: ReadonlyMap<string, PeerModel>;
    readonly findings: Findings;
  },
): readonly string[] {
  const ids = new Set<string>();
  names.forEach((text, i) => {
    const name = text.trim();
    if (name === "") return;
    const id = localModel(name, local);
    if (id !== undefined) return void ids.add(id);
    const shown = JSON.stringify(name.slice(0, 120));
    findings.warning({
      path: ["hooks", "on_startup", "preload", i],
      message: peerModels.has(name)
        ? `${shown} is a model of a peer, which is not preloaded from here: it is left out`
        : `${shown} is no model here: it is left out`,
      refersTo: peerModels.has(name) ? undefined : "model",
      suggestion: peerModels.has(name) ? undefined : { name, among: [local.ids, local.aliases] },
    });
  });
  return [...ids];
}
