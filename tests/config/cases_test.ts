/**
 * Each numbered case of spec §5.1–5.8 is proved by a test that names it.
 *
 * @module
 */

import { assertEquals } from "@std/assert";

const LAST = { CM: 22, CD: 26, CC: 6, CX: 30, CE: 9, CN: 22, CR: 17, MX: 10 };
const TESTS = new URL("../", import.meta.url).pathname;
/** The beginning of a test or of a step with a name. */
const NAME = /(?:Deno\.test|\.step)\(\s*(["'`])((?:(?!\1).)*)\1/g;
const CASES = /\b(CM|CD|CC|CX|CE|CN|CR|MX)(\d+)(?:[–-]\1?(\d+))?\b/g;

function* namesOfTests(folder: string): Iterable<string> {
  for (const { name, isDirectory, isFile } of Deno.readDirSync(folder)) {
    const path = `${folder}${name}`;
    if (isDirectory) yield* namesOfTests(`${path}/`);
    else if (isFile && name.endsWith("_test.ts")) {
      for (const match of Deno.readTextFileSync(path).matchAll(NAME)) yield match[2] ?? "";
    }
  }
}

/** Cases that a name cites, one by one (`CR1, CR2`) or as a range (`CR1–CR3`). */
function casesIn(name: string): readonly string[] {
  return [...name.matchAll(CASES)].flatMap(([, part = "", from = "", to = from]) =>
    Array.from({ length: Number(to) - Number(from) + 1 }, (_, i) => `${part}${Number(from) + i}`)
  );
}

Deno.test("every case of spec §5.1 to §5.8 is in the name of a test", () => {
  const cited = new Set([...namesOfTests(TESTS)].flatMap(casesIn));
  const all = Object.entries(LAST).flatMap(([part, last]) => Array.from({ length: last }, (_, i) => `${part}${i + 1}`));
  assertEquals(all.filter((one) => !cited.has(one)), []);
  assertEquals([...cited].filter((one) => !all.includes(one)), []);
});

Deno.test("cases are found in names one by one and as ranges", () => {
  assertEquals(casesIn("CC1, CC6: words"), ["CC1", "CC6"]);
  assertEquals(casesIn("CR13–CR16: a matrix"), ["CR13", "CR14", "CR15", "CR16"]);
  assertEquals(casesIn("W56 and DCC1 are others"), []);
});
