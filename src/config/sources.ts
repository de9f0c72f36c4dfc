/**
 * What a config is loaded from.
 *
 * @module
 */

import type { ConfigCache } from "./cache.ts";
import type { Platform } from "./command.ts";
import type { ReadEnvironment } from "./environment.ts";

/** One file of a config. */
export interface ConfigText {
  /** How messages call it. */
  readonly file: string;
  /** The YAML text; empty when it could not be read. */
  readonly text: string;
  /** Why the file could not be read, as the end of a sentence. */
  readonly unreadable?: string | undefined;
}

/** The port of a process that is there while the config is loaded again. */
export interface KeptPort {
  /** {@link ModelConfig.processKey} of that process: its model keeps the port only if it is still the same. */
  readonly processKey: string;
  /** The port that its process has. */
  readonly port: number;
}

/** What `loadConfig` reads. */
export interface ConfigSource {
  /** The files, in the order in which they are merged. */
  readonly texts: readonly ConfigText[];
  /** Looks up `${env.NAME}`; returns or throws an error when the environment may not be read. */
  readonly env: ReadEnvironment;
  /** Ports that no other model is given, by the id of the model whose process has them. */
  readonly kept?: ReadonlyMap<string, KeptPort>;
  /** Why a file cannot be the activity store, as the end of a sentence about it; without this it is not asked. */
  readonly checkStorePath?: (path: string) => string | null;
  /** Whose rules split commands into words; `posix` unless given. */
  readonly platform?: Platform;
  /** Kept by the caller from one load to the next; `loadConfig` reads and fills it. */
  readonly cache?: ConfigCache;
}

/** Larger sources are refused, alone or together. */
export const MAX_SOURCE_BYTES = 4 * 1024 * 1024;
