/**
 * Chance that a test can repeat: the same seed gives the same numbers.
 *
 * @module
 */

/** Picks numbers and members. */
export interface Random {
  /** A whole number from 0 to `below` - 1. */
  below(below: number): number;
  /** One of `items`. */
  pick<T>(items: readonly [T, ...T[]]): T;
  /** True once in `n` times. */
  oneIn(n: number): boolean;
  /** As many bytes as asked for. */
  bytes(length: number): Uint8Array<ArrayBuffer>;
}

/** Starts at `seed` (mulberry32). */
export function random(seed: number): Random {
  let state = seed | 0;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const below = (bound: number) => next() % bound;
  return {
    below,
    pick: (items) => items[below(items.length)] ?? items[0],
    oneIn: (n) => below(n) === 0,
    bytes(length) {
      const bytes = new Uint8Array(length);
      const words = new Uint32Array(bytes.buffer, 0, length >> 2);
      for (let i = 0; i < words.length; i++) words[i] = next();
      for (let i = words.length * 4; i < length; i++) bytes[i] = next();
      return bytes;
    },
  };
}
