/**
 * Items in the order in which they came, each of which goes when it will.
 *
 * Not a `Map`: one whose keys always are new ones moves into a new table every few removals, and the table before keeps what
 * was in it then until the garbage collector goes through all of the memory. For requests that means that most of them, with
 * all that hangs on them, outlive the cheap collections by far.
 *
 * @module
 */

/** What can stand in a {@link Chain}, in one at a time; the fields are the chain's. */
export interface Link<T> {
  /** The item that came before it. */
  earlier: T | null;
  /** The item that came after it. */
  later: T | null;
}

/** See the module. Everything but the walk costs the same however many there are. */
export class Chain<T extends Link<T>> {
  #first: T | null = null;
  #last: T | null = null;
  #size = 0;

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /** Puts an item at the end that is in no chain. */
  append(item: T): void {
    item.earlier = this.#last;
    if (this.#last === null) this.#first = item;
    else this.#last.later = item;
    this.#last = item;
    this.#size++;
  }

  /** Takes an item out that is in this chain; from then on it holds no other one. */
  remove(item: T): void {
    const { earlier, later } = item;
    if (earlier === null) this.#first = later;
    else earlier.later = later;
    if (later === null) this.#last = earlier;
    else later.earlier = earlier;
    item.earlier = null;
    item.later = null;
    this.#size--;
  }

  /** The oldest first; what is taken out meanwhile ends the walk where it stood. */
  *[Symbol.iterator](): Generator<T> {
    for (let item = this.#first; item !== null; item = item.later) yield item;
  }
}
