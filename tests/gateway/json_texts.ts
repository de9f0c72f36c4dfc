/**
 * JSON texts of every shape, and texts that are nearly JSON.
 *
 * @module
 */

import type { Random } from "../random.ts";

/** An object as text, with each of its entries in order. */
export interface ObjectText {
  readonly text: string;
  readonly entries: readonly { readonly key: string; readonly value: string }[];
}

/** The keys that are looked for come often, also escaped and nearly right. */
const KEYS = ['"model"', '"mod\\u0065l"', '"\\u006Dodel"', '"stream"', '"mode"', '"models"', '"model\\u0000"', '""'];
const NUMBERS = ["0", "-0", "7", "10", "-12.5", "0.5", "1e9", "1E+2", "1.0e-7", "12345678901234567890", "1e999"];
const STRINGS = [
  "",
  "a",
  "é",
  "日本語",
  "\u{1F600}",
  "\u007f",
  "\u2028",
  "abcdefgh",
  "x".repeat(33),
  "{",
  "}",
  "[",
  ",",
  ":",
];
const ESCAPES = [
  "\\n",
  '\\"',
  "\\\\",
  "\\/",
  "\\b",
  "\\f",
  "\\r",
  "\\t",
  "\\u0041",
  "\\ud83d\\ude00",
  "\\ud800",
  "\\uDC00",
];
const SPACES = ["", "", "", " ", "\n", "\t\r\n ", "    "];
/** What a mutation puts in: most of it is wrong nearly everywhere. */
const NASTY = [
  ...["01", "1.", ".5", "1e", "1e+", "-", "+1", "--1", "0x1", "1_0", "Infinity", "NaN", "-Infinity", "undefined"],
  ...[
    "tru",
    "truee",
    "nul",
    "nulll",
    "fals",
    "True",
    "//c\n",
    "/*c*/",
    "#",
    "'a'",
    '"',
    "\\",
    "\\x41",
    "\\u12",
    "\\u12g4",
  ],
  ...[
    "\u0000",
    "\u0001",
    "\u001f",
    "\u000b",
    "\u00a0",
    "\ufeff",
    "\u2028",
    "\n",
    ",",
    ",,",
    ":",
    "{",
    "}",
    "[",
    "]",
    "{}",
  ],
  ...["[]", "0", "1", "e", ".", "null", "true", '"a"', '"a":1', ',"model":"b"', " ", "é", "\u{1F600}", '\\"', '""'],
];

/** A valid object. */
export function objectText(random: Random, depth = 4): ObjectText {
  const entries: { key: string; value: string }[] = [];
  let text = `${space(random)}{${space(random)}`;
  const count = random.below(5);
  for (let i = 0; i < count; i++) {
    const key = random.oneIn(3) ? stringText(random) : among(random, KEYS);
    const value = valueText(random, depth - 1);
    entries.push({ key, value });
    text += `${i === 0 ? "" : `,${space(random)}`}${key}${space(random)}:${space(random)}${value}${space(random)}`;
  }
  return { text: `${text}}${space(random)}`, entries };
}

/** `text` with up to three small faults, which now and then leave it valid. */
export function mutated(random: Random, text: string): string {
  let changed = text;
  for (let left = 1 + random.below(3); left > 0; left--) {
    const at = random.below(changed.length + 1);
    const length = random.pick([0, 0, 1, 1, 2, 5]);
    const nasty = among(random, NASTY);
    const other = random.below(changed.length + 1);
    const put = random.pick([nasty, nasty, "", changed.slice(other, other + 6)]);
    changed = changed.slice(0, at) + put + changed.slice(at + length);
  }
  return changed;
}

function valueText(random: Random, depth: number): string {
  switch (random.below(depth > 0 ? 6 : 4)) {
    case 0:
      return among(random, NUMBERS);
    case 1:
      return random.pick(["true", "false", "null"]);
    case 2:
    case 3:
      return stringText(random);
    case 4:
      return objectText(random, depth).text.trim();
    default: {
      const items = Array.from({ length: random.below(4) }, () => valueText(random, depth - 1) + space(random));
      return `[${space(random)}${items.join(`,${space(random)}`)}]`;
    }
  }
}

function stringText(random: Random): string {
  let text = "";
  for (let left = random.below(6); left > 0; left--) text += among(random, random.oneIn(3) ? ESCAPES : STRINGS);
  return `"${text}"`;
}

function space(random: Random): string {
  return among(random, SPACES);
}

function among(random: Random, items: readonly string[]): string {
  return items[random.below(items.length)] ?? "";
}
