/**
 * What belongs to one start of a backend and ends with it.
 *
 * @module
 */

import type { BackendSpec, BackendTarget, RunningGroup } from "./types.ts";

/** One start of a backend. */
export interface Generation {
  /** How it was started and is stopped; replaced only by a spec with the same process key. */
  spec: BackendSpec;
  /** Aborts when its leader has exited. */
  readonly gone: AbortController;
  /** Aborts when it is ready no more. */
  readonly leaving: AbortController;
  /** Its processes, once they are known. */
  group: RunningGroup | null;
  /** What was wished for before the group was known. */
  early: "terminate" | "kill" | null;
  /** Settles when it is not probed any more. */
  probing: Promise<void>;
  /** Where it is reached: one value for all its requests, so that what others keep by target they keep once. */
  readonly target: BackendTarget;
}

/** A generation whose processes are still to be started. */
export function newGeneration(spec: BackendSpec, generation: number): Generation {
  const { model, proxy } = spec;
  const gone = new AbortController();
  const leaving = new AbortController();
  const { signal } = gone;
  const isAlive = () => !signal.aborted;
  const target = { model, baseUrl: proxy, generation, gone: signal, leaving: leaving.signal, isAlive };
  return { spec, gone, leaving, group: null, early: null, probing: Promise.resolve(), target };
}
