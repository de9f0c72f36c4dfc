/**
 * The parts of a request's URL, cut out of the text: a URL object costs more than a small request can spare. Pure.
 *
 * @module
 */

/** The path as it came, percent-encoding included. */
export function pathOf(url: string): string {
  const from = url.indexOf("/", url.indexOf("://") + 3);
  if (from < 0) return "/";
  const mark = url.indexOf("?", from);
  return mark < 0 ? url.slice(from) : url.slice(from, mark);
}

/** The query with its question mark; empty when there is none. */
export function queryOf(url: string): string {
  const mark = url.indexOf("?");
  return mark < 0 ? "" : url.slice(mark);
}
