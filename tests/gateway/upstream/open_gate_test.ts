import { assertEquals } from "@std/assert";
import { OpenGate } from "../../../src/gateway/upstream/open_gate.ts";
import { movedTime } from "./moved_time.ts";

Deno.test("three connections are begun at once, and of a burst three in each 2 ms, in the order asked for", async () => {
  using time = movedTime();
  const gate = new OpenGate();
  const begun: number[] = [];
  const enter = (id: number) => {
    const turn = gate.enter();
    if (turn === null) begun.push(id);
    else void turn.then(() => begun.push(id));
  };
  for (let id = 1; id <= 8; id++) enter(id);
  assertEquals(begun, [1, 2, 3]);
  time.advance(1);
  await Promise.resolve();
  assertEquals(begun, [1, 2, 3]);
  time.advance(1);
  await Promise.resolve();
  assertEquals(begun, [1, 2, 3, 4, 5, 6]);
  enter(9);
  time.advance(2);
  await Promise.resolve();
  assertEquals(begun, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

Deno.test("who comes alone never waits", () => {
  using time = movedTime();
  const gate = new OpenGate();
  for (let i = 0; i < 100; i++) {
    assertEquals(gate.enter(), null);
    time.advance(1);
  }
});
