/**
 * Faults that a careful person could put into the scheduler; the tests must notice each.
 *
 * @module
 */

/** One fault: `find` occurs exactly once in the file and is replaced. */
export interface Fault {
  /** What goes wrong. */
  readonly name: string;
  /** The file, from the repository's root. */
  readonly file: string;
  /** The text as it is. */
  readonly find: string;
  /** The text with the fault. */
  readonly replace: string;
}

const FACTS = "src/scheduler/serial_facts.ts";
const DRAFT = "src/scheduler/serial_draft.ts";
const SETTLE = "src/scheduler/serial_settle.ts";
const QUEUE = "src/scheduler/queue.ts";
const LEASE = "src/scheduler/lease.ts";
const INBOX = "src/scheduler/inbox.ts";
const RELOAD = "src/scheduler/reload.ts";
const EITHER = "src/scheduler/either_core.ts";
const FIFO_FACTS = "src/scheduler/fifo_facts.ts";
const FIFO_DRAFT = "src/scheduler/fifo_draft.ts";
const FIFO_CHOICE = "src/scheduler/fifo_choice.ts";
const FIFO_SETTLE = "src/scheduler/fifo_settle.ts";
const FIFO_LANES = "src/scheduler/fifo_lanes.ts";

/** The faults, each with the promise it breaks. */
export const FAULTS: readonly Fault[] = [
  {
    name: "lost release: the slot is not freed when serving ends (S13)",
    file: FACTS,
    find: "else endTurn(draft, turn);",
    replace: "else turn.gone satisfies boolean;",
  },
  {
    name: "double release: a hold that was given back for a renewal is given back again (law of the lease)",
    file: LEASE,
    find: "    this.#hold = null;\n    hold?.release();",
    replace: "    hold?.release();",
  },
  {
    name: "double grant: a caller that left during its load is granted (S10)",
    file: DRAFT,
    find: "if (turn.gone) continue;",
    replace: "",
  },
  {
    name: "a late end of any load is taken for the current one (S12)",
    file: FACTS,
    find: "  if (active?.loadId !== loadId) return;",
    replace: "  if (active === null || loadId <= 0) return;",
  },
  {
    name: "a wait is told without the load of a model that has to be loaded (G6)",
    file: "src/scheduler/serial_forecast.ts",
    find: "return this.#lastEnd + loadMsOf(this.#estimates, model);",
    replace: "return this.#lastEnd;",
  },
  {
    name: "the times of all models are kept together (G6)",
    file: "src/scheduler/estimates.ts",
    find: "const place = places.get(model);",
    replace: 'const place = model === "" ? undefined : places.size === 0 ? undefined : 0;',
  },
  {
    name: "a settled caller leaves its abort listener behind",
    file: LEASE,
    find: `this.#callerSignal?.removeEventListener("abort", this);`,
    replace: "",
  },
  {
    name: "a caller that leaves the queue stays in it (S9)",
    file: FACTS,
    find: "leaveQueue(draft, waiting);\n    if (error !== null) refuse(draft, ticket, error);\n    return;",
    replace: "if (error !== null) refuse(draft, ticket, error);\n    return;",
  },
  {
    name: "a request for another model joins the active one (S3)",
    file: DRAFT,
    find: "active.model === model && active.loadId === null && isAloneAndReady(draft, model);",
    replace: "active.loadId === null && isAloneAndReady(draft, active.model);",
  },
  {
    name: "the newest request is taken for the head (S2)",
    file: QUEUE,
    find: "return firstSlot(node) as T | undefined;",
    replace: "return node.slots.findLast((slot) => slot !== undefined) as T | undefined;",
  },
  {
    name: "a line that never empties keeps the part that it has left (growth)",
    file: QUEUE,
    find: "if (part === undefined || part.count < root.count) break;",
    replace: "break;",
  },
  {
    name: "a ready target is served beside another running backend (S6)",
    file: DRAFT,
    find: `return draft.running.size === 1 && draft.running.get(model) === "ready" &&`,
    replace: `return draft.running.get(model) === "ready" &&`,
  },
  {
    name: "the next head starts while an unload is pending (S18)",
    file: DRAFT,
    find: "  if (unloading.size > 0) return true;\n",
    replace: "",
  },
  {
    name: "the slot is freed when the caller leaves, not when its load has ended (S14)",
    file: FACTS,
    find: "setTurn(draft, turn, { ...turn, gone: true });\n    if (error !== null)",
    replace: "endTurn(draft, turn);\n    if (error !== null)",
  },
  {
    name: "the backends to stop are not in ascending order (S4)",
    file: SETTLE,
    find: "|| isStale(draft, model)).sort();",
    replace: "|| isStale(draft, model));",
  },
  {
    name: "an event raised while another is carried out is handled in the middle of it",
    file: INBOX,
    find: "    if (this.#isBusy) return;\n",
    replace: "",
  },
  {
    name: "fifo: a served request keeps its place among those of its model (FI24)",
    file: FIFO_DRAFT,
    find: "  endServing(draft, turn);\n  release(draft, turn.model);",
    replace: "  endServing(draft, turn);",
  },
  {
    name: "fifo: a load may stop the target of a running load (§4.4, first rule)",
    file: FIFO_CHOICE,
    find: "    if (evict.includes(target)) return true;\n",
    replace: "",
  },
  {
    name: "fifo: a load may start what a running load stops (§4.4, second rule)",
    file: FIFO_CHOICE,
    find: "    if (swap.evict.includes(model)) return true;\n",
    replace: "",
  },
  {
    name: "fifo: two loads may stop the same backend (§4.4, third rule)",
    file: FIFO_CHOICE,
    find: "    if (evict.some((other) => swap.evict.includes(other))) return true;\n",
    replace: "",
  },
  {
    name: "fifo: a load starts beside one that would have to stop its target",
    file: FIFO_CHOICE,
    find: "  if (!fitsBesideLoads(draft, { model, evict })) return null;\n",
    replace: "",
  },
  {
    name: "fifo: a busy model is stopped (§4.3, step 7)",
    file: FIFO_CHOICE,
    find: "  if (evict.some((other) => draft.inFlight.has(other))) return null;\n",
    replace: "",
  },
  {
    name: "fifo: the lower priority goes first (FI20)",
    file: FIFO_LANES,
    find: "lane.priority <= priority",
    replace: "lane.priority >= priority",
  },
  {
    name: "fifo: maxAge holds nobody back (W27)",
    file: FIFO_CHOICE,
    find: "waiting.at + settings.maxAgeMs <= now ? waiting : undefined",
    replace: "waiting.at + settings.maxAgeMs <= now ? undefined : undefined",
  },
  {
    name: "fifo: a new load may get in the way of the oldest request (W27)",
    file: FIFO_CHOICE,
    find:
      "  if (claim !== null && claim.model !== model && getsInTheWay(draft, { model, evict }, claim)) return null;\n",
    replace: "",
  },
  {
    name: "fifo: the late end of a load is matched by its model's name (W30)",
    file: FIFO_FACTS,
    find: "if (swap.loadId === loadId) return endSwap(draft, model);",
    replace: "if (swap.loadId >= loadId) return endSwap(draft, model);",
  },
  {
    name: "fifo: a blocked request blocks those behind it (§4.5, drain)",
    file: FIFO_SETTLE,
    find: "    if (blocked >= lanes.models) return;",
    replace: "    if (blocked >= 1) return;",
  },
  {
    name: "fifo: who waits is not looked at when a model becomes idle",
    file: FIFO_DRAFT,
    find: "  if (left <= 0) draft.mustWalk = true;\n",
    replace: "",
  },
  {
    name: "fifo: a model is started while its unload goes on",
    file: FIFO_CHOICE,
    find: "if (isDraining(draft, model) || isUnloading(draft, model)) return null;",
    replace: "if (isDraining(draft, model)) return null;",
  },
  {
    name: "reload: a stale backend gets new work",
    file: RELOAD,
    find: "  return reload !== NO_RELOAD && reload.stale.get(model)?.isStuck === false;",
    replace: "  return reload === NO_RELOAD && reload.stale.get(model)?.isStuck === false;",
  },
  {
    name: "reload: a backend is stopped while it serves",
    file: RELOAD,
    find: "if (retireId !== null || isStuck || isBusy(model)) continue;",
    replace: "if (retireId !== null || isStuck) continue;",
  },
  {
    name: "reload: the late end of an earlier stop is taken for the present one",
    file: RELOAD,
    find: "find(([, known]) => known.retireId === retireId)?.[0];",
    replace: "find(([, known]) => known.retireId !== null)?.[0];",
  },
  {
    name: "reload: under serial a model is loaded before a stale backend has stopped (G1)",
    file: DRAFT,
    find: "(reload.next !== null || drains(draft));",
    replace: "reload.next !== null;",
  },
  {
    name: "reload: the other core takes over while the one before still has something going on",
    file: EITHER,
    find: "  return isSerial(state) ? SERIAL_CORE.handOver(state) : FIFO_CORE.handOver(state);",
    replace: "  return { common: state, waiting: [...transition.length > 0 ? EITHER_CORE.waitingIn(state, 0) : []] };",
  },
];
