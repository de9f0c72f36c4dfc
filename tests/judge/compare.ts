/**
 * Berth's own verdict on a case, and in what two verdicts differ.
 *
 * @module
 */

import { ConfigErrors, loadConfig } from "../../src/config/load.ts";
import type { Config } from "../../src/config/types.ts";
import { compileMatrix } from "../../src/eviction/matrix.ts";
import { createMatrixPolicy } from "../../src/eviction/matrix_policy.ts";
import type { JudgeCase, Verdict } from "./cases.ts";
import { normalise, type Plain, type PlainObject } from "./normalise.ts";

/** In what two verdicts differ: who refuses, or llama-swap's and Berth's value by path; `null` = in nothing. */
export type Difference = "Berth refuses" | "Berth accepts" | Readonly<Record<string, readonly [Plain, Plain]>> | null;

/** In a difference, the value of something that is not there. */
export const ABSENT = "(absent)";

/** Top-level keys that only say what models get that set nothing themselves: they are compared in the models. */
const SEEN_IN_MODELS = ["globalTTL", "unloadTimeout", "sendLoadingState"];

/** What differs wherever nothing is said: Berth's own order of requests is what it is for. */
const DIFFERENT_DEFAULTS: Readonly<Record<string, readonly [Plain, Plain]>> = {
  "routing.scheduler": ["fifo", "serial"],
};

/** Loads a case as Berth does. */
export function judge({ texts, env, questions, paths }: JudgeCase): Verdict {
  try {
    const { config } = loadConfig({ texts, env: (name) => env.get(name) });
    const ignored = paths.filter((path) => config.ignorePaths.some(({ expression }) => expression.test(path)));
    return { config: normalise(config), ...answer(config, questions), ignored };
  } catch (error) {
    if (!(error instanceof ConfigErrors)) throw error;
    return { error: error.issues.join("\n") };
  }
}

function answer({ models, router }: Config, questions: JudgeCase["questions"]): Pick<Verdict, "evictions"> {
  if (router.kind !== "matrix" || questions.length === 0) return {};
  const { vars, costs, sets } = router;
  const { matrix } = compileMatrix({
    models: new Set(models.keys()),
    vars: [...vars],
    evictCosts: [],
    sets: [...sets],
  });
  if (matrix === null) return { evictions: ["The matrix was accepted and does not compile"] };
  const policy = createMatrixPolicy({ ...matrix, costs });
  const names = (list: readonly string[]) => list.length === 0 ? "nothing" : list.join(", ");
  return {
    evictions: questions.map(({ target, running }) => {
      const sorted = running.toSorted();
      return `${target} while ${names(sorted)}: evicts ${names(policy.evictedBy(target, sorted))}`;
    }),
  };
}

/** Says in what Berth's verdict differs from llama-swap's; the words of two errors are not compared. */
export function compare(theirs: Verdict, ours: Verdict): Difference {
  if (theirs.config === undefined) return ours.config === undefined ? null : "Berth accepts";
  if (ours.config === undefined) return "Berth refuses";
  const expected = Object.entries(theirs.config).filter(([key]) => !SEEN_IN_MODELS.includes(key));
  const found = [
    ...differing(Object.fromEntries(expected), ours.config, ""),
    ...differing(theirs.evictions ?? [], ours.evictions ?? [], "evictions"),
    ...differing(theirs.ignored ?? [], ours.ignored ?? [], "ignored"),
  ].filter(([path, values]) => canonical(values) !== canonical(DIFFERENT_DEFAULTS[path] ?? null));
  return found.length === 0 ? null : Object.fromEntries(found);
}

function* differing(theirs: Plain, ours: Plain, path: string): Iterable<readonly [string, readonly [Plain, Plain]]> {
  if (isObject(theirs) && isObject(ours)) {
    for (const key of new Set([...Object.keys(theirs), ...Object.keys(ours)])) {
      const [left, right] = [theirs, ours].map((side) => Object.hasOwn(side, key) ? side[key] ?? null : ABSENT);
      yield* differing(left ?? null, right ?? null, path === "" ? key : `${path}.${key}`);
    }
  } else if (canonical(theirs) !== canonical(ours)) yield [path, [theirs, ours]];
}

/** A text that equal values share, whatever the order of their keys. */
export function canonical(value: Plain): string {
  return JSON.stringify(
    value,
    (_, item: unknown) =>
      isObject(item) ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => a < b ? -1 : 1)) : item,
  );
}

function isObject(value: unknown): value is PlainObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
