/**
 * Keeps secrets out of what is printed: values that are secret by their place, by the name before them, or because they
 * are known to be a secret from elsewhere.
 *
 * @module
 */

import type { Config } from "../config/types.ts";

/** What stands where a secret stood. */
export const REDACTED = "***";

/** Shorter values are not looked for everywhere: they would be found inside innocent words. */
const MIN_KNOWN_LENGTH = 4;

/** Values with a name before them, in a shell's line or in JSON: everything before the value, with the name in it. */
const NAMED_VALUES = [
  /(?<![\w-])(-{0,2}([A-Za-z][\w-]*)=)(?:"[^"]*"|'[^']*'|[^\s"']+)/g,
  /(?<!\S)(--?([A-Za-z][\w-]*)\s+)(?:"[^"]*"|'[^']*'|[^\s"'-][^\s"']*)/g,
  /("([\w-]+)"\s*:\s*)"[^"]*"/g,
];

/** Hides secrets. */
export interface Redactor {
  /** In any text. */
  text(text: string): string;
  /** In the words of a command: also the word after a flag that is named like a secret. */
  words(words: readonly string[]): string[];
  /** In an entry `NAME=value`. */
  env(entry: string): string;
}

/** Makes the redactor for a config. `environment` is what the config's `${env.NAME}` read. */
export function createRedactor(config: Config, environment: ReadonlyMap<string, string>): Redactor {
  const known = knownSecrets(config, environment);
  const text = (plain: string) => {
    let hidden = plain;
    for (const secret of known) hidden = hidden.replaceAll(secret, REDACTED);
    hidden = hidden
      .replaceAll(/([a-z][a-z0-9+.-]*:\/\/)[^\s/@"']+@/gi, `$1${REDACTED}@`)
      .replaceAll(/\b(bearer|basic)\s+[^\s"']+/gi, `$1 ${REDACTED}`);
    for (const pattern of NAMED_VALUES) {
      hidden = hidden.replaceAll(
        pattern,
        (all, head: string, name: string) => isSecretName(name) ? head + REDACTED : all,
      );
    }
    return hidden;
  };
  return {
    text,
    words: (words) =>
      words.map((word, i) => {
        const before = /^--?([\w-]+)$/.exec(words[i - 1] ?? "")?.[1];
        return before !== undefined && isSecretName(before) && !/^--?[A-Za-z]/.test(word) ? REDACTED : text(word);
      }),
    env: (entry) => {
      const name = entry.slice(0, entry.indexOf("="));
      return isSecretName(name) ? `${name}=${REDACTED}` : text(entry);
    },
  };
}

/** Whether what is named so is probably secret: `HF_TOKEN`, `--api-key`, `dbPassword`, but not `--max-tokens`. */
export function isSecretName(name: string): boolean {
  const words = name.replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase().split(/[^a-z0-9]+/);
  const last = words.at(-1) ?? "";
  return words.some((word) => SECRET_WORDS.has(word) || /secret|passw|passphrase|apikey/.test(word)) ||
    ["key", "keys", "auth", "pwd"].includes(last);
}

const SECRET_WORDS = new Set(["token", "credential", "credentials", "authorization", "bearer"]);

/** Longest first, so that no secret leaves the rest of another one standing. */
function knownSecrets(config: Config, environment: ReadonlyMap<string, string>): readonly string[] {
  const secrets = new Set<string>(config.apiKeys);
  for (const peer of config.peers.values()) if (peer.apiKey !== null) secrets.add(peer.apiKey);
  for (const [name, value] of environment) if (isSecretName(name)) secrets.add(value);
  for (const { env } of config.models.values()) {
    for (const entry of env) {
      const equals = entry.indexOf("=");
      if (isSecretName(entry.slice(0, equals))) secrets.add(entry.slice(equals + 1));
    }
  }
  return [...secrets].filter((secret) => secret.length >= MIN_KNOWN_LENGTH).sort((a, b) => b.length - a.length);
}
