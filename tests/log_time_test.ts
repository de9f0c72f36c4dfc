import { assertEquals, assertMatch } from "@std/assert";
import { formatTime, TIME_LAYOUTS, type Zone } from "../src/log_time.ts";

const CET: Zone = { offsetMinutes: 60, abbreviation: "CET" };
const UTC: Zone = { offsetMinutes: 0, abbreviation: "UTC" };
const NAMELESS: Zone = { offsetMinutes: -210, abbreviation: "-0330" };

const AFTERNOON = new Date("2026-02-03T14:04:05.120Z");
const MIDNIGHT = new Date("2026-11-14T00:07:09Z");
const NOON = new Date("2026-12-31T16:00:00.007Z");

/** What Go 1.26's `time` package writes for these instants and zones. */
const WRITTEN_BY_GO: readonly (readonly [string, string, string, string])[] = [
  ["ansic", "Tue Feb  3 15:04:05 2026", "Sat Nov 14 00:07:09 2026", "Thu Dec 31 12:30:00 2026"],
  ["unixdate", "Tue Feb  3 15:04:05 CET 2026", "Sat Nov 14 00:07:09 UTC 2026", "Thu Dec 31 12:30:00 -0330 2026"],
  ["rubydate", "Tue Feb 03 15:04:05 +0100 2026", "Sat Nov 14 00:07:09 +0000 2026", "Thu Dec 31 12:30:00 -0330 2026"],
  ["rfc822", "03 Feb 26 15:04 CET", "14 Nov 26 00:07 UTC", "31 Dec 26 12:30 -0330"],
  ["rfc822z", "03 Feb 26 15:04 +0100", "14 Nov 26 00:07 +0000", "31 Dec 26 12:30 -0330"],
  [
    "rfc850",
    "Tuesday, 03-Feb-26 15:04:05 CET",
    "Saturday, 14-Nov-26 00:07:09 UTC",
    "Thursday, 31-Dec-26 12:30:00 -0330",
  ],
  ["rfc1123", "Tue, 03 Feb 2026 15:04:05 CET", "Sat, 14 Nov 2026 00:07:09 UTC", "Thu, 31 Dec 2026 12:30:00 -0330"],
  ["rfc1123z", "Tue, 03 Feb 2026 15:04:05 +0100", "Sat, 14 Nov 2026 00:07:09 +0000", "Thu, 31 Dec 2026 12:30:00 -0330"],
  ["rfc3339", "2026-02-03T15:04:05+01:00", "2026-11-14T00:07:09Z", "2026-12-31T12:30:00-03:30"],
  ["rfc3339nano", "2026-02-03T15:04:05.12+01:00", "2026-11-14T00:07:09Z", "2026-12-31T12:30:00.007-03:30"],
  ["kitchen", "3:04PM", "12:07AM", "12:30PM"],
  ["stamp", "Feb  3 15:04:05", "Nov 14 00:07:09", "Dec 31 12:30:00"],
  ["stampmilli", "Feb  3 15:04:05.120", "Nov 14 00:07:09.000", "Dec 31 12:30:00.007"],
  ["stampmicro", "Feb  3 15:04:05.120000", "Nov 14 00:07:09.000000", "Dec 31 12:30:00.007000"],
  ["stampnano", "Feb  3 15:04:05.120000000", "Nov 14 00:07:09.000000000", "Dec 31 12:30:00.007000000"],
];

Deno.test("§2.7: every layout of logTimeFormat reads as Go writes it, in any case", () => {
  for (const [layout, afternoon, midnight, noon] of WRITTEN_BY_GO) {
    assertEquals(formatTime(layout.toUpperCase(), AFTERNOON, CET), afternoon, layout);
    assertEquals(formatTime(layout, MIDNIGHT, UTC), midnight, layout);
    assertEquals(formatTime(` ${layout} `, NOON, NAMELESS), noon, layout);
  }
  assertEquals([...TIME_LAYOUTS].sort(), WRITTEN_BY_GO.map(([layout]) => layout).sort());
});

Deno.test("§2.7: a layout that is not listed means no time", () => {
  for (const layout of ["", "sundial", "toString", "2006-01-02"]) assertEquals(formatTime(layout, NOON, UTC), null);
});

Deno.test("without a zone the time is this machine's", () => {
  const [clock, zone] = (formatTime("unixdate", MIDNIGHT) ?? "").split(" ").slice(-3);
  const two = (value: number) => String(value).padStart(2, "0");
  assertEquals(clock, [MIDNIGHT.getHours(), MIDNIGHT.getMinutes(), MIDNIGHT.getSeconds()].map(two).join(":"));
  assertMatch(zone ?? "", /^([A-Z]{2,5}|[+-]\d{2}(\d{2})?)$/);
});
