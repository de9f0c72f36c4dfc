/**
 * Looking at the config in force, and reading its files again.
 *
 * @module
 */

import type { Router } from "./router.ts";

/** What came of reading the config's files again. */
export interface ReloadAnswer {
  /** `rejected`: the config before stays in force, untouched. */
  readonly status: "reloaded" | "unchanged" | "rejected";
  /** Why it was rejected, as in the log; empty otherwise. */
  readonly problems: readonly string[];
  /** What deserves attention in it. */
  readonly warnings: readonly string[];
  /** Models that are new. */
  readonly added: readonly string[];
  /** Models of which something differs. */
  readonly changed: readonly string[];
  /** Models that are gone. */
  readonly removed: readonly string[];
  /** Names of settings besides models that differ. */
  readonly settings: readonly string[];
  /** Models whose running process cannot stay: it ends when it has served what it serves. */
  readonly draining: readonly string[];
}

/** Where the config in force is from. */
export interface ConfigOrigin {
  /** The files, in the order in which they are merged; empty for the built-in default. */
  readonly files: readonly string[];
  /** When it came into force; ISO 8601. */
  readonly loadedAt: string;
  /** 1 at the start, one more for each config that has come into force since. */
  readonly generation: number;
  /** What deserves attention in it. */
  readonly warnings: readonly string[];
  /** The last attempt to reload, if that was rejected. */
  readonly rejected: { readonly at: string; readonly problems: readonly string[] } | null;
}

/** The files of the config, as their owner lets others see them and have them read again. */
export interface ConfigFiles {
  /** Where the config in force is from. */
  origin(): ConfigOrigin;
  /** Reads the files again; what comes of it is in force when this returns. */
  reload(): ReloadAnswer;
}

/** What the config's routes need. */
export interface ConfigEnv {
  /** The files of the config. */
  readonly configFiles: ConfigFiles;
}

/** Adds the config's routes to `app`. */
export function addConfigRoutes(app: Router, { configFiles }: ConfigEnv): void {
  app.get("/api/config", (c) => c.json({ ...configFiles.origin(), models: [...c.env.config.models.keys()] }));
  app.post("/api/config/reload", (c) => {
    const answer = configFiles.reload();
    return c.json(answer, answer.status === "rejected" ? 422 : 200);
  });
}

/** What there is to answer when something other than `reloaded` came of it. */
export function nothingReloaded(
  status: "unchanged" | "rejected",
  { problems = [], warnings = [] }: Partial<Pick<ReloadAnswer, "problems" | "warnings">> = {},
): ReloadAnswer {
  return { status, problems, warnings, added: [], changed: [], removed: [], settings: [], draining: [] };
}

/** A config without files: the built-in default one, which is never another. */
export function noConfigFiles(now: Date = new Date()): ConfigFiles {
  const loadedAt = now.toISOString();
  return {
    origin: () => ({ files: [], loadedAt, generation: 1, warnings: [], rejected: null }),
    reload: () => nothingReloaded("rejected", { problems: [NO_FILES] }),
  };
}

/** Why a reload is refused where there are no files. */
export const NO_FILES =
  "The built-in default config is served: there is no file to read again. Start with -config FILE";
