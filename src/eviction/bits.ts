/**
 * Small sets of numbered things as bits, 32 a word. Nothing here but {@link addAll} changes a set that it was given.
 *
 * @module
 */

/** A set of numbers; two that are used together have the same length. */
export type Bits = Uint32Array;

/** The set that holds nothing but, if given, one number. */
export function bitsOf(words: number, bit?: number): Bits {
  const bits = new Uint32Array(words);
  if (bit !== undefined) bits[bit >>> 5] = 1 << (bit & 31);
  return bits;
}

/** What is in either. */
export function union(a: Bits, b: Bits): Bits {
  const result = new Uint32Array(a.length);
  for (let i = 0; i < a.length; i++) result[i] = (a[i] ?? 0) | (b[i] ?? 0);
  return result;
}

/** Puts all of the second into the first, which must be the caller's own. */
export function addAll(own: Bits, more: Bits): void {
  for (let i = 0; i < own.length; i++) own[i] = (own[i] ?? 0) | (more[i] ?? 0);
}

/** What is in both. */
export function intersection(a: Bits, b: Bits): Bits {
  const result = new Uint32Array(a.length);
  for (let i = 0; i < a.length; i++) result[i] = (a[i] ?? 0) & (b[i] ?? 0);
  return result;
}

/** What is in the first and not in the second. */
export function difference(a: Bits, b: Bits): Bits {
  const result = new Uint32Array(a.length);
  for (let i = 0; i < a.length; i++) result[i] = (a[i] ?? 0) & ~(b[i] ?? 0);
  return result;
}

/** Whether all of the first is in the second. */
export function isSubset(a: Bits, b: Bits): boolean {
  for (let i = 0; i < a.length; i++) if (((a[i] ?? 0) & ~(b[i] ?? 0)) !== 0) return false;
  return true;
}

/** Whether both have something in common. */
export function overlap(a: Bits, b: Bits): boolean {
  for (let i = 0; i < a.length; i++) if (((a[i] ?? 0) & (b[i] ?? 0)) !== 0) return true;
  return false;
}

/** Whether the number is in the set. */
export function hasBit(bits: Bits, bit: number): boolean {
  return ((bits[bit >>> 5] ?? 0) & (1 << (bit & 31))) !== 0;
}

/** The numbers in the set. */
export function* numbersIn(bits: Bits): Generator<number> {
  for (let i = 0; i < bits.length; i++) {
    let word = bits[i] ?? 0;
    while (word !== 0) {
      const bit = 31 - Math.clz32(word);
      yield (i << 5) + bit;
      word ^= 1 << bit;
    }
  }
}

/** Adds up the weights of what is in `a` and not in `without`. */
export function weigh(a: Bits, weights: readonly number[], without?: Bits): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    let word = (a[i] ?? 0) & ~(without?.[i] ?? 0);
    while (word !== 0) {
      const bit = 31 - Math.clz32(word);
      sum += weights[(i << 5) + bit] ?? 0;
      word ^= 1 << bit;
    }
  }
  return sum;
}
