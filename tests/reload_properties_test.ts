import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Backends } from "../src/backend/backends.ts";
import type { BackendSpec, BackendTarget, GroupEvents, RunningGroup, Supervisor } from "../src/backend/types.ts";
import { GatewayError } from "../src/errors.ts";
import { silentLog } from "../src/log.ts";
import type { BackendPort } from "../src/scheduler/backend_port.ts";
import { Scheduler } from "../src/scheduler/scheduler.ts";
import { specOf } from "./backend/processes.ts";
import { handClock } from "./tiny/hand_clock.ts";

const MODELS = ["a", "b", "c"] as const;
type Keys = Readonly<Partial<Record<typeof MODELS[number], string>>>;

/** A process that the test lets become ready and end when it likes. */
interface Process {
  readonly spec: BackendSpec;
  readonly events: GroupEvents;
  readonly begin: () => void;
  isAsked: boolean;
}

/** Scheduler and backends as the gateway wires them, over processes without substance; it watches G1 itself. */
class World {
  keys: Keys = { a: "1", b: "1" };
  readonly alive = new Set<Process>();
  readonly clock = handClock();
  readonly backends: Backends;
  readonly scheduler: Scheduler<BackendTarget>;
  /** Leases that are held, each with the key that its process was started with. */
  readonly held: { readonly release: () => void }[] = [];
  asked = 0;
  settled = 0;
  reloads = 0;
  drained = 0;
  readonly leavers: AbortController[] = [];
  readonly #faults: string[] = [];
  /** Who waits, and whether its model was missing from a config meanwhile. */
  readonly #open = new Set<{ readonly model: string; mayBeUnknown: boolean }>();

  constructor() {
    const supervisor: Supervisor = {
      start: (spec, events) => this.#start(spec, events),
      output: () => "",
      history: () => {
        throw new Error("unused");
      },
      lastLines: () => "",
      forget() {},
      close: () => Promise.resolve(),
    };
    const probe = () => Promise.resolve(200);
    const { clock } = this;
    this.backends = new Backends({
      specs: this.#specs(),
      clock,
      log: silentLog,
      supervisor,
      probes: { http: probe, connect: probe },
    });
    const { backends } = this;
    const watched: BackendPort<BackendTarget> = {
      load: (model, options) => backends.load(model, options),
      stop: (models) => backends.stop(models),
      subscribe: (listener) => backends.subscribe(listener),
      hold: (model) => {
        this.#judge(model);
        return backends.hold(model);
      },
    };
    this.scheduler = new Scheduler<BackendTarget>({ backends: watched, clock, log: silentLog, ...this.#scheduling() });
  }

  #specs(): readonly BackendSpec[] {
    return Object.entries(this.keys).map(([model, processKey]) =>
      specOf("", { model, processKey, checkEndpoint: "/", stopGraceMs: 1e9, startTimeoutMs: 1e9 })
    );
  }

  #scheduling() {
    return {
      models: new Map(Object.keys(this.keys).map((model) => [model, {}])),
      settings: { use: "serial", parallel: 2, maxQueue: 100, maxWaitMs: null } as const,
    };
  }

  #start(spec: BackendSpec, events: GroupEvents): Promise<RunningGroup> {
    if (this.alive.size > 0) this.#faults.push(`${spec.model} was started beside another`);
    const model = spec.model as typeof MODELS[number];
    if (this.keys[model] !== spec.processKey) {
      this.#faults.push(`${model} was started with a config that is not in force`);
    }
    const { promise, resolve } = Promise.withResolvers<RunningGroup>();
    const process: Process = {
      spec,
      events,
      isAsked: false,
      begin: () => resolve({ pid: 1, terminate: () => void (process.isAsked = true), kill: () => this.end(process) }),
    };
    this.alive.add(process);
    return promise;
  }

  /** A lease is about to be granted. */
  #judge(model: string): void {
    const process = [...this.alive].find(({ spec }) => spec.model === model);
    if (process?.isAsked !== false) this.#faults.push(`${model} was lent while it was being stopped`);
    if (process?.spec.processKey !== this.keys[model as typeof MODELS[number]]) {
      this.#faults.push(`${model} was lent with a config that is not in force`);
    }
  }

  end(process: Process): void {
    if (!this.alive.delete(process)) return;
    process.begin();
    process.events.exited({ code: 0, signal: null });
    process.events.gone();
  }

  ask(model: string): void {
    this.asked++;
    const request = { model, mayBeUnknown: !(model in this.keys) };
    this.#open.add(request);
    const leaver = new AbortController();
    this.leavers.push(leaver);
    this.scheduler.acquire(model, { signal: leaver.signal }).then((lease) => {
      this.settled++;
      this.#open.delete(request);
      this.held.push({ release: () => lease.release() });
    }, (error) => {
      this.settled++;
      this.#open.delete(request);
      if (!(error instanceof GatewayError) || error.code === "start_failed") return;
      if (error.code !== "unknown_model" || !request.mayBeUnknown) {
        this.#faults.push(`${model} was refused: ${error.code}`);
      }
    });
  }

  reload(keys: Keys): void {
    const removed = Object.keys(this.keys).filter((model) => !(model in keys));
    this.keys = keys;
    for (const request of this.#open) request.mayBeUnknown ||= !(request.model in keys);
    const changed = new Set([...this.backends.reconfigure(this.#specs()), ...removed]);
    this.reloads++;
    this.scheduler.reconfigure({ ...this.#scheduling(), changed }).then(() => this.drained++);
  }

  /** What the one process that is there may do next. */
  advance(): void {
    for (const process of this.alive) {
      if (process.isAsked) this.end(process);
      else process.begin();
    }
  }

  async check(): Promise<void> {
    for (let i = 0; i < 30; i++) await Promise.resolve();
    assertEquals(this.#faults, []);
  }

  /** Lets everything come to its end and says what is left over. */
  async finish(): Promise<void> {
    for (let round = 0; round < 200; round++) {
      for (const { release } of this.held.splice(0)) release();
      this.advance();
      await this.check();
    }
    assertEquals([this.settled, this.drained], [this.asked, this.reloads]);
    for (const { model, phase } of this.backends.snapshot()) {
      assert(model in this.keys || phase !== "stopped", `${model} was left behind`);
      assert(phase === "stopped" || model in this.keys, `${model} goes on without a config`);
    }
  }
}

const key = fc.constantFrom(undefined, "1", "2");
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ type: fc.constant("ask" as const), model: fc.constantFrom(...MODELS) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("reload" as const), a: key, b: key, c: key }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant("advance" as const) }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant("release" as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("leave" as const), at: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("crash" as const) }) },
  { weight: 8, arbitrary: fc.record({ type: fc.constant("wait" as const) }) },
);

Deno.test("G1: whatever is asked, ends, crashes and is reloaded, no process starts beside another, none serves a config that is not in force, and all come to an end", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const world = new World();
      for (const action of steps) {
        switch (action.type) {
          case "ask":
            world.ask(action.model);
            break;
          case "reload": {
            const { type: _, ...keys } = action;
            world.reload(Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== undefined)));
            break;
          }
          case "advance":
            world.advance();
            break;
          case "release":
            world.held.shift()?.release();
            break;
          case "leave":
            world.leavers[action.at]?.abort(new Error("left"));
            break;
          case "crash":
            for (const process of world.alive) world.end(process);
            break;
          case "wait":
            await world.check();
            break;
          default:
            action satisfies never;
        }
      }
      await world.finish();
    }),
    { numRuns: 2_000 },
  );
});
