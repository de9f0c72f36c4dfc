/**
 * Notices that files, such as those of the config, have changed, by looking at them again and again: that sees editors that write by
 * rename, folders, bind mounts and links that are pointed elsewhere (Kubernetes' config maps), everywhere in the same way.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { background, type Log } from "../log.ts";
import type { ConfigPaths } from "./flags.ts";

/** Milliseconds between two looks. */
export const WATCH_INTERVAL_MS = 2_000;

/** Milliseconds after which what has changed must look the same again, so that no half-written file is read. */
export const SETTLE_MS = 200;

/** What was seen: a text for each of the file and the folder, `null` for one that is not there or empty of YAML files. */
export type Look = readonly (string | null)[];

/** What {@link watchFiles} watches and whom it tells. */
export interface WatchOptions {
  /** Looks at everything, always in the same order; never rejects. */
  readonly look: () => Promise<Look>;
  /** What was there when it was read. */
  readonly first: Look;
  /** Time. */
  readonly clock: Clock;
  /** Where it is told that something cannot be looked at. */
  readonly log: Log;
  /** Called when something differs that is there; what has vanished is passed over in silence until it is back. */
  readonly onChange: () => void;
}

/** Watches the files of a config, see {@link watchFiles}. */
export function watchConfig(
  { paths, ...options }: Omit<WatchOptions, "look"> & { readonly paths: ConfigPaths },
): () => void {
  return watchFiles({ ...options, look: () => lookAt(paths, options.log) });
}

/** Looks until the returned function is called; after that `onChange` is not called any more. */
export function watchFiles({ look: lookAgain, first, clock, log, onChange }: WatchOptions): () => void {
  let known = first;
  let last = first;
  let ended = false;
  let cancel = clock.after(WATCH_INTERVAL_MS, again);

  function again(): void {
    background(log, "watching files", look());
  }

  async function look(): Promise<void> {
    const now = await lookAgain();
    if (ended) return;
    const isStill = isSame(now, last);
    last = now;
    const isChanged = isStill && now.some((seen, i) => seen !== null && seen !== known[i]);
    if (isStill) known = now;
    cancel = clock.after(isSame(now, known) ? WATCH_INTERVAL_MS : SETTLE_MS, again);
    if (isChanged) onChange();
  }

  return () => {
    ended = true;
    cancel();
  };
}

/** Looks at the file and the folder: names, times, sizes and identities, not contents. Never rejects. */
export async function lookAt({ file, dir }: ConfigPaths, log: Log): Promise<Look> {
  return await Promise.all([
    file === null ? null : lookAtFile(file, log),
    dir === null ? null : lookAtFolder(dir, log),
  ]);
}

/** Looks at single files, `null` for each that is not there. Never rejects. */
export async function lookAtFiles(paths: readonly string[], log: Log): Promise<Look> {
  return await Promise.all(paths.map((path) => lookAtFile(path, log)));
}

async function lookAtFile(path: string, log: Log): Promise<string | null> {
  try {
    const { mtime, size, ino, dev } = await Deno.stat(path); // follows links
    return [mtime?.getTime(), size, ino, dev].join(" ");
  } catch (error) {
    return missing(path, error, log);
  }
}

/** The YAML files of a folder, not of folders in it. */
async function lookAtFolder(path: string, log: Log): Promise<string | null> {
  try {
    const names: string[] = [];
    for await (const { name, isDirectory } of Deno.readDir(path)) {
      if (!isDirectory && /\.ya?ml$/.test(name)) names.push(name);
    }
    if (names.length === 0) return null;
    const looks = await Promise.all(names.sort().map(async (name) => [name, await lookAtFile(`${path}/${name}`, log)]));
    return JSON.stringify(looks);
  } catch (error) {
    return missing(path, error, log);
  }
}

function missing(path: string, error: unknown, log: Log): null {
  if (!(error instanceof Deno.errors.NotFound)) {
    log.warn(`Cannot look at ${path}: ${error instanceof Error ? error.message : error}`);
  }
  return null;
}

function isSame(a: Look, b: Look): boolean {
  return a.every((seen, i) => seen === b[i]);
}
