import { assert, assertEquals } from "@std/assert";
import { Backends } from "../src/backend/backends.ts";
import { silentLog } from "../src/log.ts";
import { Scheduler } from "../src/scheduler/scheduler.ts";
import { FakeSupervisor } from "./backend/fake_supervisor.ts";
import { specOf } from "./backend/processes.ts";
import { countedSignal, HandClock } from "./scheduler/fake_backends.ts";

/** Runs `make` and returns every Map and Set that was made meanwhile, with what `make` returned. */
function watchCollections<T>(make: () => T): { readonly made: T; readonly collections: { readonly size: number }[] } {
  const collections: { readonly size: number }[] = [];
  const { Map: RealMap, Set: RealSet } = globalThis;
  globalThis.Map = class<K, V> extends RealMap<K, V> {
    constructor(entries?: Iterable<readonly [K, V]> | null) {
      super(entries);
      collections.push(this);
    }
  } as MapConstructor;
  globalThis.Set = class<V> extends RealSet<V> {
    constructor(values?: Iterable<V> | null) {
      super(values);
      collections.push(this);
    }
  } as SetConstructor;
  try {
    return { made: make(), collections };
  } finally {
    globalThis.Map = RealMap;
    globalThis.Set = RealSet;
  }
}

Deno.test("after 20,000 requests nothing of them is left: no entry, no timer, no listener on a lasting signal", async () => {
  const clock = new HandClock();
  const supervisor = new FakeSupervisor();
  const specs = ["m0", "m1"].map((model) =>
    specOf("", { model, proxy: "http://127.0.0.1:1/", checkEndpoint: null, ttlMs: 60_000 })
  );
  const probe = () => Promise.resolve(200);
  const { made: scheduler, collections } = watchCollections(() => {
    const backends = new Backends({
      specs,
      clock,
      log: silentLog,
      supervisor,
      probes: { http: probe, connect: probe },
    });
    return new Scheduler({
      backends,
      clock,
      log: silentLog,
      models: new Map([["m0", { limit: 100 }], ["m1", {}]]),
      settings: { use: "serial", parallel: 3, maxQueue: 1_000, maxWaitMs: 30_000 },
    });
  });
  const caller = countedSignal();
  const first = scheduler.acquire("m0", { signal: caller.signal });
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  supervisor.last("m0").run();
  const warm = await first;
  const gone = listenersOn(warm.target.gone);
  warm.release();
  assertEquals([clock.timers.size, caller.listeners()], [1, 0]); // the idle time's timer
  const sizes = collections.map(({ size }) => size);
  assert(sizes.length > 8, "the scheduler's and the backends' own collections are watched");

  for (let round = 0; round < 2_000; round++) {
    const leaver = new AbortController();
    const options = (i: number) => ({ signal: i === 9 ? leaver.signal : caller.signal, id: `r${round}-${i}` });
    const leases = Array.from({ length: 10 }, (_, i) => scheduler.acquire("m0", { ...options(i), onPosition() {} }));
    leaver.abort();
    if (round % 10 === 0) scheduler.cancel(`r${round}-8`);
    const ends = leases.map((lease) => lease.then((granted) => granted.release(), () => {}));
    clock.advance(1);
    await Promise.all(ends);
  }
  assertEquals(collections.map(({ size }) => size), sizes);
  assertEquals([clock.timers.size, caller.listeners(), gone()], [1, 0, 0]);
  assertEquals(scheduler.snapshot(), {
    resident: "m0",
    running: [{ model: "m0", phase: "ready" }],
    active: [],
    waiting: [],
    total: 0,
  });
});

/** Counts the listeners that are put on a signal from now on. */
function listenersOn(signal: AbortSignal): () => number {
  let count = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    count++;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    count--;
    removeEventListener.apply(signal, args);
  };
  return () => count;
}
