import { assertEquals, assertThrows } from "@std/assert";
import type { EngineEvent, EngineEventDetail, EngineEventKind } from "../../fakes/engine_events.ts";
import { firstOutOfOrder, lives, orderOfService, overlaps, parseEvents, served, swapGaps } from "./intervals.ts";

function event(at: number, pid: number, kind: EngineEventKind, detail: EngineEventDetail = {}): EngineEvent {
  return { event: kind, pid, model: `m${pid}`, at, performance: 0, ...detail };
}

const inTurn = [event(0, 1, "start"), event(10, 1, "exit", { code: 0 }), event(15, 2, "start"), event(20, 2, "exit")];

Deno.test("G1: engines that live in turn do not overlap, also when one starts in the moment of the other's exit", () => {
  assertEquals(overlaps(inTurn), []);
  const touching = [event(0, 1, "start"), event(10, 1, "exit"), event(10, 2, "start"), event(20, 2, "exit")];
  assertEquals(overlaps(touching), []);
});

Deno.test("G1: two engines alive at once are found, with the time that they shared", () => {
  const both = [event(0, 1, "start"), event(5, 2, "start"), event(8, 1, "exit"), event(20, 2, "exit")];
  assertEquals(overlaps(both).map(({ first, second, ms }) => [first.pid, second?.pid, ms]), [[1, 2, 3]]);
  assertEquals(overlaps(both.toReversed()).length, 1);
});

Deno.test("G1: an engine that lives inside a long life of another is found among neighbours", () => {
  const events = [
    event(0, 1, "start"),
    event(1, 2, "start"),
    event(2, 2, "exit"),
    event(3, 3, "start"),
    event(4, 3, "exit"),
    event(9, 1, "exit"),
  ];
  assertEquals(overlaps(events).map(({ first, second }) => [first.pid, second?.pid]), [[1, 2], [1, 3]]);
});

Deno.test("G1: an engine killed without an exit lives until its last sign of life", () => {
  const killed = [event(0, 1, "start"), event(7, 1, "alive"), event(9, 2, "start"), event(12, 2, "exit")];
  assertEquals(overlaps(killed), []);
  assertEquals(lives(killed)[0], { pid: 1, model: "m1", from: 0, to: 7, exited: false, code: undefined });
  assertEquals(overlaps([...killed, event(10, 1, "alive")]).map(({ ms }) => ms), [1]);
});

Deno.test("G1: an engine that met another on the accelerator is a finding even if no times overlap, and only once", () => {
  const met = [event(0, 1, "start"), event(5, 2, "start"), event(6, 2, "overlap"), event(9, 2, "exit")];
  assertEquals(overlaps(met).map(({ first, second }) => [first.pid, second?.pid]), [[2, undefined]]);
  assertEquals(overlaps([...met, event(7, 1, "exit")]).length, 1);
});

Deno.test("a pid that is used again after its exit is another life", () => {
  const again = [...inTurn, event(30, 1, "start"), event(40, 1, "exit", { code: 7 })];
  assertEquals(lives(again).map(({ pid, from, to, code }) => [pid, from, to, code]), [
    [1, 0, 10, 0],
    [2, 15, 20, undefined],
    [1, 30, 40, 7],
  ]);
  assertEquals(overlaps(again), []);
});

Deno.test("requests come in the order of service, each with its end", () => {
  const events = [
    event(0, 1, "start"),
    event(1, 1, "request", { sequence: 1, tag: "a", active: 1 }),
    event(2, 1, "request-end", { sequence: 1 }),
    event(3, 1, "request", { sequence: 2, tag: "b", active: 1 }),
    event(4, 1, "client-left", { sequence: 2 }),
    event(5, 1, "exit"),
    event(6, 2, "start"),
    event(7, 2, "request", { sequence: 1, tag: "c", active: 1 }),
    event(8, 1, "start"),
    event(9, 1, "request", { sequence: 1, tag: "d", active: 1 }),
    event(10, 1, "request-end", { sequence: 1 }),
  ];
  assertEquals(served(events).map(({ tag, how, to }) => [tag, how, to]), [
    ["a", "request-end", 2],
    ["b", "client-left", 4],
    ["c", "lost", undefined],
    ["d", "request-end", 10],
  ]);
  assertEquals(orderOfService(events), ["a", "b", "c", "d"]);
});

Deno.test("S2: order of service is arrival order of those who stayed", () => {
  const arrived = ["a", "b", "c", "d"];
  assertEquals(firstOutOfOrder(arrived, ["a", "b", "c", "d"]), undefined);
  assertEquals(firstOutOfOrder(arrived, ["a", "d"]), undefined);
  assertEquals(firstOutOfOrder(arrived, ["b", "a"]), "a");
  assertEquals(firstOutOfOrder(arrived, ["a", "a"]), "a");
  assertEquals(firstOutOfOrder(arrived, ["a", "x"]), "x");
});

Deno.test("the gap of a swap is from the exit of one engine to the start of the next", () => {
  assertEquals(swapGaps(inTurn), [5]);
  assertEquals(swapGaps([event(0, 1, "start"), event(5, 2, "start")]), []);
});

Deno.test("event files are read together, in the order of the clock, without a line that a kill cut off", () => {
  const line = (value: EngineEvent) => JSON.stringify(value) + "\n";
  const first = line(event(0, 1, "start")) + line(event(9, 1, "exit"));
  const second = line(event(3, 2, "start")) + '{"event":"ex';
  assertEquals(parseEvents(first, second).map(({ at }) => at), [0, 3, 9]);
  assertEquals(parseEvents(""), []);
});

Deno.test("a damaged line is an error with its number, not a gap in the proof", () => {
  assertThrows(() => parseEvents('{"event":"start"}\n'), Error, "line 1");
  assertThrows(() => parseEvents("nonsense\n"), Error, "line 1");
});
