/**
 * The config's files while the gateway serves: read at the start, and again whenever somebody asks.
 *
 * @module
 */

import { backendSpecs } from "../backend/specs.ts";
import { createConfigCache } from "../config/cache.ts";
import { ConfigErrors, loadConfig, type LoadedConfig } from "../config/load.ts";
import type { ConfigText, KeptPort } from "../config/sources.ts";
import type { Config } from "../config/types.ts";
import { toGatewayError } from "../errors.ts";
import { background, type Log } from "../log.ts";
import { type ConfigFiles, type ConfigOrigin, NO_FILES, nothingReloaded, type ReloadAnswer } from "../routes/config.ts";
import type { ReloadReport, Worker, WorkerConfig } from "../worker.ts";
import {
  baseFolderOf,
  ConfigFileError,
  isEmbedded,
  PLATFORM,
  readConfigFiles,
  readEnvironment,
} from "./config_files.ts";
import type { ConfigPaths } from "./flags.ts";

/** What a {@link ConfigReloader} is made of. */
export interface ConfigReloaderOptions {
  /** Where the config is. */
  readonly paths: ConfigPaths;
  /** Where each reload and its outcome are told. */
  readonly log: Log;
  /** Called with each config that has come into force by a reload. */
  readonly onInForce?: (config: Config) => void;
  /** Tells the time; the system's unless given. */
  readonly now?: () => Date;
}

/**
 * Reads the config's files. All is done in one go and nothing is awaited, so reloads follow each other and none is lost:
 * who asks during one is heard after it.
 */
export class ConfigReloader implements ConfigFiles {
  readonly #options: ConfigReloaderOptions;
  readonly #now: () => Date;
  /** What did not change is not read again. */
  readonly #cache = createConfigCache();
  #texts: readonly ConfigText[] = [];
  #origin: ConfigOrigin = { files: [], loadedAt: "", generation: 0, warnings: [], rejected: null };
  #worker: Pick<Worker, "reload"> | null = null;

  /** Reads nothing yet. */
  constructor(options: ConfigReloaderOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => new Date());
  }

  /**
   * Reads the config that the gateway starts with.
   *
   * @throws {ConfigErrors | ConfigFileError} when it cannot be used.
   */
  start(): WorkerConfig {
    const texts = readConfigFiles(this.#options.paths);
    const loaded = loadConfig({ texts, env: readEnvironment, platform: PLATFORM, cache: this.#cache });
    this.#note(texts, loaded);
    return this.#toWorkerConfig(loaded);
  }

  /** From now on reloads go to this worker. */
  attach(worker: Pick<Worker, "reload">): void {
    this.#worker = worker;
  }

  /** See {@link ConfigFiles.origin}. */
  origin(): ConfigOrigin {
    return this.#origin;
  }

  /** See {@link ConfigFiles.reload}. */
  reload(): ReloadAnswer {
    const { log, paths } = this.#options;
    if (isEmbedded(paths)) {
      log.warn(NO_FILES);
      return nothingReloaded("rejected", { problems: [NO_FILES] });
    }
    try {
      const texts = readConfigFiles(paths);
      return this.#worker === null || isSame(texts, this.#texts) ? this.#unchanged() : this.#apply(texts, this.#worker);
    } catch (error) {
      if (!(error instanceof ConfigErrors || error instanceof ConfigFileError)) throw error;
      log.error(`The config was not reloaded, the one before stays in force. ${error.message}`);
      const isRead = error instanceof ConfigErrors;
      const problems = isRead ? error.issues.map(String) : error.message.split("\n");
      const warnings = isRead ? error.warnings.map(String) : [];
      this.#origin = { ...this.#origin, rejected: { at: this.#now().toISOString(), problems } };
      return nothingReloaded("rejected", { problems, warnings });
    }
  }

  /** Reloads for nobody who would hear of a failure: whatever it is, it is logged. */
  reloadUnasked(why: string): void {
    const { log } = this.#options;
    log.info(`${why}: reading the config again`);
    try {
      this.reload();
    } catch (error) {
      log.error(`The config was not reloaded: ${toGatewayError(error).message}`);
    }
  }

  #apply(texts: readonly ConfigText[], worker: Pick<Worker, "reload">): ReloadAnswer {
    const { onInForce, log } = this.#options;
    let loaded: LoadedConfig | undefined;
    const report = worker.reload((kept: ReadonlyMap<string, KeptPort>) => {
      loaded = loadConfig({ texts, env: readEnvironment, platform: PLATFORM, cache: this.#cache, kept });
      return this.#toWorkerConfig(loaded);
    });
    if (loaded === undefined) return this.#unchanged();
    const { isAny, ...difference } = report.difference;
    for (const warning of loaded.warnings) log.warn(warning.toString());
    this.#note(texts, loaded, isAny);
    if (!isAny) return this.#unchanged();
    onInForce?.(loaded.config);
    this.#tell(report);
    const { warnings } = this.#origin;
    return { status: "reloaded", problems: [], warnings, ...difference, draining: report.draining };
  }

  #unchanged(): ReloadAnswer {
    this.#options.log.info("The config is unchanged");
    this.#origin = { ...this.#origin, rejected: null };
    return nothingReloaded("unchanged", { warnings: this.#origin.warnings });
  }

  #note(texts: readonly ConfigText[], { warnings }: LoadedConfig, isNew = true): void {
    const { loadedAt, generation } = this.#origin;
    this.#texts = texts;
    this.#origin = {
      files: isEmbedded(this.#options.paths) ? [] : texts.map(({ file }) => file),
      loadedAt: isNew ? this.#now().toISOString() : loadedAt,
      generation: isNew ? generation + 1 : generation,
      warnings: warnings.map(String),
      rejected: null,
    };
  }

  #tell({ difference, draining, drained }: ReloadReport): void {
    const { log } = this.#options;
    const facts = [
      ["added", difference.added],
      ["changed", difference.changed],
      ["removed", difference.removed],
      ["settings", difference.settings],
      ["ending when they have served", draining],
    ] as const;
    const text = facts.filter(([, ids]) => ids.length > 0).map(([what, ids]) => `${what}: ${ids.join(", ")}`);
    log.info(
      `The config is reloaded (generation ${this.#origin.generation}). ${text.join("; ")}`,
    );
    if (draining.length > 0) background(log, `end of ${draining.join(", ")} after a reload`, drained);
  }

  #toWorkerConfig({ config }: LoadedConfig): WorkerConfig {
    return { config, specs: backendSpecs(config, { baseFolder: baseFolderOf(this.#options.paths) }) };
  }
}

function isSame(texts: readonly ConfigText[], before: readonly ConfigText[]): boolean {
  return texts.length === before.length &&
    texts.every(({ file, text, unreadable }, i) =>
      file === before[i]?.file && text === before[i]?.text && unreadable === before[i]?.unreadable
    );
}
