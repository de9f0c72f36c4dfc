import { assert, assertGreater } from "@std/assert";
import fc from "fast-check";
import { initialState, transition } from "../../src/scheduler/fifo_core.ts";
import { inOrder, oldest } from "../../src/scheduler/fifo_lanes.ts";
import type { FifoState } from "../../src/scheduler/fifo_state.ts";
import { itemsAfter } from "../../src/scheduler/queue.ts";
import type { Command, Event, EvictionPolicyLike } from "../../src/scheduler/types.ts";
import { FIFO_SETTINGS } from "./history.ts";

const NAMES = ["a", "b", "c", "d", "e"];
const STOP_MS = 3;

interface Arrival {
  readonly model: number;
  /** After the one before. */
  readonly gapMs: number;
  readonly serviceMs: number;
}

interface Plan {
  readonly policy: EvictionPolicyLike;
  readonly priorities: ReadonlyMap<string, number>;
  readonly maxAgeMs: number;
  readonly loadMs: number;
  readonly arrivals: readonly Arrival[];
}

/** Time that passes only by events: loads, stops and services take as long as the plan says. */
class Simulation {
  /** How often a bound was checked. */
  checked = 0;
  #now = 0;
  #state: FifoState;
  readonly #plan: Plan;
  readonly #agenda: { readonly at: number; readonly run: () => void }[] = [];
  readonly #serviceMs = new Map<number, number>();
  /** When what is served ends, and when the loads end, with the longest service of who waits for them. */
  readonly #ends = new Map<number, number>();
  readonly #loadEnds = new Map<string, number>();
  /** By when a request must have started, known from the moment when it was the oldest and had waited for `maxAge`. */
  readonly #bounds = new Map<number, number>();

  constructor(plan: Plan) {
    this.#plan = plan;
    const { policy, priorities, maxAgeMs } = plan;
    this.#state = initialState({
      models: new Map(NAMES.map((name) => [name, { limit: 1000 }])),
      settings: { ...FIFO_SETTINGS, policy, priorities, maxAgeMs },
    });
  }

  run(): void {
    let at = 0;
    this.#plan.arrivals.forEach(({ model, gapMs, serviceMs }, index) => {
      at += gapMs;
      this.#serviceMs.set(index + 1, serviceMs);
      this.#later(at, { type: "requested", ticket: index + 1, model: NAMES[model] ?? "a", at });
    });
    for (let next = this.#agenda.shift(); next !== undefined; next = this.#agenda.shift()) {
      this.#now = next.at;
      this.#noteBound();
      next.run();
      this.#checkBounds();
    }
    assert(this.#state.lanes.size === 0 && this.#state.serving.size === 0, "all are served in the end");
  }

  /** What goes on now is all that the oldest may have to wait for. */
  #noteBound(): void {
    const waiting = oldest(this.#state.lanes);
    if (waiting === undefined || waiting.at + this.#plan.maxAgeMs > this.#now || this.#bounds.has(waiting.ticket)) {
      return;
    }
    let bound = Math.max(this.#now, ...this.#ends.values());
    for (const [model, { waiters }] of this.#state.swaps) {
      const services = [...itemsAfter(waiters)].map(({ ticket }) => this.#serviceMs.get(ticket) ?? 0);
      bound = Math.max(bound, (this.#loadEnds.get(model) ?? 0) + Math.max(0, ...services));
    }
    this.#bounds.set(waiting.ticket, bound);
  }

  #checkBounds(): void {
    const waiting = new Set([...inOrder(this.#state.lanes)].map(({ ticket }) => ticket));
    for (const [ticket, bound] of this.#bounds) {
      assert(this.#now <= bound || !waiting.has(ticket), `${ticket} waits at ${this.#now}, bound ${bound}`);
      if (waiting.has(ticket)) continue;
      assert(this.#now <= bound, `${ticket} started at ${this.#now}, bound ${bound}`);
      this.#bounds.delete(ticket);
      this.checked++;
    }
  }

  #later(at: number, event: Event): void {
    this.#schedule(at, () => this.#tell(event));
  }

  #schedule(at: number, run: () => void): void {
    const index = this.#agenda.findIndex((other) => other.at > at);
    this.#agenda.splice(index === -1 ? this.#agenda.length : index, 0, { at, run });
  }

  #tell(event: Event): void {
    const [state, commands] = transition(this.#state, event);
    this.#state = state;
    for (const command of commands) this.#obey(command);
  }

  #obey(command: Command): void {
    if (command.type === "grant") {
      const { ticket } = command;
      const end = this.#now + (this.#serviceMs.get(ticket) ?? 0);
      this.#ends.set(ticket, end);
      this.#schedule(end, () => {
        this.#ends.delete(ticket);
        this.#tell({ type: "served", ticket, at: this.#now });
      });
    } else if (command.type === "load") {
      const { loadId, model, evict } = command;
      const startAt = this.#now + (evict.length > 0 ? STOP_MS : 0);
      const end = startAt + this.#plan.loadMs;
      this.#loadEnds.set(model, end);
      for (const other of evict) {
        this.#later(startAt, { type: "backendChanged", model: other, phase: "stopped", at: startAt });
      }
      this.#later(startAt, { type: "backendChanged", model, phase: "starting", at: startAt });
      this.#later(end, { type: "backendChanged", model, phase: "ready", at: end });
      this.#later(end, { type: "loaded", loadId, at: end });
    }
  }
}

const plans: fc.Arbitrary<Plan> = fc.record({
  policy: fc.array(fc.integer({ min: 0, max: 99 }), { minLength: 25, maxLength: 25 }).map((weights) => ({
    evictedBy: (target: string, running: readonly string[]) =>
      running.filter((model) =>
        model !== target && (weights[NAMES.indexOf(target) * NAMES.length + NAMES.indexOf(model)] ?? 0) < 60
      ),
  })),
  priorities: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 5, maxLength: 5 })
    .map((numbers) => new Map(numbers.map((priority, index) => [NAMES[index] ?? "", priority]))),
  maxAgeMs: fc.nat(60),
  loadMs: fc.integer({ min: 1, max: 30 }),
  arrivals: fc.array(
    fc.record({
      // Most requests want one of two models, so that these are hardly ever idle.
      model: fc.oneof({ weight: 5, arbitrary: fc.nat(1) }, { weight: 1, arbitrary: fc.nat(4) }),
      gapMs: fc.nat(6),
      serviceMs: fc.integer({ min: 1, max: 40 }),
    }),
    { minLength: 40, maxLength: 120, size: "max" },
  ),
});

Deno.test("W27 W28: under any stream of requests the oldest starts after maxAge and what was under way before, nothing more", () => {
  let checked = 0;
  fc.assert(
    fc.property(plans, (plan) => {
      const simulation = new Simulation(plan);
      simulation.run();
      checked += simulation.checked;
    }),
    { numRuns: 300 },
  );
  assertGreater(checked, 1_000);
});
