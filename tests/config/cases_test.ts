/**
 * Each numbered case of spec §5.1–5.8 is proved by a test that names it.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { casesIn, namesOfTests, numbered } from "../spec_cases.ts";

const LAST = { CM: 22, CD: 26, CC: 6, CX: 30, CE: 9, CN: 22, CR: 17, MX: 10 };

Deno.test("every case of spec §5.1 to §5.8 is in the name of a test", () => {
  const cited = new Set(namesOfTests().flatMap((name) => casesIn(name, Object.keys(LAST))));
  const all = Object.entries(LAST).flatMap(([part, last]) => numbered(part, 1, last));
  assertEquals(all.filter((one) => !cited.has(one)), []);
  assertEquals([...cited].filter((one) => !all.includes(one)), []);
});
