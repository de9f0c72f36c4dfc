/**
 * Groups of models: who is in which, what a block of them gets wrong, and the group of all the others.
 *
 * @module
 */

import { type Finding, type KnownNames, quoteName, suggestName } from "./findings.ts";

/** The group that holds every model that is in no other. */
export const DEFAULT_GROUP = "(default)";

/** One group. */
export interface Group {
  /** Its key in the config. */
  readonly id: string;
  /** Model ids. */
  readonly members: readonly string[];
  /** Whether its members take turns: one at a time. */
  readonly swap: boolean;
  /** Whether starting a member evicts the models of other groups. */
  readonly exclusive: boolean;
  /** Whether members of other groups leave its members alone. */
  readonly persistent: boolean;
}

/** A checked block: every model is in exactly one group, when nothing is an error. */
export interface CheckedGroups {
  /** The groups in the given order, then {@link DEFAULT_GROUP}. */
  readonly groups: readonly Group[];
  /** What is wrong or odd, in the order of the block. */
  readonly findings: readonly Finding[];
}

/**
 * Checks who is a member of what, and adds the group of the models that are in none.
 *
 * A member that is an alias stands for its model, with a warning.
 */
export function checkGroups(given: readonly Group[], known: KnownNames): CheckedGroups {
  const findings: Finding[] = [];
  const home = new Map<string, string>();
  const groups = given.map((group): Group => {
    if (group.id === DEFAULT_GROUP) findings.push(takenName());
    const members: string[] = [];
    group.members.forEach((member, index) => {
      const path = [group.id, "members", index];
      const { model, finding } = resolveMember(member, path, known);
      if (finding !== null) findings.push(finding);
      if (model === null) return;
      const other = home.get(model);
      if (other === undefined) {
        home.set(model, group.id);
        members.push(model);
      } else findings.push({ severity: "error", path, message: describeSecondPlace(model, other, group.id) });
    });
    return { ...group, members };
  });
  const rest = [...known.models].filter((model) => !home.has(model)).sort();
  groups.push({ id: DEFAULT_GROUP, members: rest, swap: true, exclusive: true, persistent: false });
  return { groups, findings };
}

function takenName(): Finding {
  return {
    severity: "error",
    path: [DEFAULT_GROUP],
    message: `the name ${quoteName(DEFAULT_GROUP)} is taken by the group of all models that are in no other`,
    expected: "another name",
  };
}

function resolveMember(
  member: string,
  path: Finding["path"],
  known: KnownNames,
): { readonly model: string | null; readonly finding: Finding | null } {
  if (known.models.has(member)) return { model: member, finding: null };
  const model = known.aliases?.get(member);
  if (model !== undefined && known.models.has(model)) {
    const message = `${quoteName(member)} is an alias; its model ${quoteName(model)} is taken as the member`;
    return { model, finding: { severity: "warning", path, message, found: member, expected: "a model id" } };
  }
  const message = `unknown model ${quoteName(member)}: no model config for it`;
  const finding: Finding = {
    severity: "error",
    path,
    message,
    found: member,
    expected: "a model id",
    refersToName: true,
  };
  return { model: null, finding: { ...finding, ...suggestName(member, known) } };
}

function describeSecondPlace(model: string, first: string, second: string): string {
  const name = quoteName(model);
  return first === second
    ? `duplicate model member ${name}`
    : `model ${name} is used in multiple groups: ${quoteName(first)} and ${quoteName(second)}`;
}
