/**
 * Each numbered case of the HTTP surface (spec §10: `internal/server`, `internal/swaputil`, `router/loading`) is proved by a
 * test that names it, or stands here with the reason why none does.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { casesIn, namesOfTests, numbered } from "./spec_cases.ts";

const ALL = [...numbered("SV", 1, 120), ...numbered("SW", 1, 22), ...numbered("RL", 11, 14)];

/** What is built later: the cases wait for it. */
const LATER: Readonly<Record<string, readonly string[]>> = {
  "records of finished requests: what is recorded, how usage is read, how it is asked for": [
    ...["SV14", "SV15", "SV36", "SV37", "SV38", "SV39", "SV40"],
    ...numbered("SV", 76, 92),
  ],
  "captures: stored bodies, their bounds, masks and encodings": ["SV49", "SV50", "SV51", "SV52", "SV53", "SV65"],
  "metrics and monitoring: /metrics, /api/performance, /api/hardware": ["SV18", "SV35", "SV43"],
  "the web page: its files, its redirects, its encodings": ["SV19", "SV62", "SV120"],
  "the access log": ["SV74"],
};

/** What has no object here: the case is about a piece of llama-swap that Berth does not have. */
const WITHOUT_OBJECT: Readonly<Record<string, readonly string[]>> = {
  "no recorder is wrapped around answers: a tap sees their pieces, and none of a websocket's": ["SV55", "SV56", "SV57"],
  "no form is parsed into files: a body is held in bounded memory and nothing of it is on a disk": ["SW3"],
};

Deno.test("every case of the HTTP surface is in the name of a test, or is said to be later, and not both", () => {
  const names = namesOfTests();
  const cited = new Set(names.flatMap((name) => casesIn(name, ["SV", "SW", "RL"])));
  const excused = [...Object.values(LATER), ...Object.values(WITHOUT_OBJECT)].flat();
  assertEquals(ALL.filter((one) => !cited.has(one) && !excused.includes(one)), [], "neither cited nor excused");
  assertEquals(excused.filter((one) => cited.has(one)), [], "excused, though a test proves it");
  assertEquals(excused.filter((one, at) => !ALL.includes(one) || excused.indexOf(one) !== at), [], "no case, or twice");
  assertEquals(
    [...cited].filter((one) => /^S[VW]/.test(one) && !ALL.includes(one)),
    [],
    "no case of the specification",
  );
});

Deno.test("cases are found in names one by one and as ranges", () => {
  assertEquals(casesIn("CC1, CC6: words", ["CC"]), ["CC1", "CC6"]);
  assertEquals(casesIn("CR13–CR16, SV3: a matrix", ["CR", "SV"]), ["CR13", "CR14", "CR15", "CR16", "SV3"]);
  assertEquals(casesIn("W56 and DCC1 are others", ["CC", "SV"]), []);
});
