/**
 * `berth check`: whether a config loads, what is odd in it, and what it comes to.
 *
 * @module
 */

import { stringify } from "@std/yaml";
import { count, formatPath } from "../../config/issues.ts";
import { ConfigErrors, type ConfigIssue } from "../../config/load.ts";
import type { Arguments } from "../arguments.ts";
import type { Command, Terminal } from "../command.ts";
import { ConfigFileError } from "../config_files.ts";
import { printableConfig } from "../effective_config.ts";
import { EXIT } from "../exit_codes.ts";
import { CONFIG_FLAGS, readConfigPaths } from "../flags.ts";
import { type LoadedFiles, loadFiles } from "../loading.ts";
import { createRedactor } from "../../config/redact.ts";

/** What was found out about a config. */
interface Verdict {
  readonly loaded: LoadedFiles | null;
  /** Why a file could not be read; `null` when all could. */
  readonly unreadable: string | null;
  readonly problems: readonly ConfigIssue[];
  readonly warnings: readonly ConfigIssue[];
}

/** The command `check`. */
export const checkCommand: Command = {
  name: "check",
  summary: "Say whether a config loads, and print its warnings and what it comes to",
  details:
    `Problems and warnings go to standard error, the effective configuration to standard output, without secrets: keys,
tokens and passwords read ***. Exit code 1 when the config does not load, or has warnings under -strict.`,
  flags: [
    ...CONFIG_FLAGS,
    { name: "strict", help: "Fail on warnings" },
    { name: "print", help: "Print the effective configuration (default true; -print=false leaves it out)" },
    { name: "json", help: "Print everything as one JSON object" },
  ],
  run(args, terminal) {
    const verdict = judge(args);
    const failed = verdict.loaded === null || (args.has("strict") && verdict.warnings.length > 0);
    const effective = verdict.loaded === null || !args.has("print", true) ? null : effectiveOf(verdict.loaded);
    if (args.has("json")) printJson(verdict, { ok: !failed, effective, terminal });
    else printText(verdict, { failed, effective, terminal });
    return failed ? EXIT.failed : EXIT.ok;
  },
};

function judge(args: Arguments): Verdict {
  try {
    const loaded = loadFiles(readConfigPaths(args));
    return { loaded, unreadable: null, problems: [], warnings: loaded.warnings };
  } catch (error) {
    const nothing = { loaded: null, unreadable: null, problems: [], warnings: [] };
    if (error instanceof ConfigErrors) return { ...nothing, problems: error.issues, warnings: error.warnings };
    if (error instanceof ConfigFileError) return { ...nothing, unreadable: error.message };
    throw error;
  }
}

function effectiveOf(loaded: LoadedFiles): Readonly<Record<string, unknown>> {
  return printableConfig(loaded.config, createRedactor(loaded.config, loaded));
}

function printText(
  { loaded, unreadable, problems, warnings }: Verdict,
  { failed, effective, terminal }: {
    readonly failed: boolean;
    readonly effective: Readonly<Record<string, unknown>> | null;
    readonly terminal: Terminal;
  },
): void {
  for (const line of unreadable?.split("\n") ?? []) terminal.err(`error: ${line}`);
  for (const problem of problems) terminal.err(`error: ${problem}`);
  for (const warning of warnings) terminal.err(`warning: ${warning}`);
  if (loaded === null) {
    const found = [count(problems.length + (unreadable?.split("\n").length ?? 0), "problem")];
    if (warnings.length > 0) found.push(count(warnings.length, "warning"));
    return terminal.err(`The config does not load: ${found.join(", ")}`);
  }
  if (effective !== null) terminal.out(stringify(effective, { lineWidth: 120, useAnchors: false }).trimEnd());
  const counts = `${count(loaded.config.models.size, "model")}, ${count(warnings.length, "warning")}`;
  terminal.err(`The config loads: ${counts}${failed ? "; -strict lets none pass" : ""}`);
}

function printJson(
  { unreadable, problems, warnings }: Verdict,
  { ok, effective, terminal }: {
    readonly ok: boolean;
    readonly effective: Readonly<Record<string, unknown>> | null;
    readonly terminal: Terminal;
  },
): void {
  const broken = unreadable === null ? [] : unreadable.split("\n").map((message) => ({ message }));
  const found = { problems: [...broken, ...problems.map(plainIssue)], warnings: warnings.map(plainIssue) };
  terminal.out(JSON.stringify({ ok, ...found, config: effective }, null, 2));
}

function plainIssue({ file, line, column, path, message, found, expected, suggestion }: ConfigIssue): unknown {
  return { file, line, column, path: formatPath(path), message, found, expected, suggestion };
}
