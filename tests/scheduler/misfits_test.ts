import { assertEquals } from "@std/assert";
import { misfitsOf } from "../../src/scheduler/misfits.ts";
import type { FifoSettings, SerialSettings } from "../../src/scheduler/types.ts";

const SERIAL: SerialSettings = { use: "serial", parallel: 1, maxQueue: 10, maxWaitMs: null };

/** `evicts` says which model ends which others. */
function fifo(evicts: Readonly<Record<string, string>>): FifoSettings {
  return {
    use: "fifo",
    policy: {
      evictedBy: (target, running) => running.filter((model) => model !== target && evicts[target]?.includes(model)),
    },
    priorities: new Map(),
    maxAgeMs: null,
    maxWaitMs: null,
  };
}

const ALL_FIT = fifo({});

Deno.test("G1: when serial comes into force one model may stay, and of several none", () => {
  const change = { before: ALL_FIT, after: SERIAL };
  assertEquals(misfitsOf(change, []), []);
  assertEquals(misfitsOf(change, ["a"]), []);
  assertEquals(misfitsOf(change, ["a", "b"]), ["a", "b"]);
});

Deno.test("when other rules of fifo come into force those go that nobody loads beside the others", () => {
  const among = (evicts: Readonly<Record<string, string>>) =>
    misfitsOf({ before: ALL_FIT, after: fifo(evicts) }, ["a", "b", "c"]);
  assertEquals(among({}), []);
  assertEquals(among({ a: "b", b: "a" }), ["b"]);
  assertEquals(among({ a: "bc", b: "a", c: "a" }), ["a"], "as few as can be");
  assertEquals(among({ a: "b" }), [], "one order of loading leads to it");
  assertEquals(among({ b: "a" }), [], "the other order does");
});

Deno.test("rules that say the same about what runs leave it alone, however it came about", () => {
  // Loaded as b, a, c: no order of the alphabet leads there.
  const rules = { b: "ac", c: "", a: "c" };
  const after = fifo({ ...rules, other: "abc" });
  assertEquals(misfitsOf({ before: fifo(rules), after }, ["a", "b", "c"]), []);
  assertEquals(misfitsOf({ before: SERIAL, after }, ["a"]), []);
});
