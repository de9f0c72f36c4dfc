/**
 * Short ways to load a config text in a test.
 *
 * @module
 */

import { assert, assertStringIncludes, assertThrows } from "@std/assert";
import { ConfigErrors, loadConfig, type LoadedConfig } from "../../src/config/load.ts";
import type { ConfigSource } from "../../src/config/sources.ts";
import type { Config, ModelConfig } from "../../src/config/types.ts";

/** Loads a text that must be right. */
export function load(text: string, more: Partial<ConfigSource> = {}): LoadedConfig {
  return loadConfig({ texts: [{ text, file: "c.yaml" }], env: () => undefined, ...more });
}

/** The config of a text that must be right and give no warning besides those of keys without effect. */
export function configOf(text: string): Config {
  const { config, warnings } = load(text);
  const odd = warnings.map(String).filter((warning) => !warning.includes("but has no effect"));
  assert(odd.length === 0, odd.join("\n"));
  return config;
}

/** One model of such a config. */
export function modelOf(text: string, id = "m"): ModelConfig {
  const model = configOf(text).models.get(id);
  assert(model !== undefined, `no model ${id}`);
  return model;
}

/** The warnings of a text that must be right. */
export function warningsOf(text: string): readonly string[] {
  return load(text).warnings.map(String);
}

/** Loads a text that must be refused with these parts in its message. */
export function refuse(text: string, ...parts: readonly string[]): ConfigErrors {
  const error = assertThrows(() => load(text), ConfigErrors);
  for (const part of parts) assertStringIncludes(error.message, part);
  return error;
}

/** A `models` block of minimal models, each with the lines given for it. */
export function models(...entries: readonly (string | readonly [id: string, ...lines: string[]])[]): string {
  const blocks = entries.map((entry) => {
    const [id, ...lines] = typeof entry === "string" ? [entry] : entry;
    return `  ${JSON.stringify(id)}:\n    cmd: server --port \${PORT}\n${
      lines.map((line) => `    ${line}\n`).join("")
    }`;
  });
  return `models:\n${blocks.join("")}`;
}

/** The texts of a config's keys. */
export function keysOf({ apiKeys }: Pick<Config, "apiKeys">): readonly string[] {
  return apiKeys.map(({ key }) => key);
}
