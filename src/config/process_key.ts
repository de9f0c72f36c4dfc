/**
 * What the process of a model is made of, whatever way it is written: a change of anything else takes effect without a new
 * process.
 *
 * @module
 */

import { type Platform, splitCommand } from "./command.ts";
import { modelSchema } from "./schema/model.ts";
import { isTree, type Tree } from "./tree.ts";

const { env: ENV, permissions: PERMISSIONS, checkEndpoint: CHECK_ENDPOINT } = modelSchema.shape;

/**
 * Stands for the port, which is not known yet: a character for private use, which no config needs. It is taken as a digit
 * would be, which a dollar sign after a backslash is not.
 */
const PORT = "\uF7F3";
const PORT_OF_URL = new RegExp(`^(https?://[^/?#:]+:)${PORT}`, "i");

/**
 * One text for the process of a model, from its settings after macros and before its port, which nothing has judged yet.
 * Two configs that can be used have the same text only where they start the same process and reach it in the same way.
 */
export function processKeyOf(expanded: Tree, platform: Platform): string {
  const isWorker = given(expanded.worker);
  const symbolic = (key: string) => withPort(expanded[key]);
  return JSON.stringify({
    cmd: wordsOf(symbolic("cmd"), platform),
    worker: wordsOf(symbolic("worker"), platform),
    permissions: isWorker ? grantsOf(symbolic("permissions")) : null,
    env: variablesOf(symbolic("env")),
    proxy: symbolic("proxy") ?? (isWorker ? `http://127.0.0.1:${PORT}` : null),
    checkEndpoint: probeOf(symbolic("checkEndpoint")),
  });
}

function given(node: unknown): boolean {
  return node !== undefined && node !== null;
}

/** The node with the port in its texts. */
function withPort(node: unknown): unknown {
  if (typeof node === "string") return node.replaceAll("${PORT}", PORT);
  if (Array.isArray(node)) return node.map(withPort);
  if (!isTree(node)) return node ?? undefined;
  // The order of keys in a mapping means nothing.
  return Object.fromEntries(Object.keys(node).sort().map((key) => [key, withPort(node[key])]));
}

function wordsOf(node: unknown, platform: Platform): unknown {
  if (typeof node !== "string") return node ?? null;
  try {
    return splitCommand(node, platform);
  } catch {
    return node;
  }
}

/** What is granted, each permission with its values in order; what grants nothing is left out. */
function grantsOf(node: unknown): unknown {
  const parsed = PERMISSIONS.safeParse(node);
  if (!parsed.success) return node;
  return Object.entries(parsed.data ?? {}).flatMap(([name, grant]) => {
    const values = Array.isArray(grant) ? [...grant].sort() : grant;
    return values === true || (Array.isArray(values) && values.length > 0) ? [[name, values]] : [];
  }).sort(([a], [b]) => String(a) < String(b) ? -1 : 1);
}

/** The variables that reach the process, by name; the last entry of a name wins. */
function variablesOf(node: unknown): unknown {
  const parsed = ENV.safeParse(node);
  if (!parsed.success) return node;
  const values = new Map<string, string>();
  for (const entry of parsed.data) {
    const equals = entry.indexOf("=");
    if (equals > 0) values.set(entry.slice(0, equals), entry.slice(equals + 1));
  }
  return [...values].sort(([a], [b]) => a < b ? -1 : 1);
}

/** The path that is asked; `null` = none. */
function probeOf(node: unknown): unknown {
  const parsed = CHECK_ENDPOINT.safeParse(node);
  if (!parsed.success) return node;
  const endpoint = parsed.data.trim();
  if (endpoint === "none") return null;
  const url = URL.parse(endpoint.replace(PORT_OF_URL, "$11"));
  if (/^https?:\/\//i.test(endpoint) && url !== null) return url.pathname + url.search;
  return endpoint.startsWith("/") ? endpoint : `/${endpoint}`;
}
