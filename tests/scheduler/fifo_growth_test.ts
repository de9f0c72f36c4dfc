import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { placeOf } from "../../src/scheduler/fifo_lanes.ts";
import type { EvictionPolicyLike } from "../../src/scheduler/types.ts";
import { FifoHistory, ONE_AT_A_TIME } from "./history.ts";
import { partsOf, reachable } from "./reachable.ts";

/** A policy that counts how often it is asked. */
function counted(): { policy: EvictionPolicyLike; asked(): number } {
  let count = 0;
  const evictedBy = (target: string, running: readonly string[]) => {
    count++;
    return ONE_AT_A_TIME.evictedBy(target, running);
  };
  return { policy: { evictedBy }, asked: () => count };
}

function crowd(models: number, requests: number) {
  const { policy, asked } = counted();
  const names = Array.from({ length: models }, (_, i) => `m${i}`);
  const history = new FifoHistory({ policy }, new Map(["a", ...names].map((name) => [name, { limit: 1_000_000 }])));
  history.request("a");
  history.finishLoad(1, "a");
  for (let i = 0; i < requests; i++) history.request(names[i % models] ?? "");
  return { history, asked };
}

Deno.test("W40: the policy is asked once for each model that is waited for, however many requests wait", () => {
  const { history, asked } = crowd(20, 5_000);
  const before = asked();
  history.request("m3");
  assertEquals(asked() - before, 0, "an older request for the same model waits");
  history.request("a");
  history.tell({ type: "served", ticket: 1 });
  assertEquals(asked() - before, 1, "for the request that was granted; a is still busy, so nobody was looked at");
  history.tell({ type: "served", ticket: 5_003 });
  assertLessOrEqual(asked() - before, 1 + 20);
});

Deno.test("G4: under fifo what happens to one request shares all but a few nodes with a queue of 100,000 for 500 models", () => {
  const { history } = crowd(500, 100_000);
  const { state } = history;
  const before = reachable(state);
  assert(before.size > 100_000);
  for (
    const event of [
      { type: "requested", ticket: 200_000, model: "m7" },
      { type: "cancelled", ticket: 50_000 },
      { type: "cancelAsked", ticket: 70_000 },
      { type: "lost", ticket: 1 },
      { type: "woke" },
    ] as const
  ) {
    history.state = state;
    history.tell(event);
    const size = [...reachable(history.state, before)].reduce((sum, value) => sum + partsOf(value).length, 0);
    assertLessOrEqual(size, 600, event.type);
  }
  assertEquals(placeOf(state.lanes, 50_001), 50_000);
});
