/**
 * Words as a POSIX shell reads them, without anything that a shell replaces (spec §2.9.7–12).
 *
 * @module
 */

/** Splits a text into words; backslashes escape, both kinds of quotes quote, and one that stays open runs to the end. */
export function splitPosixWords(text: string, onOpenQuote: () => void): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote: "'" | '"' | null = null;
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i);
    const next = text.charAt(i + 1);
    if (quote === "'") {
      if (char === "'") quote = null;
      else word += char;
    } else if (quote === '"') {
      if (char === '"') quote = null;
      else if (char === "\\" && next !== "" && '$`"\\\n'.includes(next)) {
        if (next !== "\n") word += next;
        i++;
      } else word += char;
    } else if (char === " " || char === "\t" || char === "\n") {
      if (word !== null) words.push(word);
      word = null;
    } else if (char === "'" || char === '"') {
      quote = char;
      word ??= "";
    } else if (char === "\\") {
      if (next !== "" && next !== "\n") word = (word ?? "") + next;
      i++;
    } else {
      word = (word ?? "") + char;
    }
  }
  if (quote !== null) onOpenQuote();
  if (word !== null) words.push(word);
  return words;
}
