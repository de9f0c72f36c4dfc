/**
 * Macros in texts: `${name}` becomes what it stands for, in one pass from the last macro to the first (spec §2.4).
 *
 * @module
 */

import type { Finding, Findings } from "./findings.ts";
import type { ConfigPath } from "./issues.ts";
import { mapStrings } from "./tree.ts";

/** What a macro may stand for. */
export type MacroValue = string | number | boolean;

/** Macros that a text sees, in an order: each may use those before it. */
export type Macros = ReadonlyMap<string, MacroValue> | MacroScope;

/** Macros of several blocks, looked up without joining the blocks. */
export interface MacroScope {
  /** The macro of this name and its place in the order; `undefined` when there is none. */
  find(name: string): PlacedMacro | undefined;
  /** More than the place of any macro. */
  readonly size: number;
}

/** A macro with its place in an order. */
export interface PlacedMacro {
  /** Later ones are expanded first. */
  readonly place: number;
  /** What it stands for. */
  readonly value: MacroValue;
}

/** Called with what is wrong and where. */
export interface Complain {
  /** Tells a problem. */
  (path: ConfigPath, message: string, more?: Pick<Finding, "refersTo" | "hides" | "token" | "isLost">): void;
  /** Takes characters from what all expansions together may write; false when nothing is left. */
  readonly spend?: (characters: number) => boolean;
}

/** An expansion larger than this is a bomb, not a command line. */
const MAX_TEXT_LENGTH = 1024 * 1024;
/** All expansions of a config together: 500 models with long command lines write less than a hundredth. */
const MAX_WRITTEN = 32 * 1024 * 1024;
/** What a step costs besides the text. */
const STEP = 64;
const PLACEHOLDER = /\$\{([A-Za-z0-9_-]+)\}/g;

/** What all expansions together may write. */
export function createBudget(): (characters: number) => boolean {
  let left = MAX_WRITTEN;
  return (characters) => (left -= characters) >= 0;
}

/** Complaints as problems of a config, with a budget for everything that is expanded under them. */
export function complainTo(findings: Findings, spend: (characters: number) => boolean = createBudget()): Complain {
  return Object.assign(
    (path: ConfigPath, message: string, more?: Pick<Finding, "refersTo" | "hides" | "token" | "isLost">) =>
      findings.problem({ path, message, ...more }),
    { spend },
  );
}

/** The macros that a model sees: `MODEL_ID`, the globals (overridden in place), then its own. */
export function mergeMacros(id: string, globals: Macros, own: Macros): Macros {
  const [outer, inner] = [scopeOf(globals), scopeOf(own)];
  return {
    size: 1 + outer.size + inner.size,
    find(name) {
      if (name === "MODEL_ID") return { place: 0, value: id };
      const [global, mine] = [outer.find(name), inner.find(name)];
      if (mine === undefined) return global && { place: 1 + global.place, value: global.value };
      return { place: global === undefined ? 1 + outer.size + mine.place : 1 + global.place, value: mine.value };
    },
  };
}

/** Behind a dollar sign that its author wrote before a placeholder: a character for private use, which no config needs. */
const MARK = "\uF7F2";

/**
 * Marks each `$${name}` of a text as it was written: only such a one can be a literal, none that expansion brings together.
 * {@link unmark} takes the marks away.
 */
export function markLiterals(text: string): string {
  return text.includes("$${") ? text.replaceAll(/\$(?=\$\{[A-Za-z0-9_-]+\})/g, `$$${MARK}`) : text;
}

/** A text without marks; `settle` is asked what becomes of each placeholder that is left, and whether it was written as a literal. */
export function unmark(text: string, settle: (placeholder: string, name: string, literal: boolean) => string): string {
  if (!text.includes("${") && !text.includes(MARK)) return text;
  return text.replaceAll(
    MARKED,
    (_, mark: string | undefined, placeholder: string | undefined, name: string) =>
      placeholder === undefined ? "$" : settle(placeholder, name, mark !== undefined),
  );
}

const MARKED = new RegExp(`(\\$${MARK})?(\\$\\{([A-Za-z0-9_-]+)\\})|\\$${MARK}`, "g");

/**
 * Expands macros in every text below `node`, as it stands in the config; marks of literals stay in it. A text that is one
 * placeholder becomes the macro's typed value.
 */
export function expandMacros(node: unknown, macros: Macros, path: ConfigPath, complain: Complain): unknown {
  return expandTexts(node, path, { scope: scopeOf(macros), complain, begin: markLiterals });
}

/** Expands more macros in texts that were expanded before. */
export function expandFurther(node: unknown, macros: Macros, path: ConfigPath, complain: Complain): unknown {
  return expandTexts(node, path, { scope: scopeOf(macros), complain, begin: (text) => text });
}

interface Expansion {
  readonly scope: MacroScope;
  readonly complain: Complain;
  readonly begin: (text: string) => string;
}

function expandTexts(node: unknown, path: ConfigPath, { scope, complain, begin }: Expansion): unknown {
  return mapStrings(node, (text, at) => {
    const expanded = text.includes("${") ? expandText(begin(text), scope, complain) : text;
    if (expanded !== null) return expanded;
    complain(
      at,
      `with the macros used here this comes to more than ${MAX_TEXT_LENGTH} characters, or all texts to too much altogether`,
      {
        isLost: true,
      },
    );
    return "";
  }, path);
}

/** `null` when it comes to more than is allowed. */
function expandText(text: string, scope: MacroScope, { spend }: Complain): MacroValue | null {
  let current = text;
  let before = scope.size;
  for (;;) {
    const next = lastMacroIn(current, scope, before);
    if (next === null) return current;
    if (current === next.placeholder) {
      if (typeof next.value !== "string") return next.value;
      current = next.value;
    } else {
      const parts = current.split(next.placeholder);
      const value = String(next.value);
      const length = current.length + (parts.length - 1) * (value.length - next.placeholder.length);
      if (length > MAX_TEXT_LENGTH || spend?.(length) === false) return null;
      current = parts.join(value);
    }
    if (spend?.(STEP) === false) return null;
    before = next.place;
  }
}

/** The macro with the last place below `before` that a text uses. */
function lastMacroIn(text: string, scope: MacroScope, before: number): PlacedMacro & { placeholder: string } | null {
  let last: PlacedMacro & { placeholder: string } | null = null;
  for (const match of text.matchAll(PLACEHOLDER)) {
    const macro = scope.find(match[1] ?? "");
    if (macro !== undefined && macro.place < before && macro.place > (last?.place ?? -1)) {
      last = { ...macro, placeholder: match[0] };
    }
  }
  return last;
}

const scopes = new WeakMap<object, MacroScope>();

function scopeOf(macros: Macros): MacroScope {
  if ("find" in macros) return macros;
  const known = scopes.get(macros);
  if (known !== undefined) return known;
  const placed = new Map(Array.from(macros, ([name, value], place) => [name, { place, value }]));
  const scope = { size: placed.size, find: (name: string) => placed.get(name) };
  scopes.set(macros, scope);
  return scope;
}

/** Whether a text uses the macro of this name. */
export function usesPlaceholder(node: unknown, name: string): boolean {
  return typeof node === "string" && node.includes(`\${${name}}`);
}
