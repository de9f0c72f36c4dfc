/**
 * Words as Windows programs read them from their command line (spec §2.9.13–14).
 *
 * @module
 */

/** What separates words; a carriage return does, too. */
const SPACE: ReadonlySet<string> = new Set([" ", "\t", "\r", "\n"]);

/**
 * Splits a text into words: only double quotes quote, and a backslash is one unless a double quote follows its run. Then two
 * give one, and one that is left over makes the quote a character. `""` between quotes is a quote, too.
 */
export function splitWindowsWords(text: string, onOpenQuote: () => void): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i);
    if (char === "\\") {
      const run = backslashesAt(text, i);
      const beforeQuote = text.charAt(i + run) === '"';
      const isLiteral = beforeQuote && run % 2 === 1;
      word = (word ?? "") + "\\".repeat(beforeQuote ? run >> 1 : run) + (isLiteral ? '"' : "");
      i += isLiteral ? run : run - 1;
    } else if (char === '"') {
      word ??= "";
      if (quoted && text.charAt(i + 1) === '"') {
        word += char;
        i++;
      } else quoted = !quoted;
    } else if (!quoted && SPACE.has(char)) {
      if (word !== null) words.push(word);
      word = null;
    } else word = (word ?? "") + char;
  }
  if (quoted) onOpenQuote();
  if (word !== null) words.push(word);
  return words;
}

function backslashesAt(text: string, from: number): number {
  let end = from;
  while (text.charAt(end) === "\\") end++;
  return end - from;
}
