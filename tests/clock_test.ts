import { assertEquals } from "@std/assert";
import { spy } from "@std/testing/mock";
import { FakeTime } from "@std/testing/time";
import { systemClock, timerDelay } from "../src/clock.ts";

Deno.test("systemClock.after calls once after its delay", () => {
  using time = new FakeTime();
  const run = spy(() => {});
  systemClock.after(50, run);
  time.tick(49);
  assertEquals(run.calls.length, 0);
  time.tick(1);
  assertEquals(run.calls.length, 1);
  time.tick(1000);
  assertEquals(run.calls.length, 1);
});

Deno.test("systemClock.after never calls once it was cancelled, and cancelling late is harmless", () => {
  using time = new FakeTime();
  const run = spy(() => {});
  const cancel = systemClock.after(50, run);
  cancel();
  time.tick(100);
  assertEquals(run.calls.length, 0);
  const late = systemClock.after(10, run);
  time.tick(10);
  late();
  late();
  assertEquals(run.calls.length, 1);
});

Deno.test("a delay of months is a long one, where the runtime's own timer would fire at once", () => {
  using time = new FakeTime();
  const run = spy(() => {});
  systemClock.after(9_999_999_000, run);
  time.tick(1000);
  assertEquals(run.calls.length, 0);
  time.tick(2 ** 31);
  assertEquals(run.calls.length, 1);
  assertEquals([timerDelay(10), timerDelay(9_999_999_000)], [10, 2 ** 31 - 1]);
});
