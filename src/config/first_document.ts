/**
 * The first YAML document of a text: the others are not read (spec §1.6.5).
 *
 * @module
 */

/** The first document and where another one begins that is left out. */
export interface FirstDocument {
  /** From the beginning of the text, so that offsets stay. */
  readonly text: string;
  /** Characters before a second document with content; `null` when there is none. */
  readonly secondAt: number | null;
}

const MARKER = /(?<=^|[\r\n])(?:---|\.\.\.)(?=[ \t\r\n]|$)/g;

/** Cuts a text where its first document ends. `---` and `...` at the beginning of a line end it wherever they stand. */
export function cutFirstDocument(text: string): FirstDocument {
  let begun = false;
  let from = 0;
  for (const match of text.matchAll(MARKER)) {
    const opens = match[0] === "---";
    const empty = !hasContent(text.slice(from, match.index), !begun);
    from = match.index + match[0].length;
    if (opens && !begun && empty) begun = true;
    else if (opens || begun || !empty) {
      const rest = text.slice(from).replaceAll(MARKER, "   ");
      return { text: text.slice(0, match.index), secondAt: hasContent(rest, true) ? match.index : null };
    }
  }
  return { text, secondAt: null };
}

/** Whether there is more than blank lines, comments and, where they may stand, directives. */
function hasContent(text: string, mayHoldDirectives: boolean): boolean {
  for (const line of text.split(/[\r\n]+/)) {
    const trimmed = line.trim();
    if (trimmed !== "" && !trimmed.startsWith("#") && !(mayHoldDirectives && line.startsWith("%"))) return true;
  }
  return false;
}
