import { assert, assertEquals } from "@std/assert";
import { initialState, transition } from "../../src/scheduler/serial_core.ts";
import type { SerialState } from "../../src/scheduler/serial_state.ts";
import type { Event, SchedulerModel, SerialSettings } from "../../src/scheduler/types.ts";
import { partsOf, reachable } from "./reachable.ts";

const MODEL_COUNT = 500;
const MODELS: ReadonlyMap<string, SchedulerModel> = new Map(
  Array.from({ length: MODEL_COUNT }, (_, i) => [`m${i}`, i % 2 === 0 ? { limit: 1_000_000 } : {}]),
);
const SETTINGS: SerialSettings = { use: "serial", parallel: 32, maxQueue: 1_000_000, maxWaitMs: 1_000_000 };

/** How many values a state may have anew, entries of arrays and maps included: a few paths of 32 slots each. */
const FEW = 300;

/** Each kind of thing that happens to one request, on a state with a long queue; all of them leave the state usable. */
function kinds(state: SerialState, ticket: number): Event[] {
  const at = 1;
  return [
    { type: "requested", ticket, model: "m250", at },
    { type: "cancelled", ticket: 50_000, at },
    { type: "cancelAsked", ticket: 70_000, at },
    { type: "lost", ticket: 1, at },
    { type: "served", ticket: 1, at },
    { type: "woke", at },
    { type: "loaded", loadId: state.nextLoadId, at },
    { type: "backendChanged", model: "m0", phase: "stopping", at },
  ];
}

Deno.test("G4: what happens to one request shares all but a few nodes with a queue of 100,000 for 500 models", () => {
  let state = initialState({ models: MODELS, settings: SETTINGS });
  const tell = (event: Event) => state = transition(state, event)[0];
  tell({ type: "backendChanged", model: "m0", phase: "ready", at: 0 });
  let ticket = 0;
  for (let i = 0; i < SETTINGS.parallel; i++) tell({ type: "requested", ticket: ++ticket, model: "m0", at: 0 });
  for (let i = 0; i < 100_000; i++) tell({ type: "requested", ticket: ++ticket, model: `m${i % MODEL_COUNT}`, at: 0 });
  assertEquals([state.active?.turns.size, state.queue.size], [32, 100_000]);

  const before = reachable(state);
  assert(before.size > 100_000);
  const text = JSON.stringify([state.queue, state.active, state.counts]);
  for (const event of kinds(state, ticket + 1)) {
    const [next] = transition(state, event);
    const anew = reachable(next, before);
    const size = [...anew].reduce((sum, value) => sum + partsOf(value).length, 0);
    assert(size <= FEW, `${event.type} made ${size} values in ${anew.size} objects anew`);
  }
  assertEquals(JSON.stringify([state.queue, state.active, state.counts]), text, "the given state stays as it was");
});

Deno.test("a line that never empties stays as small as what stands in it, over 1,000,000 requests", () => {
  let state = initialState({ models: MODELS, settings: { ...SETTINGS, parallel: 2, maxWaitMs: null } });
  const tell = (event: Event) => state = transition(state, event)[0];
  tell({ type: "backendChanged", model: "m0", phase: "ready", at: 0 });
  let largest = 0;
  let widest = 0;
  for (let ticket = 1; ticket <= 1_000_000; ticket++) {
    tell({ type: "requested", ticket, model: "m0", at: ticket });
    if (ticket > 10) tell({ type: "served", ticket: ticket - 10, at: ticket });
    if (ticket % 100 === 0) widest = Math.max(widest, state.queue.span, state.active?.turns.span ?? 0);
    if (ticket % 99_991 === 0) largest = Math.max(largest, reachable([state.queue, state.active]).size);
  }
  assertEquals([state.active?.turns.size, state.queue.size], [2, 8]);
  assertEquals(widest, 32, "two levels hold what may stand on both sides of a boundary");
  assert(largest < 50, `${largest} objects for ten requests`);
});
