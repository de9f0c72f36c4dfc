import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { assertSpyCalls, spy } from "@std/testing/mock";
import { FakeTime, TimeError } from "@std/testing/time";

Deno.test("faked time stands still until it is moved, and runs what is due in order", () => {
  using time = new FakeTime(1000);
  const ran: string[] = [];
  setTimeout(() => ran.push(`b${Date.now()}`), 20);
  setTimeout(() => ran.push(`a${Date.now()}`), 10);
  const cancelled = setTimeout(() => ran.push("never"), 15);
  clearTimeout(cancelled);
  const repeat = setInterval(() => ran.push(`i${Date.now()}`), 15);
  time.tick(9);
  assertEquals(ran, []);
  time.tick(21);
  assertEquals(ran, ["a1010", "i1015", "b1020", "i1030"]);
  clearInterval(repeat);
  assertEquals([time.start, time.now, new Date().getTime()], [1000, 1030, 1030]);
  assertThrows(() => time.now = 5, RangeError);
});

Deno.test("faked time is restored at the end of its scope and cannot be faked twice", () => {
  const real = globalThis.setTimeout;
  {
    using time = new FakeTime();
    assertThrows(() => new FakeTime(), TimeError);
    assertEquals(time.next(), false);
  }
  assertEquals(globalThis.setTimeout, real);
  assertThrows(() => FakeTime.restore(), TimeError);
});

Deno.test("tickAsync lets promises run between timers, and AbortSignal.timeout is faked", async () => {
  using time = new FakeTime();
  const signal = AbortSignal.timeout(50);
  const chain = Promise.resolve().then(() => new Promise<void>((resolve) => setTimeout(resolve, 10)));
  await time.tickAsync(10);
  await chain;
  assertEquals(signal.aborted, false);
  time.tick(40);
  assertEquals(signal.aborted, true);
  await assertRejects(() => time.delay(1, { signal }), DOMException, "aborted");
});

Deno.test("a spy records calls, results and errors", () => {
  const half = spy((n: number) => {
    if (n % 2) throw new RangeError("odd");
    return n / 2;
  });
  assertEquals(half(4), 2);
  assertThrows(() => half(3), RangeError);
  assertSpyCalls(half, 2);
  assertEquals(half.calls.map((call) => call.returned), [2, undefined]);
  assertThrows(() => assertSpyCalls(half, 1));
});
