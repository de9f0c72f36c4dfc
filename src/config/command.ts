/**
 * Command lines as configs write them: POSIX words without a shell, with comments and continuation lines (spec §2.9).
 *
 * @module
 */

/** Drops the lines whose first visible character is `#`; blank lines stay. */
export function stripComments(text: string): string {
  if (!text.includes("#")) return text;
  return text.split("\n").filter((line) => !line.trimStart().startsWith("#")).join("\n");
}

/** Whether a line that goes as a comment stands between quotes: it was rarely meant as one. */
export function dropsQuotedLine(text: string): boolean {
  if (!text.includes("#")) return false;
  let quote: string | null = null;
  for (const line of text.split("\n")) {
    if (!line.trimStart().startsWith("#")) quote = quoteAfter(line, quote);
    else if (quote !== null) return true;
  }
  return false;
}

function quoteAfter(line: string, before: string | null): string | null {
  let quote = before;
  for (let i = 0; i < line.length; i++) {
    const char = line.charAt(i);
    if (char === "\\" && quote !== "'") i++;
    else if (quote === null ? char === "'" || char === '"' : char === quote) quote = quote === null ? char : null;
  }
  return quote;
}

/**
 * Splits a command into its words. No variable, glob, pipe or redirect is interpreted: the first word is the program.
 *
 * @throws {RangeError} `empty command` when there is no word.
 */
export function splitCommand(text: string): string[] {
  const words = splitWords(joinContinuations(stripComments(text)));
  if (words.length === 0) throw new RangeError("empty command");
  return words;
}

/** Whether a quote is still open at the end: llama-swap accepts that, its author rarely meant it. */
export function hasOpenQuote(text: string): boolean {
  let open = false;
  splitWords(joinContinuations(stripComments(text)), () => open = true);
  return open;
}

/** A line that ends in a backslash continues: the backslash becomes a space and the line is trimmed. */
function joinContinuations(text: string): string {
  return text.split("\n").map((line) => {
    const trimmed = line.trim();
    return trimmed.endsWith("\\") ? trimmed.slice(0, -1) + " " : line;
  }).join("\n");
}

function splitWords(text: string, onOpenQuote: () => void = () => {}): string[] {
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
