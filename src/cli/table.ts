/**
 * Tables for people.
 *
 * @module
 */

/** Sets rows under a head in columns; the head is bold where colour is wanted. */
export function formatTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  { color }: { readonly color: boolean },
): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]) => cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ").trimEnd();
  const title = color ? `\x1b[1m${line(head)}\x1b[0m` : line(head);
  return [title, ...rows.map(line)].join("\n");
}
