/**
 * From the text of one file to its tree: bounds, environment variables, YAML. What is wrong is said with its place, and
 * the rest is still read where that is possible.
 *
 * @module
 */

import { parse, YamlSyntaxError } from "@std/yaml";
import { type Finding, type Findings, gatherFindings, type NameKind } from "./findings.ts";
import {
  holdsMissing,
  namesOutsideComments,
  type ReadEnvironment,
  substituteEnvironment,
  type Substitution,
} from "./environment.ts";
import { cutFirstDocument } from "./first_document.ts";
import { type ConfigPath, describeValue } from "./issues.ts";
import { createLineFinder, createLocator, type Position } from "./positions.ts";
import type { ReadDocument } from "./reading.ts";
import { type ConfigText, MAX_SOURCE_BYTES } from "./sources.ts";
import { copyTree, emptyTree, isTree, NO_MERGE, type Tree, TreeError } from "./tree.ts";
import { explainFault } from "./yaml_faults.ts";

/** Reads one file; `room` is how many bytes it may have. */
export function readDocument(source: ConfigText, env: ReadEnvironment, room = MAX_SOURCE_BYTES): ReadDocument {
  const findings = gatherFindings();
  if (source.unreadable !== undefined) {
    const message = `It cannot be read: ${source.unreadable}`;
    findings.problem({ path: [], message, place: { file: source.file, line: 0, column: 0 } });
    return { file: source.file, problems: findings.problems, warnings: findings.warnings, ...NOTHING, bytes: 0 };
  }
  const text = source.text.startsWith("\uFEFF") ? source.text.slice(1) : source.text;
  const read = readText(text, env, { file: source.file, findings, room });
  return { file: source.file, problems: findings.problems, warnings: findings.warnings, ...read };
}

interface Reading {
  readonly file: string;
  readonly findings: Findings;
  readonly room: number;
}

type Content = Omit<ReadDocument, "file" | "problems" | "warnings">;

const NOTHING: Omit<Content, "bytes"> = {
  tree: emptyTree(),
  isWhole: false,
  looked: new Map(),
  hasMissing: false,
  placeOf: () => ({ line: 0, column: 0 }),
  written: () => undefined,
  keysOf: () => [],
};

function readText(text: string, env: ReadEnvironment, { file, findings, room }: Reading): Content {
  const lineOf = createLineFinder(text);
  const placed = (offset: number) => ({ place: { file, ...lineOf(offset) } });
  const bytes = text.length > room ? text.length : new TextEncoder().encode(text).length;
  if (bytes > room) {
    const message = room < MAX_SOURCE_BYTES
      ? "The sources are together larger than 4 MiB: refused"
      : "The source is larger than 4 MiB: refused";
    findings.problem({ path: [], message, ...placed(-1) });
    return { ...NOTHING, bytes };
  }
  const nul = text.indexOf("\0");
  if (nul >= 0) {
    findings.problem({ path: [], message: "Not text: there is a NUL byte", ...placed(nul) });
    return { ...NOTHING, bytes };
  }
  const { text: first, secondAt } = cutFirstDocument(text);
  if (secondAt !== null) {
    const message = "A second document begins here: only the first one of a file is read";
    findings.warning({ path: [], message, ...placed(secondAt) });
  }
  const substitution = substituteEnvironment(first, env);
  let parsed: unknown;
  const locator = createLocator(substitution.text, () => parsed);
  const place = (offset: number) => placed(offset < 0 ? -1 : substitution.originalOffset(offset));

  const missing = new Map<string, ConfigPath>();
  const content: Omit<Content, "tree" | "isWhole"> = {
    bytes,
    looked: substitution.looked,
    hasMissing: substitution.problems.size > 0,
    placeOf: (path, part) => lineOf(substitution.originalOffset(locator.offsetOf(path, part))),
    written: (path) => {
      const written = locator.written(path);
      return written === undefined || holdsMissing(written) ? undefined : written;
    },
    keysOf: locator.keysOf,
  };
  let isWhole = true;
  try {
    const change = (part: string, path: ConfigPath) => {
      for (const name of substitution.missingIn(part)) if (!missing.has(name)) missing.set(name, [...path]);
      return substitution.restore(part, { command: isCommand(path) });
    };
    parsed = copyTree(parseLeniently(substitution.text, { locator, findings, place }), change, (path) => {
      findings.problem({ path, message: NO_MERGE, hides: hiddenAt(path), ...place(locator.offsetOf(path)) });
    });
  } catch (error) {
    isWhole = false;
    findings.problem(faultOf(error, { substitution, place, placeOf: content.placeOf, file, original: first }));
    if (!(error instanceof TreeError)) {
      for (const name of namesOutsideComments(first)) missing.set(name, []);
    }
  }
  for (const [name, path] of missing) {
    const message = substitution.problems.get(name);
    if (message === undefined) continue;
    const from = Math.max(0, path.length === 0 ? 0 : locator.offsetOf(path));
    findings.problem({ path, message, ...place(substitution.markOf(name, from)) });
  }
  if (isWhole) noticeOddKeys(parsed, substitution.text, { locator, findings, place });
  return { ...content, tree: isWhole ? topOf(parsed, findings, placed(0)) : emptyTree(), isWhole };
}

/** Parses a text; keys that stand twice are told, and the rest is read all the same. */
function parseLeniently(text: string, { locator, findings, place }: KeyContext): unknown {
  try {
    return parse(text, { schema: "core" });
  } catch (error) {
    if (!(error instanceof YamlSyntaxError) || !error.message.startsWith("duplicated mapping key")) throw error;
    const repeated = locator.repeatedKeys();
    // The rest is no YAML either: then what is told of this key is all that is known.
    if (repeated.length === 0) {
      const offset = offsetOf(error, text);
      const { message } = explainFault({ reason: error.message, text, offset });
      findings.problem({ path: [], message: `Not valid YAML: ${message}`, ...place(offset) });
    }
    for (const { path, offset, first } of repeated) {
      const { line = 0, column = 0 } = place(first).place ?? {};
      const key = JSON.stringify(String(path.at(-1)).slice(0, 80));
      const message = `Not valid YAML: duplicated mapping key ${key}, first in line ${line}, column ${column}`;
      findings.problem({ path, message, hides: hiddenAt(path), ...place(offset) });
    }
    return parse(text, { schema: "core", allowDuplicateKeys: true });
  }
}

/** Names that may be lost with entries that are left out somewhere. */
function hiddenAt(path: ConfigPath): NameKind {
  return path.includes("macros") ? "macro" : "model";
}

/** Texts that are split into words, or may become part of one: there llama-swap's backslashes before quotes do good. */
function isCommand(path: ConfigPath): boolean {
  const [top, , key] = path;
  if (top === "macros") return true;
  return top === "models" && (key === "cmd" || key === "cmdStop" || key === "worker" || key === "macros");
}

function topOf(parsed: unknown, findings: Findings, place: Pick<Finding, "place">): Tree {
  if (isTree(parsed)) return parsed;
  if (Array.isArray(parsed)) {
    const message = "top-level YAML must be a mapping";
    findings.problem({ path: [], message, found: describeValue(parsed), expected: "key: value", ...place });
  } else if (parsed !== null) {
    findings.warning({ path: [], message: "The document holds no mapping: it counts as empty", ...place });
  }
  return emptyTree();
}

interface FaultContext {
  readonly substitution: Substitution;
  readonly place: (offset: number) => Pick<Finding, "place">;
  readonly placeOf: (path: ConfigPath) => Position;
  readonly file: string;
  readonly original: string;
}

function faultOf(error: unknown, { substitution, place, placeOf, file, original }: FaultContext): Finding {
  if (error instanceof TreeError) {
    return { path: error.path, message: error.message, place: { file, ...placeOf(error.path) } };
  }
  if (!(error instanceof YamlSyntaxError)) {
    const reason = error instanceof RangeError ? "nested too deeply" : "it cannot be read";
    return { path: [], message: `Not valid YAML: ${reason}`, ...place(-1) };
  }
  const offset = offsetOf(error, substitution.text);
  const { message, suggestion } = explainFault({
    reason: error.message.replace(/ at line \d+, column \d+[\s\S]*$/, ""),
    text: original,
    offset: offset < 0 ? -1 : substitution.originalOffset(offset),
  });
  return { path: [], message: `Not valid YAML: ${message}`, suggestion, ...place(offset) };
}

/** The error of `@std/yaml` says its place in its message only; older releases have no fields for it. */
function offsetOf(error: Error, text: string): number {
  const match = / at line (\d+), column (\d+)/.exec(error.message);
  if (match === null) return -1;
  let offset = 0;
  const breaks = text.matchAll(/\r\n|\r|\n/g);
  for (let line = 1; line < Number(match[1]); line++) {
    const next = breaks.next().value;
    if (next === undefined) break;
    offset = next.index + next[0].length;
  }
  return offset + Number(match[2]) - 1;
}

interface KeyContext {
  readonly locator: ReturnType<typeof createLocator>;
  readonly findings: Findings;
  readonly place: (offset: number) => Pick<Finding, "place">;
}

/** How keys begin that are no text before they are read, and the only ones of these that begin with a letter. */
const ODD_START = /^(?:[-+]?\d|[-+]Infinity$|$)/;
const ODD_WORDS: ReadonlySet<string> = new Set(["null", "true", "false", "Infinity", "NaN"]);

function isOddKey(key: string): boolean {
  return ODD_START.test(key) || ODD_WORDS.has(key) || key.includes("[object Object]");
}

/** A collection as a key, or a key behind a question mark. No run of white space is looked at twice. */
const MAY_HOLD_ODD_KEYS = /[\]}]\s*:(?=\s|$)|(?<![^\s[{,])\?\s/;

/** Keys such as `0123` or `[a]` would silently become other texts; in llama-swap they may drop every model. */
function noticeOddKeys(parsed: unknown, text: string, { locator, findings, place }: KeyContext): void {
  if (!MAY_HOLD_ODD_KEYS.test(text) && !someKey(parsed, isOddKey)) return;
  for (const { path, offset, written } of locator.oddKeys()) {
    if (written === null) {
      const message = "A key must be text";
      findings.problem({ path, message, found: "a list or mapping", expected: "a text", ...place(offset) });
    } else {
      const shown = written === "" ? "An empty key" : `The key ${written.slice(0, 60)}`;
      findings.warning({
        path,
        message: `${shown} is no text: quote it, so that nothing changes it`,
        ...place(offset),
      });
    }
  }
}

function someKey(node: unknown, test: (key: string) => boolean): boolean {
  if (Array.isArray(node)) return node.some((item) => someKey(item, test));
  return isTree(node) && Object.keys(node).some((key) => test(key) || someKey(node[key], test));
}
