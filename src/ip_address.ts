/**
 * Addresses of the Internet Protocol and ranges of them, from text. Pure.
 *
 * @module
 */

/** An address in 16 bytes; one of version 4 stands behind `::ffff:`, as IPv6 writes it. */
export type IpAddress = readonly number[];

/** All addresses whose first `bits` are those of `address`. */
export interface IpRange {
  /** As it was written. */
  readonly written: string;
  /** Where the range is. */
  readonly address: IpAddress;
  /** How many bits of the 128 count. */
  readonly bits: number;
}

/** What stands in front of an address of version 4. */
const MAPPED: IpAddress = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** Reads an address without port, brackets or zone; `null` when it is none. */
export function parseIpAddress(text: string): IpAddress | null {
  if (!text.includes(":")) {
    const bytes = parseVersion4(text);
    return bytes === null ? null : [...MAPPED, ...bytes];
  }
  const halves = text.split("::");
  const [head = "", tail] = halves;
  if (halves.length > 2) return null;
  const before = parseWords(head, { mayEnd: tail === undefined });
  const after = tail === undefined ? [] : parseWords(tail, { mayEnd: true });
  if (before === null || after === null) return null;
  const missing = 16 - before.length - after.length;
  // Two colons stand for at least one word of zeros.
  if (tail === undefined ? missing !== 0 : missing < 2) return null;
  return [...before, ...Array<number>(missing).fill(0), ...after];
}

/** Reads an address, or a range such as `10.0.0.0/8`; `null` when it is neither. */
export function parseIpRange(written: string): IpRange | null {
  const [, text = "", digits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(written.trim()) ?? [];
  const address = parseIpAddress(text);
  if (address === null) return null;
  const width = text.includes(":") ? 128 : 32;
  const bits = digits === undefined ? width : Number(digits);
  return bits > width ? null : { written: written.trim(), address, bits: bits + 128 - width };
}

/** Whether an address lies in a range. */
export function isInRange(address: IpAddress, range: IpRange): boolean {
  return range.address.every((byte, i) => {
    const counted = Math.min(8, Math.max(0, range.bits - 8 * i));
    return ((byte ^ (address[i] ?? 0)) >> (8 - counted)) === 0;
  });
}

/** Whether the address has no other bits than those that count: `10.0.0.1/8` has. */
export function isExact({ address, bits }: IpRange): boolean {
  return address.every((byte, i) => (byte & (0xff >> Math.min(8, Math.max(0, bits - 8 * i)))) === 0);
}

function parseVersion4(text: string): readonly number[] | null {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part))) return null;
  const bytes = parts.map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes : null;
}

/** Words of four digits between colons; the last may be an address of version 4 where the text may end. */
function parseWords(text: string, { mayEnd }: { readonly mayEnd: boolean }): readonly number[] | null {
  if (text === "") return [];
  const bytes: number[] = [];
  const words = text.split(":");
  for (const [i, word] of words.entries()) {
    if (word.includes(".")) {
      const last = mayEnd && i === words.length - 1 ? parseVersion4(word) : null;
      if (last === null) return null;
      bytes.push(...last);
    } else if (/^[0-9A-Fa-f]{1,4}$/.test(word)) {
      const value = parseInt(word, 16);
      bytes.push(value >> 8, value & 0xff);
    } else return null;
  }
  return bytes;
}
