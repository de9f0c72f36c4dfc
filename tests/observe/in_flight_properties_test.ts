import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { InFlightEntry, InFlightView } from "../../src/observe/in_flight_entry.ts";
import type { InFlightWatch } from "../../src/observe/in_flight_watch.ts";
import { facts, makeTable, Picture } from "./watching.ts";

const BOUND = 4;
const MODELS = ["a", "b"] as const;

type Step =
  | { readonly do: "begin"; readonly model: "a" | "b"; readonly isInLine: boolean }
  | { readonly do: "serve" }
  | {
    readonly do: "queued" | "loading" | "serving" | "responded" | "bytes" | "end" | "describe";
    readonly which: number;
  }
  | { readonly do: "pass"; readonly ms: number }
  | { readonly do: "watch"; readonly only: "a" | "b" | null }
  | { readonly do: "look" | "leave"; readonly which: number };

const which = fc.nat(11);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("begin" as const),
      model: fc.constantFrom(...MODELS),
      isInLine: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("serve" as const) }) },
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constantFrom("queued", "loading", "serving", "responded", "bytes", "end", "describe"),
      which,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.constantFrom(1, 100, 250, 600) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("watch" as const), only: fc.constantFrom("a", "b", null) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("look" as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("leave" as const), which }) },
);

interface Watcher {
  readonly watch: InFlightWatch;
  readonly picture: Picture;
  readonly only: "a" | "b" | null;
}

/** All of a request but how long it has lasted, which is told only when something else is. */
function lasting(views: Iterable<InFlightView>): readonly unknown[] {
  return [...views].map(({ elapsed_ms: _, ...rest }) => rest).sort((a, b) => Number(a.id) - Number(b.id));
}

Deno.test("SV32: whatever happens and however slowly each watcher looks, its picture is the table in the end, in bounded memory", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 200, size: "max" }), (steps) => {
      const { clock, inFlight } = makeTable({ changesKept: BOUND });
      const entries: InFlightEntry[] = [];
      let served = 0;
      const placeOf = (at: number) => () => at > served ? at - served : null;
      const watchers = new Set<Watcher>();
      const look = ({ watch, picture }: Watcher) => watch.take().forEach((update) => picture.take(update));
      steps.forEach((one, index) => {
        switch (one.do) {
          case "begin":
            entries.push(inFlight.begin(facts({
              model: one.model,
              requestId: `r${index}`,
              ...(one.isInLine ? { place: placeOf(entries.length) } : {}),
            })));
            break;
          case "serve":
            served++;
            break;
          case "pass":
            clock.advance(one.ms);
            break;
          case "watch": {
            const { only } = one;
            const watch = inFlight.subscribe(only === null ? {} : { sees: (model) => model === only });
            watchers.add({ watch, picture: new Picture(), only });
            break;
          }
          case "look":
          case "leave": {
            const watcher = [...watchers][one.which % Math.max(1, watchers.size)];
            if (watcher === undefined) break;
            if (one.do === "look") return look(watcher);
            watcher.watch.cancel();
            watchers.delete(watcher);
            break;
          }
          default: {
            const entry = entries[one.which % Math.max(1, entries.length)];
            if (entry !== undefined) tell(entry, one.do, index);
          }
        }
        for (const { watch } of watchers) assert(watch.size <= BOUND);
      });
      clock.advance(1000); // what changes often is told with the next round
      for (const watcher of watchers) {
        look(watcher);
        const { only, picture } = watcher;
        const seen = inFlight.list(only === null ? {} : { model: only });
        assertEquals(lasting(picture.requests.values()), lasting(seen));
        watcher.watch.cancel();
      }
      assertEquals(clock.timers.size, 0);
    }),
    { numRuns: 500 },
  );
});

function tell(
  entry: InFlightEntry,
  what: Exclude<Step["do"], "begin" | "serve" | "pass" | "watch" | "look" | "leave">,
  n: number,
): void {
  switch (what) {
    case "queued":
      return entry.queued(n);
    case "loading":
      return entry.loading();
    case "serving":
      return entry.serving();
    case "responded":
      return entry.responded(200 + n, [["x-n", String(n)]]);
    case "bytes":
      return entry.bytes(n);
    case "describe":
      return entry.describe({ n: String(n) });
    case "end":
      return entry.end("complete");
  }
}
