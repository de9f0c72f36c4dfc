/**
 * Which places of a config hold what no message may show.
 *
 * @module
 */

import { type ConfigPath, describeKind, describeValue } from "./issues.ts";

/** What is said about a key of `apiKeys` besides the key itself. */
const PUBLIC_OF_KEY: ReadonlySet<string | number | undefined> = new Set(["name", "scopes", "models", "maxOpen"]);

/** Whether the text at this path must not be shown in a message. */
export function isSecret(path: ConfigPath): boolean {
  return (path[0] === "apiKeys" && !(path.length > 2 && PUBLIC_OF_KEY.has(path[2]))) ||
    (path[0] === "peers" && (path.length === 2 || path[2] === "apiKey" || path[2] === "filters")) ||
    (path[0] === "models" && (path[2] === "env" || path[2] === "filters"));
}

/** Names a value that stands at a path, and shows it where that may be. */
export function describeAt(path: ConfigPath, value: unknown): string {
  return isSecret(path) ? describeKind(value) : describeValue(value);
}
