/**
 * The files of a config: which they are, and their texts.
 *
 * @module
 */

import type { Platform } from "../config/command.ts";
import { DEFAULT_CONFIG_FILE, DEFAULT_CONFIG_TEXT } from "../config/default_config.ts";
import { type ConfigText, MAX_SOURCE_BYTES } from "../config/sources.ts";
import type { ConfigPaths } from "./flags.ts";
import { isGranted } from "./permissions.ts";

/** Whose rules split the commands of a config. */
export const PLATFORM: Platform = Deno.build.os === "windows" ? "windows" : "posix";

/** A file or folder of the config cannot be read; the message says which and why. */
export class ConfigFileError extends Error {
  override readonly name = "ConfigFileError";
}

const NOT_GRANTED = "this process may not read files; run it with --allow-read or -P";

/** Why one file cannot be read, as the end of a sentence. */
class UnreadableError extends Error {}

/** The folder that worker modules of a config are relative to: that of the file, or else the folder of files. */
export function baseFolderOf({ file, dir }: ConfigPaths): string | null {
  if (file === null) return dir;
  const slash = file.lastIndexOf("/");
  return slash < 0 ? null : file.slice(0, slash + 1);
}

/** Whether nothing was asked for, so that the embedded default config is served. */
export function isEmbedded({ file, dir }: ConfigPaths): boolean {
  return file === null && dir === null;
}

/**
 * Reads the texts of a config in the order in which they are merged: the file, then the folder's `*.yaml` and `*.yml` in
 * ascending order of their names (spec §1.6). A file that cannot be read says why, so that what is wrong with the others
 * is told with it.
 *
 * @throws {ConfigFileError} when nothing can be read, or the file is in the folder too.
 */
export function readConfigFiles(paths: ConfigPaths): readonly ConfigText[] {
  if (isEmbedded(paths)) return [{ file: DEFAULT_CONFIG_FILE, text: DEFAULT_CONFIG_TEXT }];
  const files = listConfigFiles(paths);
  if (files.length === 0) {
    throw new ConfigFileError(`no configuration sources found: ${paths.dir} holds no *.yaml or *.yml file`);
  }
  const texts = files.map((file): ConfigText => {
    try {
      return { file, text: readText(file) };
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      return { file, text: "", unreadable: error.message };
    }
  });
  if (texts.some(({ unreadable }) => unreadable === undefined)) return texts;
  throw new ConfigFileError(texts.map(({ file, unreadable }) => `Cannot read ${file}: ${unreadable}`).join("\n"));
}

/**
 * Lists the files of a config in the order in which they are merged.
 *
 * @throws {ConfigFileError} when the folder cannot be read, or holds the file too.
 */
export function listConfigFiles({ file, dir }: ConfigPaths): readonly string[] {
  const inside = dir === null ? [] : listFolder(dir);
  if (file === null) return inside;
  if (inside.some((path) => absolute(path) === absolute(file))) {
    throw new ConfigFileError(`${file} is also present in -config-dir ${dir}: it would be read twice`);
  }
  return [file, ...inside];
}

/** Looks up an environment variable for a config; throws where this process may not read it. */
export function readEnvironment(name: string): string | undefined {
  if (!isGranted({ name: "env", variable: name })) {
    throw new Error("this process may not read the environment; run it with --allow-env or -P");
  }
  return Deno.env.get(name);
}

function listFolder(dir: string): readonly string[] {
  requireRead(dir);
  try {
    return [...Deno.readDirSync(dir)]
      .filter((entry) => !entry.isDirectory && /\.ya?ml$/.test(entry.name))
      .map((entry) => entry.name)
      .sort()
      .map((name) => dir.endsWith("/") ? dir + name : `${dir}/${name}`);
  } catch (error) {
    throw new ConfigFileError(`Cannot read the folder ${dir}: ${reasonOf(error)}`);
  }
}

function readText(file: string): string {
  if (!isGranted({ name: "read", path: file })) throw new UnreadableError(NOT_GRANTED);
  let bytes: Uint8Array;
  try {
    bytes = readBounded(file);
  } catch (error) {
    throw new UnreadableError(reasonOf(error));
  }
  const encoding = encodingOf(bytes);
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    const line = encoding === "utf-8" ? ` (line ${lineOfFault(bytes)})` : "";
    throw new UnreadableError(`it is not ${encoding === "utf-8" ? "UTF-8" : "UTF-16"} text${line}`);
  }
}

/** UTF-8, unless a byte order mark says otherwise, as in what PowerShell writes with `>`. */
function encodingOf([first, second]: Uint8Array): string {
  if (first === 0xff && second === 0xfe) return "utf-16le";
  return first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
}

/** At most one byte more than a config may have: the loader refuses it, and a device without end is not read to it. */
function readBounded(file: string): Uint8Array {
  using handle = Deno.openSync(file);
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for (let left = MAX_SOURCE_BYTES + 1; left > 0;) {
    const chunk = new Uint8Array(Math.min(left, 64 * 1024));
    const count = handle.readSync(chunk);
    if (count === null) break;
    chunks.push(chunk.subarray(0, count));
    left -= count;
  }
  const length = chunks.reduce((sum, { length }) => sum + length, 0);
  const bytes = new Uint8Array(length);
  chunks.reduce((at, chunk) => (bytes.set(chunk, at), at + chunk.length), 0);
  // A character that is cut in two would be told as bad text instead of as too much.
  return length > MAX_SOURCE_BYTES ? bytes.fill(0x23) : bytes;
}

/** The line of the first bytes that are no UTF-8: each line is tried, as no character crosses a line break. */
function lineOfFault(bytes: Uint8Array): number {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const found = bytes.indexOf(0x0a, start);
    const end = found < 0 ? bytes.length : found + 1;
    try {
      decoder.decode(bytes.subarray(start, end));
    } catch {
      return line;
    }
    start = end;
  }
  return line;
}

function requireRead(path: string): void {
  if (isGranted({ name: "read", path })) return;
  throw new ConfigFileError(`Cannot read ${path}: ${NOT_GRANTED}`);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The path from the root, without following links: what the comparison of two names needs (spec §1.6.2). */
function absolute(path: string): string {
  const parts: string[] = [];
  const full = path.startsWith("/") ? path : `${Deno.cwd()}/${path}`;
  for (const part of full.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}
