/**
 * Random configs for the fuzz test: trees that follow the schema, more or less, written as YAML in changing styles.
 *
 * @module
 */

import { configJsonSchema } from "../../src/config/json_schema.ts";
import { random } from "../random.ts";

/** Stands in every place that holds a secret; no message may show it. */
export const SECRET = "sEcReT90817263545";
/** A secret that YAML takes for a number. */
export const SECRET_NUMBER = "9081726354";
/** What the environment holds. */
export const ENVIRONMENT: Readonly<Record<string, string>> = {
  NUMBER: "17",
  TEXT: `${SECRET}-text`,
  QUOTED: `a"${SECRET}\\b`,
  YAML: `*${SECRET}: [!x`,
  LINES: `${SECRET}\nstartPort: 1`,
  EMPTY: "",
  INNER: `\${env.TEXT}/\${env.MISSING}`,
};

/** Numbers from 0 up to, not including, 1 that are the same for the same seed. */
export function createRandom(seed: number): () => number {
  const { below } = random(seed);
  return () => below(2 ** 32) / 2 ** 32;
}

interface Shape {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly additionalProperties?: Shape | boolean;
  readonly items?: Shape;
  readonly anyOf?: readonly Shape[];
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
}

const SCHEMA: Shape = JSON.parse(JSON.stringify(configJsonSchema({ blanks: false })));
const NAMES = [
  "m",
  "a",
  "b",
  "org/m:F16",
  "__proto__",
  "constructor",
  "toString",
  "0x10",
  "7",
  "it's",
  "<<",
  "x y",
  "é",
];
const TEXTS = [
  "x ${PORT}",
  "${PORT}",
  "${a}",
  "${MODEL_ID}-${b}",
  "$${lit}",
  "${a}${b}${c}",
  "${PID}",
  "http://h:${PORT}",
  "http://[",
  "none",
  "/health",
  "1m30s",
  "yes",
  "off",
  "0123",
  "",
  " ",
  "'",
  '"',
  "\\",
  "# c",
  "x\n# y\nz",
  "a: b",
  "- a",
  "*a",
  "&a",
  "!t",
  "%",
  "@",
  "`",
  "[",
  "{",
  "é😀",
  "\t",
  "[a-",
  "m",
  "a",
  "a & b",
  "(a | b) & c",
  "+a",
  "y\n",
  "serial",
  "fifo",
  "group",
  "matrix",
  "pin",
  "spillover",
  "text",
  "image",
]; // deno-fmt-ignore
const NUMBERS = [0, 1, -1, 2, 5, 15, 65535, 65536, 0.5, 1e21, 9007199254740993, -0, 1e400];

/** Makes the texts of one random config: one to three files. */
export function randomConfig(random: () => number): readonly { readonly file: string; readonly text: string }[] {
  const maker = createMaker(random);
  const files = random() < 0.85 ? 1 : random() < 0.7 ? 2 : 3;
  return Array.from({ length: files }, (_, i) => {
    const text = writeYaml(maker.top(), random);
    return { file: `${i}.yaml`, text: random() < 0.06 ? damage(text, random) : text };
  });
}

interface Maker {
  top(): unknown;
}

function createMaker(random: () => number): Maker {
  const below = (limit: number) => Math.floor(random() * limit);
  const pick = <Item>(items: readonly Item[]): Item | undefined => items[below(items.length)];

  /** A path decides whether a secret belongs there. */
  function make(shape: Shape, path: readonly string[], depth: number): unknown {
    const chance = random();
    if (isSecret(path)) {
      const form = shape.anyOf?.find(({ properties }) => properties !== undefined);
      if (form !== undefined && chance < 0.4) return mapping(form, path, depth);
      return chance < 0.8 ? secret() : chance < 0.9 ? [secret()] : { a: secret() };
    }
    if (chance < 0.05) return hostile(path, depth);
    if (chance < 0.1) return `\${env.${pick([...Object.keys(ENVIRONMENT), "MISSING"])}}`;
    if (shape.anyOf !== undefined) return make(pick(shape.anyOf) ?? {}, path, depth);
    if (shape.enum !== undefined) return pick(shape.enum);
    if (depth <= 0) return null;
    switch (shape.type) {
      case "object":
        return mapping(shape, path, depth);
      case "array":
        return Array.from({ length: below(3) }, () => make(shape.items ?? {}, [...path, "0"], depth - 1));
      case "integer":
      case "number":
        return chance < 0.7 ? below(100) : pick(NUMBERS);
      case "boolean":
        return chance < 0.6;
      case "string":
        return pick(TEXTS);
      default:
        return chance < 0.5 ? pick(TEXTS) : anything(depth);
    }
  }

  function mapping(shape: Shape, path: readonly string[], depth: number): Record<string, unknown> {
    const made = empty();
    const known = Object.keys(shape.properties ?? {});
    // Models have the most keys: they come oftener than the other blocks.
    if (path.length === 0 && random() < 0.5) made.models = make(shape.properties?.models ?? {}, ["models"], depth - 1);
    const wanted = path.length === 0 ? 1 + below(2) : below(4);
    for (let i = 0; i < wanted; i++) {
      const name = pick(known);
      if (name === undefined) break;
      const field = shape.properties?.[name] ?? {};
      made[random() < 0.04 ? name.slice(0, -1) : name] = make(field, [...path, name], depth - 1);
    }
    if (typeof shape.additionalProperties === "object") {
      for (let i = below(2); i >= 0; i--) {
        const name = pick(NAMES) ?? "m";
        made[name] = make(shape.additionalProperties, [...path, "*"], depth - 1);
      }
    }
    // Most models need a command to be models at all.
    if (path[0] === "models" && path.length === 2 && random() < 0.85) made.cmd ??= pick(TEXTS.slice(0, 4));
    return made;
  }

  function hostile(path: readonly string[], depth: number): unknown {
    if (isSecret([...path, "*"]) || (path[0] === "apiKeys" && path.length < 3)) return secret();
    return pick<unknown>([
      null,
      [],
      {},
      NaN,
      "x".repeat(300),
      "__proto__",
      anything(Math.min(depth, 2)),
      "${env.MISSING}",
    ]);
  }

  function anything(depth: number): unknown {
    const chance = random();
    if (depth <= 0 || chance < 0.4) return pick(TEXTS);
    if (chance < 0.6) return pick(NUMBERS);
    if (chance < 0.8) return Array.from({ length: below(3) }, () => anything(depth - 1));
    const made = empty();
    for (let i = below(3); i > 0; i--) made[pick(NAMES) ?? ""] = anything(depth - 1);
    return made;
  }

  const secret = () => pick([SECRET, SECRET, `${SECRET} x`, `TOKEN=${SECRET}`, "${env.TEXT}", Number(SECRET_NUMBER)]);
  const macros = () => {
    const made = empty();
    for (const name of ["a", "b", "c"]) if (random() < 0.6) made[name] = random() < 0.7 ? pick(TEXTS) : pick(NUMBERS);
    if (random() < 0.1) made[pick(NAMES) ?? ""] = anything(1);
    return made;
  };
  return {
    top() {
      const tree = make(SCHEMA, [], 6);
      if (typeof tree === "object" && tree !== null && !Array.isArray(tree)) {
        if (random() < 0.3) Reflect.set(tree, "macros", macros());
        if (random() < 0.1) Reflect.set(tree, "apiKeys", [secret(), secret()]);
      }
      return tree;
    },
  };
}

function empty(): Record<string, unknown> {
  return Object.create(null);
}

/** Where a config holds what nobody else may see. */
function isSecret(path: readonly string[]): boolean {
  if (path[0] === "apiKeys") return path.length === 2 || (path[2] === "key" && path.length === 3);
  if (path[0] === "peers") return path[2] === "apiKey" && path.length === 3;
  return path[0] === "models" && path[2] === "env" && path.length === 4;
}

/** Writes a tree, now in block style, now in flow style, sometimes with anchors, aliases and merges. */
function writeYaml(tree: unknown, random: () => number): string {
  if (random() < 0.2) return JSON.stringify(tree, (_, value: unknown) => value === undefined ? null : value) ?? "";
  const anchors: string[] = [];
  const lines: string[] = [];
  if (random() < 0.1) lines.push("\uFEFF# ${env.MISSING}");
  if (random() < 0.05) lines.push("---");
  writeBlock(tree, "");
  if (random() < 0.03) lines.push("---", "second: [");
  return lines.join(random() < 0.1 ? "\r\n" : "\n") + "\n";

  function writeBlock(node: unknown, indent: string): void {
    if (Array.isArray(node) && node.length > 0) {
      for (const item of node) writeEntry("-", item, indent);
    } else if (typeof node === "object" && node !== null && Object.keys(node).length > 0) {
      if (anchors.length > 0 && random() < 0.04) lines.push(`${indent}<<: *${anchors.at(-1)}`);
      for (const [key, item] of Object.entries(node)) writeEntry(`${writeScalar(key, true)}:`, item, indent);
    } else lines.push(indent + writeFlow(node));
  }

  function writeEntry(head: string, item: unknown, indent: string): void {
    if (random() < 0.03) lines.push(`${indent}# \${env.MISSING} it's`);
    const isBlock = typeof item === "object" && item !== null && Object.keys(item).length > 0 && random() < 0.8;
    if (anchors.length > 0 && random() < 0.03) lines.push(`${indent}${head} *${anchors.at(-1)}`);
    else if (!isBlock) lines.push(`${indent}${head} ${writeFlow(item, indent)}`);
    else {
      // What holds a secret is not used anywhere else: there it would be none.
      const isPublic = !new RegExp(`${SECRET}|${SECRET_NUMBER}|env\\.`).test(JSON.stringify(item));
      const anchor = isPublic && random() < 0.15 ? `a${anchors.length}` : null;
      lines.push(anchor === null ? indent + head : `${indent}${head} &${anchor}`);
      writeBlock(item, `${indent}  `);
      if (anchor !== null) anchors.push(anchor);
    }
  }

  function writeFlow(node: unknown, indent = ""): string {
    if (Array.isArray(node)) return `[${node.map((item) => writeFlow(item)).join(", ")}]`;
    if (typeof node === "object" && node !== null) {
      return `{${
        Object.entries(node).map(([key, item]) => `${writeScalar(key, true)}: ${writeFlow(item)}`).join(", ")
      }}`;
    }
    if (typeof node === "string" && node.includes("\n") && indent !== "" && random() < 0.5) {
      return `|\n${node.split("\n").map((line) => `${indent}  ${line}`).join("\n")}`;
    }
    return writeScalar(node, false);
  }

  function writeScalar(value: unknown, isKey: boolean): string {
    if (typeof value === "number") return Number.isNaN(value) ? ".nan" : Number.isFinite(value) ? `${value}` : ".inf";
    if (typeof value !== "string") return value === null || value === undefined ? (isKey ? "''" : "") : `${value}`;
    const chance = random();
    if (/^[\w/${}.-]+$/.test(value) && chance < 0.6) return value;
    return chance < 0.8 || /\n/.test(value) ? JSON.stringify(value) : `'${value.replaceAll("'", "''")}'`;
  }
}

const SPLINTERS = [
  "",
  "\t",
  "\0",
  '"',
  "'",
  "[",
  "}",
  ": ",
  "- ",
  "\n",
  "*a0",
  "&a0 ",
  "<<: ",
  "\u2028",
  "\uD800",
  "${",
  "---\n",
  ...["\n", "\r", " ", "\t", "# ", "a", '"', "'", "${", "$${a}", "${env.NUMBER}", "- ", "? "].map((run) =>
    run.repeat(200)
  ),
];

/** Cuts something out of a text, or puts something in. */
function damage(text: string, random: () => number): string {
  const at = Math.floor(random() * text.length);
  const cut = Math.floor(random() * 4);
  return text.slice(0, at) + (SPLINTERS[Math.floor(random() * SPLINTERS.length)] ?? "") + text.slice(at + cut);
}
