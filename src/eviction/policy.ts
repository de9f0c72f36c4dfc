/**
 * The question of this room: which running models must go before a target may start.
 *
 * @module
 */

/** What was decided for one target, for the log and for whoever asks why. */
export interface EvictionDecision {
  /** Which rules decided. */
  readonly kind: "groups" | "matrix";
  /** The model that is to run. */
  readonly target: string;
  /** The running models that must go, in the order of `running`. */
  readonly evicted: readonly string[];
  /** The target's group, or the matrix set that was chosen; null when the target is in none. */
  readonly chosen: string | null;
  /** The chosen set's expression; null for groups. */
  readonly expression: string | null;
  /** The models that the choice lets run together, sorted; with groups, what stays and the target. */
  readonly together: readonly string[];
  /** What the eviction costs: the sum of `evict_costs`; with groups, the number of evicted models. */
  readonly cost: number;
  /** False when the search was cut short: the result is allowed, but another one may cost less. */
  readonly exact: boolean;
}

/** What several questions may cost together. */
export interface Effort {
  /** Comparisons; less than none when a question was not answered for want of them. */
  left: number;
}

/** Says which models may be in memory together. Pure: the same question has the same answer. */
export interface EvictionPolicy {
  /** Which rules decide. */
  readonly kind: "groups" | "matrix";
  /** The running models that must go before `target` may start, in the order of `running`; never the target. */
  evictedBy(target: string, running: readonly string[]): readonly string[];
  /** The same decision with its reasons. */
  explain(target: string, running: readonly string[]): EvictionDecision;
  /** Whether the rules let all these models be loaded side by side whichever comes first: the rule for selectors. */
  canCoexist(models: readonly string[]): boolean;
  /**
   * Why {@link EvictionPolicy.canCoexist} says no, as the end of a sentence about the models; null when it says yes, or when
   * the answer would take more than `effort` has left.
   */
  whyNotTogether(models: readonly string[], effort?: Effort): string | null;
}
