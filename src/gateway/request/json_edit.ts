/**
 * Filters on a JSON body as replacements of byte ranges: order, spacing and everything that no filter names stay. Pure.
 *
 * @module
 */

import { GatewayError } from "../../errors.ts";
import { type AppliedFilters, type Change, type Changes, planOf } from "./filter_plan.ts";
import type { ByteEdit } from "./held_body.ts";
import { type JsonMember, type JsonShape, membersOf, shapeAt, topValueAt } from "./json_members.ts";

const ENCODER = new TextEncoder();
const NOTHING = new Uint8Array(0);

/**
 * The edits that filters make to `bytes`, which must be valid JSON; in order, none overlaps another or the value of `model`.
 *
 * A key that is there more than once is changed each time, so that no reader finds what was to be removed or replaced. A
 * body that is no object is left alone.
 *
 * @throws {GatewayError} `bad_request` when something is to be set within a value that has no members.
 */
export function editsOf(bytes: Uint8Array, applied: readonly AppliedFilters[]): readonly ByteEdit[] {
  const plan = planOf(applied);
  const start = topValueAt(bytes);
  const edits: ByteEdit[] = [];
  if (plan.size > 0 && shapeAt(bytes, start) === "object") editContainer({ bytes, edits }, { start, plan, path: [] });
  return edits.sort((a, b) => a.start - b.start || a.end - b.end);
}

/** JSON for a configured value; what JSON has no form for becomes null. */
export function jsonBytes(value: unknown): Uint8Array<ArrayBuffer> {
  return ENCODER.encode(JSON.stringify(value) ?? "null");
}

interface Editing {
  readonly bytes: Uint8Array;
  readonly edits: ByteEdit[];
}

/** An object or list, and what happens in it. */
interface Container {
  /** Its bracket. */
  readonly start: number;
  readonly plan: Changes;
  /** Keys that lead to it. */
  readonly path: readonly string[];
}

function editContainer(editing: Editing, { start, plan, path }: Container): void {
  const { bytes, edits } = editing;
  const isList = shapeAt(bytes, start) === "list";
  const missing = new Map(plan);
  let previous: JsonMember | null = null;
  let hasKept = false;
  /** A removed member with nothing kept before it: it takes the comma behind it along, once that is known. */
  let removedFrom: number | null = null;
  for (const member of membersOf(bytes, start)) {
    const change = plan.get(member.key);
    if (removedFrom !== null) edits.push({ start: removedFrom, end: member.start, bytes: NOTHING });
    removedFrom = null;
    if (change?.kind === "remove") {
      if (hasKept && previous !== null) edits.push({ start: previous.end, end: member.end, bytes: NOTHING });
      else removedFrom = member.start;
    } else {
      hasKept = true;
      if (change !== undefined) editValue(editing, member, { change, path: [...path, member.key] });
      missing.delete(member.key);
    }
    previous = member;
  }
  if (removedFrom !== null && previous !== null) edits.push({ start: removedFrom, end: previous.end, bytes: NOTHING });
  const end = previous?.end ?? start + 1;
  for (const [key, change] of missing) {
    const value = newValue(change);
    if (value === undefined) continue;
    if (isList) throw noMembers([...path, key], "is not in a list that the request sends");
    const text = `${hasKept ? "," : ""}${JSON.stringify(key)}:${JSON.stringify(value) ?? "null"}`;
    edits.push({ start: end, end, bytes: ENCODER.encode(text) });
    hasKept = true;
  }
}

interface ValueChange {
  readonly change: Exclude<Change, { readonly kind: "remove" }>;
  readonly path: readonly string[];
}

function editValue(editing: Editing, { valueStart, end }: JsonMember, { change, path }: ValueChange): void {
  const { bytes, edits } = editing;
  if (change.kind === "replace") {
    edits.push({ start: valueStart, end, bytes: jsonBytes(change.value) });
    return;
  }
  const shape: JsonShape = shapeAt(bytes, valueStart);
  if (shape === "object" || shape === "list") {
    editContainer(editing, { start: valueStart, plan: change.changes, path });
    return;
  }
  const value = newValue(change);
  if (value === undefined) return; // nothing to remove here
  if (shape !== "null") throw noMembers(path, "must be an object: the gateway sets a parameter in it");
  edits.push({ start: valueStart, end, bytes: jsonBytes(value) });
}

/** What a change makes where nothing was; undefined for nothing. */
function newValue(change: Change): unknown {
  if (change.kind === "remove") return undefined;
  if (change.kind === "replace") return change.value ?? null;
  const members = [...change.changes].flatMap(([key, inner]): [string, unknown][] => {
    const value = newValue(inner);
    return value === undefined ? [] : [[key, value]];
  });
  return members.length === 0 ? undefined : Object.fromEntries(members);
}

function noMembers(path: readonly string[], what: string): GatewayError {
  const param = path.join(".");
  return new GatewayError("bad_request", `${JSON.stringify(param)} ${what}`, { param });
}
