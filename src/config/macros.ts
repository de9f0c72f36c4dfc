/**
 * Declarations of macros, globally and per model (spec §2.4).
 *
 * @module
 */

import type { Complain, MacroValue } from "./expansion.ts";
import type { ConfigPath } from "./issues.ts";
import { isTree } from "./tree.ts";

const MAX_NAME_LENGTH = 63;
const RESERVED: ReadonlySet<string> = new Set(["PID", "PORT", "MODEL_ID"]);

/** Reads one `macros` mapping; problems are complained about and left out. `owner` prefixes messages (`model x: `). */
export function readMacros(
  node: unknown,
  path: ConfigPath,
  owner: string,
  complain: Complain,
): ReadonlyMap<string, MacroValue> {
  const macros = new Map<string, MacroValue>();
  if (node === undefined || node === null) return macros;
  if (!isTree(node)) {
    complain(path, `${owner}macros must be a mapping`, { hides: "macro" });
    return macros;
  }
  for (const [name, value] of Object.entries(node)) {
    const fault = faultOf(name, value);
    if (fault !== null) complain([...path, name], owner + fault, isName(name) ? { hides: "macro" } : {});
    else if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
      macros.set(name, value);
    }
  }
  return macros;
}

/** Whether a placeholder could mean a macro of this name. */
function isName(name: string): boolean {
  return name.length <= MAX_NAME_LENGTH && /^[A-Za-z0-9_-]+$/.test(name) && !RESERVED.has(name);
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
