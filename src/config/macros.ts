/**
 * Macros: `${name}` in texts, declared globally and per model, expanded in one pass from last to first (spec §2.4).
 *
 * @module
 */

import type { ConfigPath } from "./issues.ts";
import { isTree, mapStrings } from "./tree.ts";

/** What a macro may stand for. */
export type MacroValue = string | number | boolean;

/** Macros in order: each may use those before it. */
export type Macros = ReadonlyMap<string, MacroValue>;

/** Called with what is wrong and where. */
export type Complain = (path: ConfigPath, message: string) => void;

const MAX_NAME_LENGTH = 63;
/** An expansion larger than this is a bomb, not a command line. */
const MAX_TEXT_LENGTH = 1024 * 1024;
const RESERVED: ReadonlySet<string> = new Set(["PID", "PORT", "MODEL_ID"]);
const PLACEHOLDER = /\$\{([A-Za-z0-9_-]+)\}/g;
const ENV_PLACEHOLDER = /\$\{env\.([A-Za-z_][A-Za-z0-9_]*)\}/;

/** Reads one `macros` mapping; problems are complained about and left out. `owner` prefixes messages (`model x: `). */
export function readMacros(node: unknown, path: ConfigPath, owner: string, complain: Complain): Macros {
  const macros = new Map<string, MacroValue>();
  if (node === undefined || node === null) return macros;
  if (!isTree(node)) {
    complain(path, `${owner}macros must be a mapping`);
    return macros;
  }
  for (const [name, value] of Object.entries(node)) {
    const fault = faultOf(name, value);
    if (fault !== null) complain([...path, name], owner + fault);
    else if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
      macros.set(name, value);
    }
  }
  return macros;
}

function faultOf(name: string, value: unknown): string | null {
  const shown = name.length > 80 ? name.slice(0, 80) + "…" : name;
  if (name.length > MAX_NAME_LENGTH) {
    return `macro name '${shown}' exceeds maximum length of ${MAX_NAME_LENGTH} characters`;
  }
  if (!/^[A-Za-z0-9_-]+$/.test(name)) {
    return `macro name '${shown}' contains invalid characters (letters, digits, _ and - are allowed)`;
  }
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") {
    return `macro '${shown}': value must be a scalar type (string, int, float or bool)`;
  }
  if (typeof value === "string" && value.includes(`\${${name}}`)) return `macro '${shown}' contains self-reference`;
  return RESERVED.has(name) ? `macro name '${shown}' is reserved` : null;
}

/** The macros that a model sees: `MODEL_ID`, the globals (overridden in place), then its own. */
export function mergeMacros(id: string, globals: Macros, own: Macros): Macros {
  return new Map<string, MacroValue>([["MODEL_ID", id], ...globals, ...own]);
}

/** Expands macros in every text below `node`. A text that is one placeholder becomes the macro's typed value. */
export function expandMacros(node: unknown, macros: Macros, path: ConfigPath, complain: Complain): unknown {
  const lastToFirst = [...macros].reverse().map(([name, value]) => ({ placeholder: `\${${name}}`, value }));
  return mapStrings(node, (text, at) => {
    let current: unknown = text;
    for (const { placeholder, value } of lastToFirst) {
      if (typeof current !== "string" || !current.includes("${")) break;
      if (current === placeholder) current = value;
      else if (current.includes(placeholder)) {
        const expanded = bounded(current, placeholder, String(value));
        if (expanded === null) {
          complain(at, `the macros used here expand to more than ${MAX_TEXT_LENGTH} characters`);
          return text.slice(0, 0);
        }
        current = expanded;
      }
    }
    return current;
  }, path);
}

function bounded(text: string, placeholder: string, value: string): string | null {
  const parts = text.split(placeholder);
  const length = text.length + (parts.length - 1) * (value.length - placeholder.length);
  return length > MAX_TEXT_LENGTH ? null : parts.join(value);
}

/** Whether a placeholder is left anywhere below `node`. */
export function usesPlaceholder(node: unknown, name: string): boolean {
  return typeof node === "string" && node.includes(`\${${name}}`);
}

const DIRECT_FIELDS: ReadonlySet<string> = new Set([
  "cmd",
  "cmdStop",
  "proxy",
  "checkEndpoint",
  "name",
  "description",
  "worker",
]);

/** Complains about every placeholder left below a model (spec §2.6); `${PID}` may stay in `cmdStop`. */
export function rejectLeftoversInModel(node: unknown, id: string, complain: Complain): void {
  mapStrings(node, (text, path) => {
    const field = path.slice(2);
    const direct = field.length === 1 && DIRECT_FIELDS.has(String(field[0])) ||
      field[0] === "filters" && (field[1] === "stripParams" || field[1] === "strip_params");
    for (const match of text.matchAll(PLACEHOLDER)) {
      const name = match[1] ?? "";
      if (name === "PID" && field[0] === "cmdStop") continue;
      const known = name === "PORT" || name === "MODEL_ID";
      const what = direct && known ? `macro '\${${name}}' should have been substituted` : `unknown macro '\${${name}}'`;
      if (direct) complain(path, `${what}${known ? "" : " found"} in ${id}.${field.join(".")}`);
      else if (field[0] === "capabilities" || field[0] === "metadata") {
        complain(path, `model ${id} ${field[0]}: ${what}`);
      } else complain(path, `model ${id} ${field.join(".")}: ${what}`);
    }
    rejectEnvironment(text, path, complain);
    return text;
  }, ["models", id]);
}

/** Complains about every placeholder left below a top-level key other than `models`. */
export function rejectLeftovers(node: unknown, path: ConfigPath, complain: Complain): void {
  mapStrings(node, (text, at) => {
    for (const match of text.matchAll(PLACEHOLDER)) complain(at, `unknown macro '\${${match[1] ?? ""}}'`);
    rejectEnvironment(text, at, complain);
    return text;
  }, path);
}

function rejectEnvironment(text: string, path: ConfigPath, complain: Complain): void {
  const name = ENV_PLACEHOLDER.exec(text)?.[1];
  if (name !== undefined) complain(path, `environment variable '${name}' not set`);
}
