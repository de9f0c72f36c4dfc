/**
 * The cases of the corpus and what llama-swap made of them; the README beside this file says how they are written.
 *
 * @module
 */

import { readConfigFiles } from "../../src/cli/config_files.ts";
import type { ConfigText } from "../../src/config/sources.ts";
import type { PlainObject } from "./normalise.ts";

/** Which models go when `target` starts while others run. */
export interface Question {
  readonly target: string;
  readonly running: readonly string[];
}

/** One config that is judged. */
export interface JudgeCase {
  readonly name: string;
  readonly texts: readonly ConfigText[];
  readonly env: ReadonlyMap<string, string>;
  readonly questions: readonly Question[];
  /** Paths below `/upstream/MODEL/`: are they ignored? */
  readonly paths: readonly string[];
  /** Rules of the spec that it shows. */
  readonly rules: readonly string[];
}

/** What a gateway makes of a case. */
export interface Verdict {
  /** Why it refuses the config. */
  readonly error?: string;
  /** What the config means. */
  readonly config?: PlainObject;
  /** Answers to the questions, in their order. */
  readonly evictions?: readonly string[];
  /** Those of its paths that are ignored. */
  readonly ignored?: readonly string[];
}

interface VerdictFile {
  readonly revision: string;
  readonly defaults: { readonly config: PlainObject; readonly model: PlainObject };
  readonly cases: Readonly<Record<string, Verdict>>;
}

const CORPUS = new URL("corpus", import.meta.url).pathname;
const VERDICTS = new URL("verdicts.json", import.meta.url).pathname;

/** Reads a corpus, in order of names. */
export function readCases(folder: string = CORPUS): readonly JudgeCase[] {
  return [...Deno.readDirSync(folder)].map((entry) => readCase(folder, entry)).sort((a, b) => a.name < b.name ? -1 : 1);
}

function readCase(folder: string, { name, isDirectory }: Deno.DirEntry): JudgeCase {
  const path = `${folder}/${name}`;
  const texts = readConfigFiles(
    isDirectory
      ? { file: existing(`${path}/config.yaml`), dir: existing(`${path}/conf.d`) }
      : { file: path, dir: null },
  );
  return {
    name: name.replace(/\.yaml$/, ""),
    texts: texts.map(({ file, text }) => ({ file: file.slice(folder.length + 1), text })),
    env: new Map(Object.entries(JSON.parse(headLines(texts, "env")[0] ?? "{}") as Record<string, string>)),
    questions: headLines(texts, "ask").map((line) => JSON.parse(line) as Question),
    paths: headLines(texts, "path").map((line) => JSON.parse(line) as string),
    rules: headLines(texts, "spec"),
  };
}

function existing(path: string): string | null {
  try {
    Deno.statSync(path);
    return path;
  } catch {
    return null;
  }
}

/** The values of `# key: value` among the comments at the head of the first file. */
function headLines([first]: readonly ConfigText[], key: string): string[] {
  const lines = (first?.text ?? "").split(/\r?\n/);
  const end = lines.findIndex((line) => !line.startsWith("#"));
  return lines.slice(0, end).filter((line) => line.startsWith(`# ${key}: `)).map((line) => line.slice(key.length + 4));
}

/** Reads llama-swap's verdicts by name of case, with the defaults put back. */
export function readVerdicts(file: string = VERDICTS): ReadonlyMap<string, Verdict> {
  const { defaults, cases } = JSON.parse(Deno.readTextFileSync(file)) as VerdictFile;
  const whole = ({ config, ...rest }: Verdict): Verdict => {
    if (config === undefined) return rest;
    const models = Object.entries((config["models"] ?? {}) as Record<string, PlainObject>)
      .map(([id, model]) => [id, { ...defaults.model, ...model }]);
    return { ...rest, config: { ...defaults.config, ...config, models: Object.fromEntries(models) } };
  };
  return new Map(Object.entries(cases).map(([name, verdict]) => [name, whole(verdict)]));
}
