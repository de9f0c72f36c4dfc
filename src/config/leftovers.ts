/**
 * Placeholders that no macro replaced (spec §2.6). `$${name}` is how a literal `${name}` is written: llama-swap refuses
 * that text for a name that is no macro, so that no config of it changes its meaning.
 *
 * @module
 */

import { type Complain, unmark } from "./expansion.ts";
import { type ConfigPath, joinPath } from "./issues.ts";
import { mapStrings } from "./tree.ts";

const ENV_PLACEHOLDER = /\$\{env\.([A-Za-z_][A-Za-z0-9_]*)\}/;

const DIRECT_FIELDS: ReadonlySet<string> = new Set([
  "cmd",
  "cmdStop",
  "proxy",
  "checkEndpoint",
  "name",
  "description",
  "worker",
]);

/** Complains about every placeholder left below a model, and unescapes; `${PID}` may stay in `cmdStop`. */
export function settleModel(node: unknown, id: string, complain: Complain): unknown {
  const shown = joinPath([id]);
  return mapStrings(node, (text, path) => {
    const field = path.slice(2);
    return settle(text, path, complain, (name) => {
      if (name === "PID" && field[0] === "cmdStop") return null;
      const known = name === "PORT" || name === "MODEL_ID";
      if (isDirect(field)) {
        const what = known ? `macro '\${${name}}' should have been substituted` : `unknown macro '\${${name}}' found`;
        return `${what} in ${joinPath([shown, ...field])}`;
      }
      const section = field[0] === "capabilities" || field[0] === "metadata" ? field[0] : joinPath(field);
      return `model ${shown} ${section}: unknown macro '\${${name}}'`;
    });
  }, ["models", id]);
}

/** Complains about every placeholder left below a top-level key other than `models`, and unescapes. */
export function settleTop(node: unknown, path: ConfigPath, complain: Complain): unknown {
  return mapStrings(node, (text, at) => settle(text, at, complain, (name) => `unknown macro '\${${name}}'`), path);
}

function isDirect(field: ConfigPath): boolean {
  return field.length === 1 && DIRECT_FIELDS.has(String(field[0])) ||
    field[0] === "filters" && (field[1] === "stripParams" || field[1] === "strip_params");
}

/** `fault` says what is wrong with a name that is left; `null` = nothing. */
function settle(text: string, path: ConfigPath, complain: Complain, fault: (name: string) => string | null): string {
  const variable = text.includes("${") ? ENV_PLACEHOLDER.exec(text)?.[1] : undefined;
  if (variable !== undefined) complain(path, `environment variable '${variable}' not set`);
  const told = new Set<string>();
  return unmark(text, (placeholder, name, literal) => {
    const message = fault(name);
    if (message === null) return literal ? "$" + placeholder : placeholder;
    if (!literal && !told.has(name)) complain(path, message, { refersTo: "macro", token: placeholder });
    if (!literal) told.add(name);
    return placeholder;
  });
}
