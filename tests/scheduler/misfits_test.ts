import { assertEquals } from "@std/assert";
import { misfitsOf } from "../../src/scheduler/misfits.ts";
import type { FifoSettings, SerialSettings } from "../../src/scheduler/types.ts";

const SERIAL: SerialSettings = { use: "serial", parallel: 1, maxQueue: 10, maxWaitMs: null };

/** `evicts` says which model ends which others. */
function fifo(evicts: Readonly<Record<string, string>>): FifoSettings {
  return {
    use: "fifo",
    policy: { evictedBy: (target, running) => running.filter((model) => evicts[target]?.includes(model)) },
    priorities: new Map(),
    maxAgeMs: null,
    maxWaitMs: null,
  };
}

Deno.test("G1: under serial one model may stay, and of several none", () => {
  assertEquals(misfitsOf(SERIAL, []), []);
  assertEquals(misfitsOf(SERIAL, ["a"]), []);
  assertEquals(misfitsOf(SERIAL, ["a", "b"]), ["a", "b"]);
});

Deno.test("under fifo those go that the policy lets nobody load beside the others", () => {
  assertEquals(misfitsOf(fifo({}), ["a", "b", "c"]), []);
  assertEquals(misfitsOf(fifo({ a: "b", b: "a" }), ["a", "b", "c"]), ["b"]);
  assertEquals(misfitsOf(fifo({ a: "bc", b: "a", c: "a" }), ["a", "b", "c"]), ["a"], "as few as can be");
});

Deno.test("under fifo a set may stay that only one order of loading leads to", () => {
  assertEquals(misfitsOf(fifo({ a: "b" }), ["a", "b"]), []);
  assertEquals(misfitsOf(fifo({ b: "a" }), ["a", "b"]), []);
});
