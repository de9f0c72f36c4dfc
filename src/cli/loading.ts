/**
 * A config as the commands read it that look at one without serving it.
 *
 * @module
 */

import { type ConfigIssue, loadConfig } from "../config/load.ts";
import type { ConfigText } from "../config/sources.ts";
import type { Config } from "../config/types.ts";
import { PLATFORM, readConfigFiles, readEnvironment } from "./config_files.ts";
import type { ConfigPaths } from "./flags.ts";
import { isSecretName } from "../config/secret_names.ts";

/** A config, and what it was made of. */
export interface LoadedFiles {
  /** The effective configuration. */
  readonly config: Config;
  /** What deserves attention. */
  readonly warnings: readonly ConfigIssue[];
  /** The texts, in the order in which they are merged. */
  readonly texts: readonly ConfigText[];
  /** The environment variables that the texts use, with their values. */
  readonly environment: ReadonlyMap<string, string>;
  /** What the macros come to that are named like a secret. */
  readonly macros: readonly string[];
}

/**
 * Reads the config at these paths.
 *
 * @throws {ConfigFileError} when a file cannot be read.
 * @throws {ConfigErrors} when the config does not load.
 */
export function loadFiles(paths: ConfigPaths): LoadedFiles {
  const environment = new Map<string, string>();
  const texts = readConfigFiles(paths);
  const env = (name: string) => {
    const value = readEnvironment(name);
    if (value !== undefined) environment.set(name, value);
    return value;
  };
  const { config, warnings, macroValues } = loadConfig({ texts, env, platform: PLATFORM });
  return { config, warnings, texts, environment, macros: macroValues(isSecretName) };
}
