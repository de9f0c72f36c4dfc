import { assert, assertEquals, assertThrows } from "@std/assert";
import { type ByteRange, findTopLevelValues, JsonSyntaxError } from "../../src/gateway/json_scan.ts";
import { mutated, objectText } from "./json_texts.ts";
import { random } from "../random.ts";

const encoder = new TextEncoder();
const KEYS = ["model", "stream", ""];
const KEY_BYTES = KEYS.map((key) => encoder.encode(key));

Deno.test("every value of a wanted key is found, in order, wherever its bytes are aligned", () => {
  const chance = random(1);
  for (let round = 0; round < 5000; round++) {
    const { text, entries } = objectText(chance);
    const bytes = placed(text, round & 3);
    const found = findTopLevelValues(bytes, KEY_BYTES);
    KEYS.forEach((wanted, index) => {
      const values = entries.filter(({ key }) => JSON.parse(key) === wanted).map(({ value }) => value);
      assertEquals(found[index]?.map((range) => textAt(bytes, range)), values, text);
    });
  }
});

Deno.test("what JSON.parse takes for an object is taken, and nothing else is", () => {
  const chance = random(2);
  let valid = 0;
  const total = 30_000;
  for (let round = 0; round < total; round++) {
    const text = mutated(chance, objectText(chance, 3).text);
    const bytes = placed(text, round & 3);
    const expected = parsedObject(bytes);
    const found = scanned(bytes);
    assertEquals(found !== null, expected !== null, JSON.stringify(text));
    if (found === null || expected === null) continue;
    valid++;
    KEYS.forEach((key, index) => {
      const last = found[index]?.at(-1);
      assertEquals(last !== undefined, Object.hasOwn(expected, key), text);
      if (last !== undefined) assertEquals(JSON.parse(textAt(bytes, last)), expected[key], text);
    });
  }
  assert(valid > total / 50 && valid < total / 2, `the mutants are of both kinds: ${valid} of ${total} valid`);
});

Deno.test("a text that is cut anywhere is refused", () => {
  const chance = random(3);
  for (let round = 0; round < 300; round++) {
    const bytes = placed(objectText(chance).text.trimEnd(), round & 3);
    assert(scanned(bytes));
    for (let end = 0; end < bytes.length; end++) assertEquals(scanned(bytes.subarray(0, end)), null);
  }
});

Deno.test("a string is read right whatever stands where in it: each byte, length and alignment", () => {
  for (let length = 1; length <= 20; length++) {
    for (let at = 0; at < length; at++) {
      for (let code = 0; code < 0x80; code++) {
        const text = `{"model":"${"a".repeat(at)}${String.fromCharCode(code)}${"a".repeat(length - at - 1)}","b":1}`;
        const bytes = placed(text, (length + at + code) & 3);
        assertEquals(scanned(bytes) !== null, parsedObject(bytes) !== null, JSON.stringify(text));
      }
    }
  }
});

Deno.test("a string of any length at any alignment ends at its own quote", () => {
  for (let offset = 0; offset < 8; offset++) {
    for (let length = 0; length < 70; length++) {
      for (const fill of ["a", "é", "日", "\u{1F600}", "\\\\", '\\"', "\x7f"]) {
        const value = `"${fill.repeat(length)}"`;
        const bytes = placed(`{"model":${value},"x":"\\""}`, offset);
        assertEquals(scanned(bytes)?.[0]?.map((range) => textAt(bytes, range)), [value]);
      }
    }
  }
});

Deno.test("brackets nest to any depth without a call for each", () => {
  const depth = 1_000_000;
  const chance = random(4);
  const opened = Array.from({ length: depth }, () => chance.pick(["[", '{"model":', "[0,", '{"a":1,"b":']));
  const closed = opened.toReversed().map((open) => open.startsWith("[") ? "]" : "}");
  const value = `${opened.join("")}null${closed.join("")}`;
  const bytes = encoder.encode(`{"model":${value},"stream":true}`);
  const [models, streams] = findTopLevelValues(bytes, KEY_BYTES);
  assertEquals(models, [{ start: 9, end: 9 + value.length }]); // the deeper keys are none of ours
  assertEquals(streams?.length, 1);
  assertThrows(() => findTopLevelValues(bytes.subarray(0, -1), KEY_BYTES), JsonSyntaxError);
  const crossed = bytes.slice();
  const middle = 9 + opened.join("").length + 4 + depth / 2;
  crossed[middle] = crossed[middle] === 0x5d ? 0x7d : 0x5d;
  assertThrows(() => findTopLevelValues(crossed, KEY_BYTES), JsonSyntaxError);
});

for (
  const [name, text] of [
    ["a comma behind the last entry", '{"model":"m",}'],
    ["a comma behind the last item", '{"a":[1,]}'],
    ["a comma first", '{,"model":"m"}'],
    ["no colon", '{"model" "m"}'],
    ["no value", '{"model":}'],
    ["a bare key", '{model:"m"}'],
    ["a leading zero", '{"a":01}'],
    ["a negative leading zero", '{"a":-01}'],
    ["a number without its fraction", '{"a":1.}'],
    ["a number without its whole part", '{"a":.5}'],
    ["a number without its exponent", '{"a":1e}'],
    ["a sign alone", '{"a":-}'],
    ["a plus sign", '{"a":+1}'],
    ["Infinity", '{"a":Infinity}'],
    ["NaN", '{"a":NaN}'],
    ["a literal cut short", '{"a":tru}'],
    ["a literal that goes on", '{"a":nulls}'],
    ["a comment", '{"a":1/**/}'],
    ["a NUL behind it", '{"a":1}\0'],
    ["another value behind it", '{"a":1}{}'],
    ["a mark that is no space", '\u00a0{"a":1}'],
    ["a byte order mark inside", '{\ufeff"a":1}'],
    ["two byte order marks", '\ufeff\ufeff{"a":1}'],
    ["nothing", ""],
    ["a byte order mark alone", "\ufeff"],
  ] as const
) {
  Deno.test(`it is refused, as by JSON.parse: ${name}`, () => {
    const bytes = encoder.encode(text);
    assertEquals([parsedObject(bytes), scanned(bytes)], [null, null]);
  });
}

Deno.test("a byte order mark before the object is passed over, as TextDecoder does", () => {
  const bytes = encoder.encode('\ufeff {"model":"m"}');
  assertEquals(findTopLevelValues(bytes, KEY_BYTES)[0]?.map((range) => textAt(bytes, range)), ['"m"']);
});

Deno.test("the error names the first byte that does not belong there", () => {
  const error = assertThrows(() => findTopLevelValues(encoder.encode('{"a":1,}'), []), JsonSyntaxError);
  assertEquals(error.offset, 7);
});

/** The text's bytes in the middle of others that would mislead a reader that looks beyond them. */
function placed(text: string, offset: number): Uint8Array<ArrayBuffer> {
  const bytes = encoder.encode(text);
  const around = new Uint8Array(offset + bytes.length + 9).fill(0x22);
  around.set(bytes, offset);
  return around.subarray(offset, offset + bytes.length);
}

function textAt(bytes: Uint8Array, { start, end }: ByteRange): string {
  return new TextDecoder().decode(bytes.subarray(start, end));
}

function scanned(bytes: Uint8Array): ByteRange[][] | null {
  try {
    return findTopLevelValues(bytes, KEY_BYTES);
  } catch (error) {
    if (error instanceof JsonSyntaxError) return null;
    throw error;
  }
}

/** What JSON.parse makes of it; null for anything but an object. */
function parsedObject(bytes: Uint8Array): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}

Deno.test("keys that differ by the case of letters alone are listed apart, escaped or not", () => {
  const bytes = encoder.encode('{"model":1,"Model":2,"MODEL":3,"\\u004dodel":4,"Stream":5,"mode1":6,"x":{"Model":7}}');
  const found = findTopLevelValues(bytes, KEY_BYTES);
  assertEquals(found.map((list) => list.map((range) => textAt(bytes, range))), [["1"], [], [], ["2", "3", "4", "5"]]);
});
