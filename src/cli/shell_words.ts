/**
 * Words as a POSIX shell reads them.
 *
 * @module
 */

/** Writes a word so that a shell reads exactly it. */
export function quoteWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** Writes words on one line. */
export function quoteWords(words: readonly string[]): string {
  return words.map(quoteWord).join(" ");
}

/** Writes words over several lines that a shell reads as one: a flag and its value share a line. */
export function quoteLines(words: readonly string[]): string {
  const lines: string[] = [];
  words.forEach((word, i) => {
    const flag = words[i - 1]?.startsWith("-") && !words[i - 1]?.includes("=") && !word.startsWith("-");
    if (flag) lines.push(`${lines.pop()} ${quoteWord(word)}`);
    else lines.push(quoteWord(word));
  });
  return lines.join(" \\\n  ");
}
