/**
 * Berth beside llama-swap: each config of the corpus is accepted or refused alike and means the same, except where a
 * difference is meant and written down in `differences.ts`.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { readCases, readVerdicts } from "./cases.ts";
import { canonical, compare, type Difference, judge } from "./compare.ts";
import { DIFFERENCES } from "./differences.ts";
import { missingWords } from "./pinned_words.ts";

/** Rules of spec §5.1–5.8 that say nothing about a config's text: flags, Windows, lookups, a schema, single functions. */
const NOT_ABOUT_A_CONFIG = ["CM1", "CM5", "CD2", "CD20", "CC2"];
const RULES = { CM: 22, CD: 26, CC: 6, CX: 30, CE: 9, CN: 22, CR: 17, MX: 10 };

const cases = readCases();
const verdicts = readVerdicts();
const judged = cases.map((one) => {
  const theirs = verdicts.get(one.name) ?? {};
  const ours = judge(one);
  return { name: one.name, theirs, ours, difference: compare(theirs, ours) };
});

/** What is meant to differ, by name of case. */
const meant = new Map<string, Difference>(DIFFERENCES.flatMap(({ cases }) => Object.entries(cases)));

Deno.test("llama-swap has judged exactly the cases of the corpus", () => {
  assert(cases.length >= 200);
  assertEquals([...verdicts.keys()].toSorted(), cases.map(({ name }) => name).toSorted());
});

Deno.test("every rule of spec §5.1 to §5.8 that a config can show has a case", () => {
  const shown = new Set(cases.flatMap(({ rules }) => rules));
  const all = Object.entries(RULES).flatMap(([part, last]) =>
    Array.from({ length: last }, (_, index) => `${part}${index + 1}`)
  );
  assertEquals(all.filter((rule) => !shown.has(rule)), NOT_ABOUT_A_CONFIG);
  assertEquals([...shown].filter((rule) => !all.includes(rule)), []);
});

Deno.test("Berth makes of each config what llama-swap makes of it, except for the differences that are meant", () => {
  const wrong = judged.filter(({ name, difference }) =>
    difference !== null && !isSame(difference, meant.get(name) ?? null)
  );
  assertEquals(wrong.map(describe), []);
});

Deno.test("every difference that is meant is there, once, with a reason", () => {
  const found = new Map(judged.map(({ name, difference }) => [name, difference]));
  const stale = [...meant].filter(([name, difference]) => !isSame(found.get(name) ?? null, difference));
  assertEquals(stale.map(([name]) => name), []);
  assertEquals(meant.size, DIFFERENCES.reduce((sum, { cases }) => sum + Object.keys(cases).length, 0));
  assert(DIFFERENCES.every(({ why }) => why.length > 20));
});

Deno.test("where both refuse a config, Berth's message holds the words that the spec pins", () => {
  const missing = judged.flatMap(({ name, theirs, ours }) =>
    theirs.error === undefined || ours.error === undefined
      ? []
      : missingWords(theirs.error, ours.error).map((words) => `${name}: no "${words}" in ${ours.error}`)
  );
  assertEquals(missing, []);
});

Deno.test("Berth says of each config that it refuses which file it is in", () => {
  const lost = judged.filter(({ name, ours }) => ours.error !== undefined && !ours.error.startsWith(name));
  assertEquals(lost.map(({ name, ours }) => `${name}: ${ours.error}`), []);
});

function isSame(a: Difference, b: Difference): boolean {
  return canonical(a) === canonical(b);
}

function describe({ name, theirs, ours, difference }: typeof judged[number]): string {
  const words = ours.error ?? theirs.error ?? "";
  return `${name}: ${JSON.stringify(difference)}${typeof difference === "string" ? ` (${words})` : ""}`;
}
