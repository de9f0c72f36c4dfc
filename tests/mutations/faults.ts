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

const CORE = "src/scheduler/serial_core.ts";
const DRAFT = "src/scheduler/serial_draft.ts";
const SETTLE = "src/scheduler/serial_settle.ts";
const QUEUE = "src/scheduler/queue.ts";
const LEASE = "src/scheduler/lease.ts";
const FACADE = "src/scheduler/scheduler.ts";

/** The faults, each with the promise it breaks. */
export const FAULTS: readonly Fault[] = [
  {
    name: "lost release: the slot is not freed when serving ends (S13)",
    file: CORE,
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
    file: CORE,
    find: "if (draft.active?.loadId === loadId) grantLoading(draft, draft.active);",
    replace: "if (draft.active !== null && loadId > 0) grantLoading(draft, draft.active);",
  },
  {
    name: "a settled caller leaves its abort listener behind",
    file: LEASE,
    find: `this.#callerSignal?.removeEventListener("abort", this);`,
    replace: "",
  },
  {
    name: "a caller that leaves the queue stays in it (S9)",
    file: CORE,
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
    find: "return node.slots.find((slot) => slot !== undefined) as T | undefined;",
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
    find: `return draft.running.size === 1 && draft.running.get(model) === "ready";`,
    replace: `return draft.running.get(model) === "ready";`,
  },
  {
    name: "the next head starts while an unload is pending (S18)",
    file: SETTLE,
    find: "if (draft.closed !== null || draft.unloading.size > 0) return;",
    replace: "if (draft.closed !== null) return;",
  },
  {
    name: "the slot is freed when the caller leaves, not when its load has ended (S14)",
    file: CORE,
    find: "setTurn(draft, turn, { ...turn, gone: true });\n    if (error !== null)",
    replace: "endTurn(draft, turn);\n    if (error !== null)",
  },
  {
    name: "the backends to stop are not in ascending order (S4)",
    file: SETTLE,
    find: ".filter((model) => model !== active.model).sort();",
    replace: ".filter((model) => model !== active.model);",
  },
  {
    name: "an event raised while another is carried out is handled in the middle of it",
    file: FACADE,
    find: "if (this.#busy) return;",
    replace: "",
  },
];
