/**
 * From the texts of a config to one tree: environment variables, YAML, merging.
 *
 * @module
 */

import { parse, YamlSyntaxError } from "@std/yaml";
import type { Findings } from "./findings.ts";
import { namesUsed, substituteEnvironment } from "./environment.ts";
import { ConfigErrors, ConfigIssue } from "./issues.ts";
import { type ConfigSource, type ConfigText, MAX_SOURCE_BYTES } from "./sources.ts";
import { copyTree, emptyTree, isTree, type Tree, TreeError } from "./tree.ts";

/** Reads all texts; problems are told to `findings`, and what could be read is returned. */
export function readDocuments({ texts, env }: ConfigSource, findings: Findings): Tree {
  const [text, ...others] = texts;
  if (others.length > 0) findings.problem({ path: [], message: "several config files are not available yet" });
  return text === undefined ? emptyTree() : readDocument(text, env, findings);
}

function readDocument(source: ConfigText, env: ConfigSource["env"], findings: Findings): Tree {
  const text = withEnvironment(source, env, findings);
  return text === null ? emptyTree() : parseTree(text, source, findings);
}

function withEnvironment(source: ConfigText, env: ConfigSource["env"], findings: Findings): string | null {
  if (new TextEncoder().encode(source.text).length > MAX_SOURCE_BYTES) {
    findings.problem({ path: [], message: "The source is larger than 4 MiB: refused" });
    return null;
  }
  let text = source.text;
  // Twice, so that a value may itself name a variable (spec §1.6.6).
  for (let pass = 0; pass < 2 && text.includes("${env."); pass++) {
    const names = namesUsed(text, tryParse(text));
    const done = substituteEnvironment(text, names, env);
    for (const { message } of done.problems) findings.problem({ path: [], message });
    text = done.text;
    if (done.problems.length > 0) return null;
  }
  return text;
}

function tryParse(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

function parseTree(text: string, source: ConfigText, findings: Findings): Tree {
  let parsed: unknown;
  try {
    parsed = copyTree(parse(text));
  } catch (error) {
    if (error instanceof TreeError) {
      findings.problem({ path: error.path, message: error.message });
      return emptyTree();
    }
    throw new ConfigErrors([syntaxIssue(error, source)]);
  }
  if (isTree(parsed)) return parsed;
  if (Array.isArray(parsed)) {
    findings.problem({ path: [], message: "top-level YAML must be a mapping", found: "a list" });
  } else if (parsed !== null) {
    findings.warning({ path: [], message: "The document holds no mapping: it counts as empty" });
  }
  return emptyTree();
}

function syntaxIssue(error: unknown, { file }: ConfigText): ConfigIssue {
  if (!(error instanceof YamlSyntaxError)) {
    const reason = error instanceof RangeError
      ? "nested too deeply"
      : error instanceof Error
      ? error.message
      : String(error);
    return new ConfigIssue({ file, line: 0, column: 0, path: [], message: `Not valid YAML: ${reason}` });
  }
  const { line, column, reason } = readSyntaxError(error);
  return new ConfigIssue({ file, line, column, path: [], message: `Not valid YAML: ${reason}` });
}

/** The error of `@std/yaml` says its place in the message only. */
function readSyntaxError(error: Error): { readonly reason: string; readonly line: number; readonly column: number } {
  const match = / at line (\d+), column (\d+)/.exec(error.message);
  const reason = error.message.slice(0, match?.index ?? error.message.length);
  return { reason, line: Number(match?.[1] ?? 0), column: Number(match?.[2] ?? 0) };
}
