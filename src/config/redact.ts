/**
 * Keeps secrets out of what is printed: values that are secret by their place, by the name before them, by how they begin,
 * or because they are known to be a secret from elsewhere.
 *
 * @module
 */

import { splitCommand } from "./command.ts";
import { createHider } from "./hiding.ts";
import type { Config } from "./types.ts";
import { hideNamed } from "./redact_named.ts";
import { isSecretName } from "./secret_names.ts";

/** What stands where a secret stood. */
export const REDACTED = "***";

/** Keys as the well-known services make them. */
const KEY_FORMS = /(?<![A-Za-z0-9])(?:sk-|hf_|gh[opsu]_|github_pat_)[\w-]{17,}/g;
/** The user and password of a URL, to the last sign that may end them. */
const CREDENTIALS = /(?<=[a-z0-9+.-]:\/\/)[^\s/"']+@/gi;
/** Values behind flags that are shorter are hidden there only. */
const MIN_NAMED = 8;
const SCHEMES = /\b(bearer|basic)(\s+)[^\s"']+/gi;

/** Hides secrets. */
export interface Redactor {
  /** In any text. */
  text(text: string): string;
  /** In the words of a command: also the word after a flag that is named like a secret. */
  words(words: readonly string[]): string[];
  /** In an entry `NAME=value`. */
  env(entry: string): string;
}

/** What is known of secrets besides the config. */
export interface KnownSecrets {
  /** What the config's `${env.NAME}` read. */
  readonly environment: ReadonlyMap<string, string>;
  /** What the macros stand for that are named like a secret. */
  readonly macros: readonly string[];
}

/** Makes the redactor for a config. */
export function createRedactor(config: Config, known: KnownSecrets): Redactor {
  const hideKnown = createHider({ shown: new Map(knownSecrets(config, known).map((secret) => [secret, REDACTED])) });
  const text = (plain: string) =>
    hideNamed(
      hideKnown(plain)
        .replaceAll(KEY_FORMS, REDACTED)
        .replaceAll(CREDENTIALS, `${REDACTED}@`)
        .replaceAll(SCHEMES, `$1$2${REDACTED}`),
      REDACTED,
    );
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

function knownSecrets(config: Config, { environment, macros }: KnownSecrets): readonly string[] {
  const secrets = new Set<string>([...config.apiKeys.map(({ key }) => key), ...macros]);
  for (const peer of config.peers.values()) if (peer.apiKey !== null) secrets.add(peer.apiKey);
  for (const [name, value] of environment) if (isSecretName(name)) secrets.add(value);
  for (const { env } of config.models.values()) {
    for (const entry of env) {
      const equals = entry.indexOf("=");
      if (isSecretName(entry.slice(0, equals))) secrets.add(entry.slice(equals + 1));
    }
  }
  for (const model of config.models.values()) {
    const stop = model.cmdStop === null ? [] : splitCommand(model.cmdStop);
    for (const words of [model.command, model.worker?.args ?? [], stop]) addNamed(words, secrets);
  }
  return [...secrets];
}

/** Adds what follows a flag that is named like a secret, in the next word or after `=`. */
function addNamed(words: readonly string[], secrets: Set<string>): void {
  words.forEach((word, i) => {
    const { name, value = words[i + 1] ?? "" } = /^--?(?<name>[\w-]+)(?:=(?<value>.*))?$/s.exec(word)?.groups ?? {};
    if (name === undefined || !isSecretName(name) || value.startsWith("-")) return;
    // A short or plain word would be found everywhere, and is no secret.
    if (value.length >= MIN_NAMED && /[0-9A-Z]/.test(value) && /[A-Za-z]/.test(value)) secrets.add(value);
  });
}
