/**
 * What one request has taken and owes.
 *
 * @module
 */

/**
 * What is to be given back when a request is over: by whoever sees its end first, which is an error before the answer or the
 * end of the answer. A `DisposableStack` that is moved from hand to hand says the same, for three times the memory.
 */
export class Owed {
  #debts: (() => void)[] | null = [];

  /** Something was taken: `giveBack` is called once when the request is over, at once if it is. */
  add(giveBack: () => void): void {
    if (this.#debts === null) giveBack();
    else this.#debts.push(giveBack);
  }

  /** The request is over: what was taken last is given back first. A second call does nothing. */
  settle(): void {
    const debts = this.#debts;
    if (debts === null) return;
    this.#debts = null;
    for (let at = debts.length - 1; at >= 0; at--) debts[at]?.();
  }
}
