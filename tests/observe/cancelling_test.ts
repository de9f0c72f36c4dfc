import { assert, assertEquals } from "@std/assert";
import { GatewayError } from "../../src/errors.ts";
import { silentLog } from "../../src/log.ts";
import { InFlight } from "../../src/observe/in_flight.ts";
import type { InFlightEntry } from "../../src/observe/in_flight_entry.ts";
import type { Lease } from "../../src/scheduler/lease.ts";
import { Scheduler } from "../../src/scheduler/scheduler.ts";
import { FakeBackends, HandClock } from "../scheduler/fake_backends.ts";
import { facts } from "./watching.ts";

/** A request as a gateway serves it: known while it waits, loads and streams, and forgotten with its end. */
interface Call {
  readonly entry: InFlightEntry;
  readonly granted: Promise<Lease<string>>;
  /** How it ended, if it has. */
  ended(): unknown;
}

function mount() {
  const clock = new HandClock();
  const backends = new FakeBackends();
  const inFlight = new InFlight({ clock });
  const settings = { use: "serial", parallel: 1, maxQueue: 10, maxWaitMs: null } as const;
  const models = new Map([["a", {}], ["b", {}]]);
  const scheduler = new Scheduler({ backends, clock, log: silentLog, models, settings });
  const call = (model: string, requestId: string): Call => {
    let end: unknown;
    const entry = inFlight.begin(facts({
      model,
      requestId,
      cancel: () => scheduler.cancel(requestId),
      place: () => scheduler.position(requestId),
    }));
    const over = (reason: unknown) => {
      end = reason instanceof GatewayError ? reason.code : reason;
      entry.end("failed");
    };
    const granted = scheduler.acquire(model, { id: requestId });
    granted.then((lease) => {
      entry.serving();
      lease.onInterrupt((reason) => {
        over(reason);
        lease.release();
      });
    }, over);
    return { entry, granted, ended: () => end };
  };
  return { backends, inFlight, scheduler, call };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

Deno.test("SV33: cancelling ends a request that waits, one whose model is being loaded, and one that is being served", async () => {
  const { backends, inFlight, scheduler, call } = mount();
  const [first, second, third] = [call("a", "r1"), call("a", "r2"), call("b", "r3")];
  await settle();
  const seen = () => inFlight.list().map(({ id, phase, position }) => [id, phase, position]);
  assertEquals(seen(), [["1", "loading", null], ["2", "queued", 1], ["3", "queued", 2]]);

  assert(third.entry.cancel());
  await settle();
  assertEquals([third.ended(), seen()], ["cancelled", [["1", "loading", null], ["2", "queued", 1]]]);

  assert(first.entry.cancel());
  await settle();
  assertEquals(first.ended(), "cancelled");
  for (const load of backends.loads) load.succeed();
  await second.granted;
  assertEquals(seen(), [["2", "serving", null]]);

  second.entry.responded(200, []);
  assert(second.entry.cancel());
  await settle();
  assertEquals([second.ended(), seen(), second.entry.cancel()], ["cancelled", [], false]);
  await scheduler.drained();
});
