/**
 * Declarations of macros, globally and per model (spec §2.4).
 *
 * @module
 */

import { type Complain, type MacroValue, markLiterals } from "./expansion.ts";
import type { Findings } from "./findings.ts";
import type { ConfigPath } from "./issues.ts";
import { allDigits, isInexact } from "./numbers.ts";
import { isTree } from "./tree.ts";
import { entriesAsWritten, type WrittenSource } from "./written.ts";

const MAX_NAME_LENGTH = 63;
const RESERVED: ReadonlySet<string> = new Set(["PID", "PORT", "MODEL_ID"]);

/** What {@link readMacros} needs besides the mapping. */
export interface MacrosContext {
  /** What messages begin with, such as `model x: `. */
  readonly owner: string;
  /** Takes warnings. */
  readonly findings: Findings;
  /** Takes problems. */
  readonly complain: Complain;
  /** Looks up what the author wrote. */
  readonly source: WrittenSource;
}

/** Reads one `macros` mapping, in the order in which it is written; problems are complained about and left out. */
export function readMacros(
  node: unknown,
  path: ConfigPath,
  { owner, findings, complain, source }: MacrosContext,
): ReadonlyMap<string, MacroValue> {
  const macros = new Map<string, MacroValue>();
  if (node === undefined || node === null) return macros;
  if (!isTree(node)) {
    complain(path, `${owner}macros must be a mapping`, { hides: "macro" });
    return macros;
  }
  for (const [name, value] of entriesAsWritten(node, path, source)) {
    const fault = faultOf(name, value);
    if (fault !== null) complain([...path, name], owner + fault);
    else if (typeof value === "string") macros.set(name, markLiterals(value));
    else if (isInexact(value)) macros.set(name, keepDigits(value, [...path, name], { findings, source }));
    else if (typeof value === "number" || typeof value === "boolean") macros.set(name, value);
  }
  return macros;
}

/** A command line gets all digits of a number. */
function keepDigits(
  value: number,
  path: ConfigPath,
  { findings, source }: Pick<MacrosContext, "findings" | "source">,
): MacroValue {
  const digits = allDigits(value, source.written(path));
  if (digits === undefined || digits === String(value)) return value;
  const message = "Larger than a number that keeps all its digits: it is kept as text; quote it to be sure";
  findings.warning({ path, message });
  return digits;
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
