/**
 * Whole numbers as configs write them, without the loss of digits beyond 2^53.
 *
 * @module
 */

const DECIMAL = /^[-+]?(?:0|[1-9][0-9_]*)$/;
const OCTAL = /^[-+]?0o?[0-7_]*[0-7]$/;
const OTHER = /^[-+]?0(?:x[0-9a-fA-F_]*[0-9a-fA-F]|b[01_]*[01])$/;

/** The whole number that a text is in YAML, old octals (`017`) and those of YAML 1.2 (`0o17`) included; otherwise `null`. */
export function readInteger(text: string): bigint | null {
  if (text.length > 100) return null;
  const digits = text.replaceAll("_", "").replace(/^[-+]/, "");
  const magnitude = DECIMAL.test(text) || OTHER.test(text)
    ? BigInt(digits)
    : OCTAL.test(text)
    ? BigInt(`0o${digits.replace(/^0o?/, "") || "0"}`)
    : null;
  return magnitude !== null && text.startsWith("-") ? -magnitude : magnitude;
}

/** Whether a number may have lost digits when it was read. */
export function isInexact(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value);
}

/** All digits of such a number; `undefined` for any other, and for one that was not written as a whole number. */
export function allDigits(value: unknown, written: string | undefined): string | undefined {
  if (!isInexact(value) || written === undefined) return undefined;
  return readInteger(written)?.toString();
}
