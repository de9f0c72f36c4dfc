/**
 * Eviction by a matrix, remembering its latest answers: the scheduler asks again for each waiting request at each change.
 *
 * @module
 */

import type { Matrix } from "./matrix.ts";
import { findCommonSet, solveMatrix } from "./matrix_solver.ts";
import type { Effort, EvictionDecision, EvictionPolicy } from "./policy.ts";

/** How many answers are remembered. */
const REMEMBERED = 256;

/** Makes the policy of a compiled matrix. */
export function createMatrixPolicy(matrix: Matrix): EvictionPolicy {
  const answers = new Map<string, EvictionDecision>();

  function explain(target: string, running: readonly string[]): EvictionDecision {
    const key = JSON.stringify([target, running]);
    const known = answers.get(key);
    if (known !== undefined) answers.delete(key);
    const decision = known ?? solveMatrix(matrix, target, running);
    answers.set(key, decision);
    if (answers.size > REMEMBERED) {
      for (const oldest of answers.keys()) {
        answers.delete(oldest);
        break;
      }
    }
    return decision;
  }

  function whyNotTogether(models: readonly string[], effort?: Effort): string | null {
    if (models.length === 0) return null;
    const { set, exact } = findCommonSet(matrix, models, effort);
    if (set !== null || (effort !== undefined && effort.left < 0)) return null;
    return exact
      ? "must all appear together in one expanded matrix set"
      : "must all appear together in one expanded matrix set, and the sets are too entangled to find one that holds them";
  }

  return {
    kind: "matrix",
    evictedBy: (target, running) => running.includes(target) ? [] : explain(target, running).evicted,
    explain,
    canCoexist: (models) => whyNotTogether(models) === null,
    whyNotTogether,
  };
}
