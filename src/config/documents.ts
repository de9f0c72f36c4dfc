/**
 * From the texts of a config to one tree that knows where each of its parts stands.
 *
 * @module
 */

import type { Findings } from "./findings.ts";
import { type ConfigCache, forgetOthers } from "./cache.ts";
import { readDocument } from "./document.ts";
import { holdsMissing } from "./environment.ts";
import type { ConfigPath, Place } from "./issues.ts";
import { mergeTrees, originOf } from "./merge.ts";
import { PathMap } from "./path_map.ts";
import type { ReadDocument } from "./reading.ts";
import { type ConfigSource, type ConfigText, MAX_SOURCE_BYTES } from "./sources.ts";
import { nodeAt, someString, type Tree } from "./tree.ts";
import type { WrittenSource } from "./written.ts";

/** All files as one. */
export interface Documents extends WrittenSource {
  /** What they say together; parts may be shared with a cache, so nobody changes them. */
  readonly tree: Tree;
  /** Whether every file could be read: otherwise a name that is not known may stand in one that could not. */
  readonly isWhole: boolean;
  /** Values of the environment that may stand in the tree. */
  readonly secrets: ReadonlyMap<string, string>;
  /** Where a path of the tree is written, or a part of the text there. */
  placeOf(path: ConfigPath, part?: string): Place;
  /** Whether what stands there depends on a value that is missing, which was told. */
  isMissing(path: ConfigPath): boolean;
}

/** Reads and merges all texts; problems are told to `findings`, and what could be read is returned. */
export function readDocuments({ texts, env, cache }: ConfigSource, findings: Findings): Documents {
  let room = MAX_SOURCE_BYTES;
  const documents = texts.map((source) => {
    const document = readCached(source, { env, cache, room });
    room = Math.max(0, room - document.bytes);
    return document;
  });
  if (cache !== undefined) forgetOthers(cache.documents, texts.map(({ file }) => file));
  for (const { problems, warnings } of documents) {
    problems.forEach(findings.problem);
    warnings.forEach(findings.warning);
  }
  const trees = documents.map(({ tree }) => tree);
  const { tree, conflicts } = mergeTrees(trees);
  const placeIn = (index: number, path: ConfigPath, part?: string): Place => {
    const document = documents[index];
    return { file: document?.file ?? "config", ...document?.placeOf(path, part) ?? { line: 0, column: 0 } };
  };
  for (const { later, path, message, found, expected } of conflicts) {
    const place = placeIn(later, path);
    const earlier = originOf(path, trees.slice(0, later));
    const others = `found in ${showPlace(place)}, first in ${showPlace(placeIn(earlier.index, earlier.path))}`;
    findings.problem({ path, message: `${message} ${others}`, found, expected, place });
  }
  return {
    tree,
    isWhole: documents.every(({ isWhole }) => isWhole),
    secrets: secretsOf(documents),
    placeOf(path, part) {
      const origin = originOf(path, trees);
      return placeIn(origin.index, origin.path, part);
    },
    written(path) {
      const node = nodeAt(tree, path);
      if (typeof node === "string") return node;
      const origin = originOf(path, trees);
      return documents[origin.index]?.written(origin.path);
    },
    keysOf: (path) => [...new Set(documents.flatMap((document) => document.keysOf(path)))],
    isMissing: documents.some(({ hasMissing }) => hasMissing) ? createMissing(tree) : () => false,
  };
}

interface CachedReading {
  readonly env: ConfigSource["env"];
  readonly cache: ConfigCache | undefined;
  readonly room: number;
}

function readCached(source: ConfigText, { env, cache, room }: CachedReading): ReadDocument {
  const known = cache?.documents.get(source.file);
  if (
    source.unreadable === undefined && known?.text === source.text &&
    known.document.bytes <= Math.min(room, known.room) &&
    isSame(known.document.looked, env)
  ) return known.document;
  const document = readDocument(source, env, room);
  if (source.unreadable === undefined) cache?.documents.set(source.file, { text: source.text, room, document });
  return document;
}

/** Whether the environment still says what it said. An unset or refused variable is looked up again. */
function isSame(looked: ReadDocument["looked"], env: ConfigSource["env"]): boolean {
  for (const [name, value] of looked) {
    try {
      if (value === undefined || env(name) !== value) return false;
    } catch {
      return false;
    }
  }
  return true;
}

function secretsOf(documents: readonly ReadDocument[]): ReadonlyMap<string, string> {
  const secrets = new Map<string, string>();
  for (const { looked } of documents) {
    for (const [name, value] of looked) if (value !== undefined) secrets.set(name, value);
  }
  return secrets;
}

function showPlace({ file, line, column }: Place): string {
  return line > 0 ? `${file}:${line}:${column}` : file;
}

/** Texts with a missing value, and texts that use a macro with one, however many macros lie between. */
function createMissing(tree: Tree): (path: ConfigPath) => boolean {
  const blocks = [tree.macros, ...Object.values(tree.models ?? {}).map((model) => nodeAt(model, ["macros"]))];
  const users = new Map<string, string[]>();
  const names = new Set<string>();
  for (const [name, value] of blocks.flatMap((block) => Object.entries(block ?? {}))) {
    if (typeof value !== "string") continue;
    if (holdsMissing(value)) names.add(name);
    for (const used of namesIn(value)) pushTo(users, used, name);
  }
  // A set that grows while it is walked.
  for (const name of names) users.get(name)?.forEach((user) => names.add(user));
  const isTouched = (text: string) => holdsMissing(text) || namesIn(text).some((name) => names.has(name));
  // Many findings may be about one large part.
  const answers = new PathMap<boolean>();
  return (path) => {
    const known = answers.get(path);
    if (known !== undefined) return known;
    const answer = path.length > 0 && someString(nodeAt(tree, path), isTouched);
    answers.set(path, answer);
    return answer;
  };
}

function namesIn(text: string): readonly string[] {
  return Array.from(text.matchAll(/\$\{([A-Za-z0-9_-]+)\}/g), (match) => match[1] ?? "");
}

function pushTo(lists: Map<string, string[]>, key: string, item: string): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}
