/**
 * `berth config explain`: how a model is run, by which names it is asked for, and where each setting comes from.
 *
 * @module
 */

import { backendSpecs } from "../../backend/specs.ts";
import type { BackendSpec } from "../../backend/types.ts";
import { readDocuments } from "../../config/documents.ts";
import { gatherFindings } from "../../config/findings.ts";
import { nearestName } from "../../config/suggestions.ts";
import { isTree, type Tree } from "../../config/tree.ts";
import type { Config, ModelConfig } from "../../config/types.ts";
import type { Command, Terminal } from "../command.ts";
import { baseFolderOf, readEnvironment } from "../config_files.ts";
import { EXIT } from "../exit_codes.ts";
import { CONFIG_FLAGS, readConfigPaths } from "../flags.ts";
import { type LoadedFiles, loadFiles } from "../loading.ts";
import { createRedactor, type Redactor } from "../../config/redact.ts";
import { quoteLines, quoteWords } from "../shell_words.ts";

/** The command `config explain`. */
export const explainCommand: Command = {
  name: "config explain",
  summary: "Print the command line that a model is run with, its names, and where its settings come from",
  details:
    `MODEL is a model's id or an alias. The command is written so that a shell can run it, except that secrets read ***.`,
  flags: CONFIG_FLAGS,
  positionals: { usage: "MODEL", min: 1, max: 1 },
  run(args, terminal) {
    const paths = readConfigPaths(args);
    const loaded = loadFiles(paths);
    const { config } = loaded;
    const [name = ""] = args.positionals;
    const model = config.models.get(config.models.has(name) ? name : config.aliases.get(name) ?? "");
    const spec = backendSpecs(config, { baseFolder: baseFolderOf(paths) }).find((one) => one.model === model?.id);
    if (model === undefined || spec === undefined) {
      terminal.err(`berth: ${describeOther(config, name)}`);
      return EXIT.failed;
    }
    explain({ model, spec, loaded, redactor: createRedactor(config, loaded) }, terminal);
    return EXIT.ok;
  },
};

/** What else the name may be. */
function describeOther(config: Config, name: string): string {
  const selector = config.selectors.get(name);
  if (selector !== undefined) {
    return `"${name}" is a selector (${selector.strategy}) over ${selector.targets.join(", ")}: ask for one of these`;
  }
  const peer = config.peerModels.get(name);
  if (peer !== undefined) return `"${name}" is the model "${peer.model}" of the peer ${peer.peer}: nothing is run here`;
  const pins = [...config.profiles.values()].flatMap((profile) => {
    const target = profile.pins.get(name);
    if (target === undefined) return [];
    return [target ? `is ${target} while the profile ${profile.name} is in force` : `is off under ${profile.name}`];
  });
  if (pins.length > 0) {
    return `"${name}" is a pinned name: it ${pins.join(", and ")}. Ask for a model that it stands for`;
  }
  const near = nearestName(name, [...config.models.keys(), ...config.aliases.keys()]);
  return `The config has no model "${name}"${near === undefined ? "" : `. Did you mean "${near}"?`}`;
}

interface Explained {
  readonly model: ModelConfig;
  readonly spec: BackendSpec;
  readonly loaded: LoadedFiles;
  readonly redactor: Redactor;
}

function explain({ model, spec, loaded, redactor }: Explained, terminal: Terminal): void {
  const bold = (text: string) => terminal.color ? `\x1b[1m${text}\x1b[0m` : text;
  terminal.out(`${bold("model")} ${model.id} (${model.kind})`);
  terminal.out(`\n${bold("asked for by")}`);
  for (const line of namesOf(loaded.config, model)) terminal.out(`  ${line}`);
  terminal.out(`\n${bold("run as")}\n  ${quoteLines(redactor.words(spec.command))}`);
  if (spec.stopCommand !== null) {
    const words = redactor.words(spec.stopCommand(12345));
    terminal.out(`\n${bold("stopped by")} (12345 stands for its process id)\n  ${quoteWords(words)}`);
  }
  if (model.env.length > 0) {
    terminal.out(`\n${bold("environment")}, besides the gateway's own`);
    for (const entry of model.env) terminal.out(`  ${redactor.env(entry)}`);
  }
  terminal.out(`\n${bold("settings")}`);
  const rows = settingsOf(model, readTree(loaded));
  const width = Math.max(...rows.map(({ name }) => name.length));
  for (const { name, value, origin } of rows) {
    terminal.out(`  ${name.padEnd(width)}  ${redactor.text(value)}${origin === "" ? "" : `  (${origin})`}`);
  }
}

function namesOf(config: Config, model: ModelConfig): readonly string[] {
  const names = [model.id, ...model.aliases, ...model.filters.setByName.keys()];
  const lines = [...new Set(names)].filter((name) => name === model.id || config.aliases.get(name) === model.id)
    .map((name) => name === model.id ? name : `${name} (alias)`);
  for (const { id, strategy, targets } of config.selectors.values()) {
    if (targets.some((target) => names.includes(target))) lines.push(`${id} (selector, ${strategy})`);
  }
  for (const profile of config.profiles.values()) {
    for (const [from, to] of profile.pins) {
      if (names.includes(to)) lines.push(`${from} (while the profile ${profile.name} is in force)`);
    }
  }
  return lines;
}

interface Row {
  readonly name: string;
  readonly value: string;
  readonly origin: string;
}

/** The config's tree as it was written, for where a setting comes from; the config has loaded, so nothing is wrong in it. */
function readTree({ texts }: LoadedFiles): Tree {
  return readDocuments({ texts, env: readEnvironment }, gatherFindings()).tree;
}

function settingsOf(model: ModelConfig, root: Tree): readonly Row[] {
  const models = isTree(root.models) ? root.models : {};
  const own = isTree(models[model.id]) ? models[model.id] as Tree : {};
  const says = (tree: Tree, key: string) => Object.hasOwn(tree, key) && tree[key] !== null;
  const row = (name: string, value: string, { key = name, global }: { key?: string; global?: string } = {}): Row => {
    if (says(own, key) && !(key === "ttl" && own.ttl === -1)) return { name, value, origin: "the model's own" };
    const origin = global !== undefined && says(root, global) ? `global: ${global}` : "default";
    return { name, value, origin };
  };
  const seconds = (value: number) => `${value} s`;
  const startKey = says(own, "startTimeout") ? "startTimeout" : "healthCheckTimeout";
  return [
    ...(model.port === null
      ? []
      : [{ name: "port", value: String(model.port), origin: "from startPort, by order of ids" }]),
    row("proxy", model.proxy),
    row("checkEndpoint", model.checkEndpoint ?? "none: ready when its port accepts a connection"),
    row("startTimeout", seconds(model.startTimeoutS), { key: startKey, global: "healthCheckTimeout" }),
    row("ttl", model.ttlS === null ? "never unloaded for being idle" : seconds(model.ttlS), { global: "globalTTL" }),
    row("unloadTimeout", seconds(model.unloadTimeoutS), { global: "unloadTimeout" }),
    row("concurrencyLimit", model.concurrencyLimit === null ? "none of its own" : String(model.concurrencyLimit)),
    row("useModelName", model.useModelName === "" ? "the name asked for" : model.useModelName),
    row("sendLoadingState", model.sendLoadingState ? "yes" : "no", { global: "sendLoadingState" }),
    row("queueKeepAlive", model.queueKeepAliveMs === null ? "never" : seconds(model.queueKeepAliveMs / 1000), {
      global: "queueKeepAlive",
    }),
    row("unlisted", model.unlisted ? "yes" : "no"),
    row("timeouts.connect", limit(model.timeouts.connect), { key: "timeouts" }),
    row("timeouts.responseHeader", limit(model.timeouts.responseHeader), { key: "timeouts" }),
    row("timeouts.idleConn", limit(model.timeouts.idleConn), { key: "timeouts" }),
    ...(model.worker === null ? [] : [row("permissions", JSON.stringify(model.permissions ?? {}))]),
  ];
}

function limit(seconds: number): string {
  return seconds === 0 ? "no limit" : `${seconds} s`;
}
