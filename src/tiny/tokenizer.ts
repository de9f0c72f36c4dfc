/**
 * Text to tokens and back: words with their leading space, numbers and punctuation, so that joining tokens gives the text again.
 *
 * @module
 */

/** The token that ends a text. It is never part of an answer. */
export const END = "\u0003";

const PATTERN = / ?[\p{L}\p{M}]+(?:['’\-][\p{L}\p{M}]+)*| ?\p{N}+| ?[^\s\p{L}\p{N}]|\s+?(?= ?\S)|\s+/gu;

/** Splits `text` into tokens; `tokenize(text).join("")` is `text`. */
export function tokenize(text: string): string[] {
  return text.match(PATTERN) ?? [];
}

/** Splits a training text into paragraphs at empty lines, each without line breaks. */
export function paragraphs(text: string): string[] {
  return text.split(/\n\s*\n/).map((part) => part.replace(/\s+/g, " ").trim()).filter((part) => part !== "");
}

/** The words of `text` in lower case, without punctuation: what embeddings are made of. */
export function words(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}
