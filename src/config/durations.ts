/**
 * Lengths of time as configs write them: `300ms`, `1m30s`, or a bare number of seconds.
 *
 * @module
 */

const UNITS_MS: ReadonlyMap<string, number> = new Map([
  ["ns", 1e-6],
  ["us", 1e-3],
  ["µs", 1e-3],
  ["μs", 1e-3],
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
]);

/** What {@link parseDuration} understands, for messages. */
export const DURATION_FORMS = 'seconds as a number, or a duration such as "90s", "1m30s" or "500ms"';

/**
 * Reads a length of time and returns it in milliseconds: a number is seconds, a text is a Go duration
 * (spec §2.2.6) or digits alone, again seconds. `null` for anything else and for what is negative.
 */
export function parseDuration(value: unknown): number | null {
  if (typeof value === "number") return Number.isFinite(value) && value >= 0 ? value * 1000 : null;
  if (typeof value !== "string") return null;
  const text = value.trim().replace(/^\+/, "");
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  if (text === "" || text.length > 64) return null;
  const part = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y;
  let total = 0;
  while (part.lastIndex < text.length) {
    const match = part.exec(text);
    if (match === null) return null;
    total += Number(match[1]) * (UNITS_MS.get(match[2] ?? "") ?? 0);
  }
  return Number.isFinite(total) ? total : null;
}
