/**
 * Which names speak of secrets.
 *
 * @module
 */

/** Longer texts name nothing. */
const MAX_LENGTH = 256;

const SECRET_WORDS: ReadonlySet<string> = new Set([
  "token",
  "credential",
  "credentials",
  "authorization",
  "bearer",
  // The short form of llama.cpp's --hf-token.
  "hft",
]);
const LAST_WORDS: ReadonlySet<string> = new Set(["key", "keys", "auth", "pwd"]);

/** Whether what is named so is probably secret: `HF_TOKEN`, `--api-key`, `dbPassword`, but not `--max-tokens`. */
export function isSecretName(name: string): boolean {
  if (name.length > MAX_LENGTH) return false;
  const words = name.replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase().split(/[^a-z0-9]+/);
  return words.some((word) => SECRET_WORDS.has(word) || /secret|passw|passphrase|apikey/.test(word)) ||
    LAST_WORDS.has(words.at(-1) ?? "");
}
