/**
 * How each configured model's backend is run: from a model's configuration to what the supervisor starts.
 *
 * @module
 */

import { type Platform, splitCommand } from "../config/command.ts";
import type { Config, ModelConfig } from "../config/types.ts";
import type { BackendSpec } from "./types.ts";
import { workerCommand } from "./worker_command.ts";

/** What the specs depend on besides the config. */
export interface SpecsEnv {
  /** Path of the running program, `deno` or the compiled binary; this process's own unless given. */
  readonly execPath?: string;
  /** Whether the running program is a compiled binary, which cannot run `deno serve`; this process's own unless given. */
  readonly standalone?: boolean;
  /** Folder that relative worker modules are relative to; `null` for the working directory. */
  readonly baseFolder?: string | null;
  /** Whose rules split stop commands; this system's own unless given. */
  readonly platform?: Platform;
}

/** The name in a config of the built-in tiny model. */
export const BUILT_IN_TINY = "berth:tiny";

/** Lists how every model's backend is run. */
export function backendSpecs(config: Config, options: SpecsEnv = {}): readonly BackendSpec[] {
  const env: Required<SpecsEnv> = {
    execPath: options.execPath ?? Deno.execPath(),
    standalone: options.standalone ?? Deno.build.standalone,
    baseFolder: options.baseFolder ?? null,
    platform: options.platform ?? (Deno.build.os === "windows" ? "windows" : "posix"),
  };
  return [...config.models.values()].map((model) => ({
    model: model.id,
    kind: model.kind,
    processKey: model.processKey,
    port: model.port,
    command: model.worker === null ? model.command : workerArguments(model, model.worker, env),
    stopCommand: stopCommandOf(model, env.platform),
    env: model.env,
    proxy: model.proxy,
    checkEndpoint: model.checkEndpoint,
    startTimeoutMs: model.startTimeoutS * 1000,
    ttlMs: model.ttlS === null ? null : model.ttlS * 1000,
    stopGraceMs: model.unloadTimeoutS * 1000,
  }));
}

function workerArguments(
  model: ModelConfig,
  worker: NonNullable<ModelConfig["worker"]>,
  env: Required<SpecsEnv>,
): readonly string[] {
  const port = model.port ?? 0;
  const builtIn = worker.module === BUILT_IN_TINY;
  if (builtIn && env.standalone) return [env.execPath, "tiny", "--port", String(port), ...worker.args];
  return workerCommand({
    // A compiled binary cannot run `deno serve`: a user's worker then needs `deno` on the PATH.
    execPath: env.standalone ? "deno" : env.execPath,
    port,
    module: builtIn ? import.meta.resolve("../tiny/worker.ts") : resolveModule(worker.module, env.baseFolder),
    args: worker.args,
    permissions: model.permissions ?? {},
  });
}

/** A module path is relative to the config's folder; URLs and absolute paths stay as they are. */
function resolveModule(module: string, baseFolder: string | null): string {
  if (module.startsWith("/") || /^[a-z][a-z0-9+.-]*:/i.test(module) || baseFolder === null) return module;
  return baseFolder.endsWith("/") ? baseFolder + module : `${baseFolder}/${module}`;
}

function stopCommandOf(model: ModelConfig, platform: Platform): BackendSpec["stopCommand"] {
  const text = model.cmdStop;
  if (text === null) return null;
  return (pid) => splitCommand(text.replaceAll("${PID}", String(pid)), platform);
}
