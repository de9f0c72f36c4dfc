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

/** The path without empty and dot segments; one slash at its end stays. */
export function cleanPath(path: string): string {
  const kept: string[] = [];
  const segments = path.split("/");
  for (const segment of segments) {
    if (segment === "..") kept.pop();
    else if (segment !== "" && segment !== ".") kept.push(segment);
  }
  const isFolder = kept.length > 0 && ["", ".", ".."].includes(segments.at(-1) ?? "");
  return `/${kept.join("/")}${isFolder ? "/" : ""}`;
}

/** What ends a host, or is none: one with a path in it would choose the route. */
const NO_HOST = /^$|[\s,/?#\\@]/;

/** Whether a Host header, which the runtime puts into the URL as it is, can be a host and a port. */
export function isHost(text: string): boolean {
  return !NO_HOST.test(text);
}
