/**
 * Problems that belong together: an unknown macro is told once, where it is written, with what was probably meant; what
 * only follows from it is no news.
 *
 * @module
 */

import type { Finding, GatheredFindings } from "./findings.ts";
import type { ConfigPath } from "./issues.ts";
import { PathMap } from "./path_map.ts";
import { nearestName } from "./suggestions.ts";
import { isTree, nodeAt, type Tree } from "./tree.ts";

/** What {@link relateProblems} needs besides. */
export interface RelateContext {
  /** The tree as it was read. */
  readonly root: Tree;
  /** Everything that was told. */
  readonly findings: GatheredFindings;
  /** Variables of the environment that the config names. */
  readonly variables: readonly string[];
  /** Whether the environment has a variable. */
  readonly isSet: (name: string) => boolean;
}

/** Names that the gateway gives a meaning. */
const BUILT_IN: readonly string[] = ["PORT", "MODEL_ID", "PID"];
const PLACEHOLDER = /\$\{([A-Za-z0-9_-]+)\}/g;

/** Nobody reads more suggestions, and each costs a look at all names. */
const MAX_EXPLAINED = 100;
/** Characters that are looked through for where a placeholder is written, in all. */
const MAX_STEPS = 20_000_000;

/** Macros that a text sees. */
interface Scope {
  find(name: string): Declared | undefined;
  names(): readonly string[];
}

/** A macro as it is declared. */
interface Declared {
  readonly path: ConfigPath;
  readonly value: unknown;
}

/** A problem that is told at the macro by way of which it comes. */
interface Moved {
  readonly index: number;
  users: number;
}

/** Leaves out what only follows from another problem, and moves and explains unknown macros. */
export function relateProblems({ root, findings, variables, isSet }: RelateContext): readonly Finding[] {
  const { problems, warnings } = findings;
  if (problems.length === 0) return problems;
  const at = byPath(problems);
  const unread = byPath(problems.filter(isUnread));
  const lost = byPath(problems.filter(({ token, isLost }) => token !== undefined || isLost));
  const ignored = byPath(warnings.filter((one) => one.isIgnored));
  const scopeOf = createScopes(root);
  let [explanations, steps] = [MAX_EXPLAINED, MAX_STEPS];
  const moved = new PathMap<Moved>();
  const allMoved: Moved[] = [];
  const related: Finding[] = [];
  for (const problem of problems) {
    const { path, token } = problem;
    if (token === undefined) {
      // A text with an unknown macro in it is not what its author meant: whatever else is wrong with it is no news.
      const isNews = problem.place !== undefined || problem.isLost || typeof nodeAt(root, path) !== "string" ||
        lost.get(path) === undefined;
      if (isNews) related.push(problem);
      continue;
    }
    if (steps <= 0) {
      related.push(problem);
      continue;
    }
    const name = token.slice(2, -1);
    const scope = scopeOf(path);
    const declared = scope.find(name);
    const wasRefused = declared !== undefined && at.get(declared.path) !== undefined;
    if (wasRefused || unread.nearest(path.slice(0, -1)) !== undefined) continue;
    const key = ignored.nearest(path);
    if (key !== undefined) {
      // llama-swap reads macros in keys of a model that it does not know (spec §2.6), but in no others.
      if (path[0] !== "models") continue;
      const message = `${problem.message}, in a key that is unknown itself`;
      related.push({ ...problem, message, suggestion: key.suggestion });
      continue;
    }
    const meant = explanations-- > 0 ? explain(name, { declared, scope, variables, isSet, path }) : {};
    const explained = { ...problem, ...meant };
    const carrier = BUILT_IN.includes(name)
      ? undefined
      : carrierOf(token, nodeAt(root, path), { scope, step: (cost) => (steps -= cost) > 0 });
    if (carrier === undefined) {
      related.push(explained);
      continue;
    }
    const slot = [...carrier.path, token];
    const before = moved.get(slot);
    if (before === undefined) {
      const first = { index: related.length, users: 1 };
      moved.set(slot, first);
      allMoved.push(first);
      const message = explained.message.replace(problem.message, `${problem.message}, by way of this macro`);
      related.push({ ...explained, message, path: carrier.path });
    } else before.users++;
  }
  for (const { index, users } of allMoved) {
    const problem = related[index];
    if (problem !== undefined && users > 1) {
      related[index] = { ...problem, message: `${problem.message}; so in ${users - 1} more` };
    }
  }
  return related;
}

interface ExplainContext {
  readonly declared: Declared | undefined;
  readonly scope: Scope;
  readonly variables: readonly string[];
  readonly isSet: RelateContext["isSet"];
  readonly path: ConfigPath;
}

/** What somebody who wrote the name may have meant. */
function explain(
  name: string,
  { declared, scope, variables, isSet, path }: ExplainContext,
): Pick<Finding, "suggestion" | "expected"> {
  if (declared !== undefined) return { expected: "a macro that is declared before the one that uses it" };
  if (BUILT_IN.includes(name)) return {};
  if (variables.includes(name) || (/^[A-Z][A-Z0-9_]{2,}$/.test(name) && isSet(name))) {
    return { suggestion: `env.${name}` };
  }
  const usable = path[0] === "models" ? ["PORT", "MODEL_ID", ...(path[2] === "cmdStop" ? ["PID"] : [])] : [];
  const near = nearestName(name, [...scope.names(), ...usable]);
  if (near !== undefined) return { suggestion: near };
  const variable = nearestName(name, variables);
  return variable === undefined ? {} : { suggestion: `env.${variable}` };
}

/** The macros that a text at a path sees; those of a model win. */
function createScopes(root: Tree): (path: ConfigPath) => Scope {
  const globals = declaredIn(root, ["macros"]);
  return (path) => {
    const own = path[0] === "models" ? declaredIn(root, [...path.slice(0, 2), "macros"]) : new Map<string, Declared>();
    return { find: (name) => own.get(name) ?? globals.get(name), names: () => [...own.keys(), ...globals.keys()] };
  };
}

function declaredIn(root: Tree, path: ConfigPath): ReadonlyMap<string, Declared> {
  const block = nodeAt(root, path);
  return new Map(
    isTree(block) ? Object.keys(block).map((name) => [name, { path: [...path, name], value: block[name] }]) : [],
  );
}

/** The macro in which a placeholder is written that a text holds only by using it; `undefined` when the text holds it itself. */
function carrierOf(
  token: string,
  text: unknown,
  { scope, step }: { readonly scope: Scope; readonly step: (cost: number) => boolean },
): Declared | undefined {
  if (typeof text !== "string" || !step(text.length) || text.includes(token)) return undefined;
  // A set that grows while it is walked.
  const names = new Set(namesIn(text));
  for (const name of names) {
    const macro = scope.find(name);
    if (typeof macro?.value !== "string") continue;
    if (!step(macro.value.length + 50)) return undefined;
    if (macro.value.includes(token)) return macro;
    for (const used of namesIn(macro.value)) names.add(used);
  }
  return undefined;
}

function namesIn(text: string): readonly string[] {
  return Array.from(text.matchAll(PLACEHOLDER), (match) => match[1] ?? "");
}

/** Whether nothing below is read, because it stands where it cannot. */
function isUnread({ found, token }: Finding): boolean {
  return token === undefined && (found === "a list" || found === "a mapping");
}

function byPath(findings: readonly Finding[]): PathMap<Finding> {
  const map = new PathMap<Finding>();
  for (const finding of findings) map.set(finding.path, finding);
  return map;
}
