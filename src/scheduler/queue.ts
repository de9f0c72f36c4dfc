/**
 * A line of items as a value: a persistent radix trie over rising tickets in which every node knows how many it holds.
 *
 * Appending, replacing, removing and asking for a position copy or visit one path, O(log32 n), and leave older versions
 * intact. `n` is the way from the oldest ticket in the line to the newest, however many came before.
 *
 * @module
 */

/** What can stand in the line. */
export interface Ticketed {
  /** Rises strictly from one appended item to the next. */
  readonly ticket: number;
}

/** A part of the trie. */
export interface Node<T> {
  /** Items below. */
  readonly count: number;
  /** Children: nodes above the lowest level, items on it. */
  readonly slots: readonly (Node<T> | T | undefined)[];
}

/** A line of items in ticket order; never changed in place. */
export interface Queue<T extends Ticketed> {
  /** How many items wait. */
  readonly size: number;
  /** The ticket that offset 0 stands for; moves on when the line has moved on. */
  readonly base: number;
  /** How many tickets one slot of the root covers: a power of {@link FAN_OUT}. */
  readonly span: number;
  /** The trie; null when empty. */
  readonly root: Node<T> | null;
}

const FAN_OUT = 32;

const EMPTY: Queue<never> = { size: 0, base: 0, span: 1, root: null };

/** A line with nobody in it. */
export function emptyQueue<T extends Ticketed>(): Queue<T> {
  return EMPTY;
}

/** The line with `item` at its end; its ticket must be above every ticket that is in this line. */
export function append<T extends Ticketed>(queue: Queue<T>, item: T): Queue<T> {
  if (queue.root === null) {
    return { size: 1, base: item.ticket, span: 1, root: { count: 1, slots: [item] } };
  }
  const offset = item.ticket - queue.base;
  let { root, span } = queue;
  while (offset >= span * FAN_OUT) {
    root = { count: root.count, slots: [root] };
    span *= FAN_OUT;
  }
  return movedOn({ size: queue.size + 1, base: queue.base, span, root: insert(root, span, { offset, item }) }, item);
}

/** The line with `item` at the place of its ticket, also before or between others; the ticket must not be in it. */
export function put<T extends Ticketed>(queue: Queue<T>, item: T): Queue<T> {
  let { base, span, root } = queue;
  while (root !== null && item.ticket < base) {
    const width = span * FAN_OUT;
    const before = Math.min(FAN_OUT - 1, Math.ceil((base - item.ticket) / width));
    const slots: (Node<T> | undefined)[] = Array(before).fill(undefined);
    slots.push(root);
    root = { count: root.count, slots };
    base -= before * width;
    span = width;
  }
  return append({ size: queue.size, base, span, root }, item);
}

/** A line that never empties leaves the old part of its trie behind: only the part where `item` stands may be kept. */
function movedOn<T extends Ticketed>(queue: Queue<T>, item: T): Queue<T> {
  let { base, span, root } = queue;
  while (root !== null && span > 1) {
    const index = Math.floor((item.ticket - base) / span);
    const part = root.slots[index] as Node<T> | undefined;
    if (part === undefined || part.count < root.count) break;
    base += index * span;
    span /= FAN_OUT;
    root = part;
  }
  return span === queue.span ? queue : { size: queue.size, base, span, root };
}

/** The line with `item` in the place of the one with its ticket; the same line when there is none. */
export function replace<T extends Ticketed>(queue: Queue<T>, item: T): Queue<T> {
  if (queue.root === null || find(queue, item.ticket) === undefined) return queue;
  const { size, base, span } = queue;
  return { size, base, span, root: withReplaced(queue.root, span, { offset: item.ticket - base, item }) };
}

/** The line without this ticket; the same line when it is not in it. */
export function remove<T extends Ticketed>(queue: Queue<T>, ticket: number): Queue<T> {
  const offset = ticket - queue.base;
  if (queue.root === null || offset < 0 || offset >= queue.span * FAN_OUT) return queue;
  const root = without(queue.root, queue.span, offset);
  if (root === queue.root) return queue;
  return root === null ? EMPTY : { size: queue.size - 1, base: queue.base, span: queue.span, root };
}

/** The item with this ticket; undefined when it does not wait. */
export function find<T extends Ticketed>(queue: Queue<T>, ticket: number): T | undefined {
  let offset = ticket - queue.base;
  if (queue.root === null || offset < 0 || offset >= queue.span * FAN_OUT) return undefined;
  let node = queue.root;
  for (let span = queue.span; span > 1; span /= FAN_OUT) {
    const index = Math.floor(offset / span);
    const child = node.slots[index] as Node<T> | undefined;
    if (child === undefined) return undefined;
    node = child;
    offset -= index * span;
  }
  return node.slots[offset] as T | undefined;
}

/** The place of this ticket, the head being 1; null when it does not wait. */
export function positionOf<T extends Ticketed>(queue: Queue<T>, ticket: number): number | null {
  let offset = ticket - queue.base;
  if (queue.root === null || offset < 0 || offset >= queue.span * FAN_OUT) return null;
  let before = 0;
  let node = queue.root;
  for (let span = queue.span;; span /= FAN_OUT) {
    const index = Math.floor(offset / span);
    const slot = node.slots[index];
    if (slot === undefined) return null;
    for (let i = 0; i < index; i++) before += weight(node.slots[i], span);
    if (span === 1) return before + 1;
    node = slot as Node<T>;
    offset -= index * span;
  }
}

/** The head; undefined when nobody waits. */
export function first<T extends Ticketed>(queue: Queue<T>): T | undefined {
  if (queue.root === null) return undefined;
  let node = queue.root;
  for (let span = queue.span; span > 1; span /= FAN_OUT) {
    node = firstSlot(node) as Node<T>;
  }
  return firstSlot(node) as T | undefined;
}

function firstSlot<T>({ slots }: Node<T>): Node<T> | T | undefined {
  for (let i = 0; i < slots.length; i++) if (slots[i] !== undefined) return slots[i];
  return undefined;
}

/** The items behind the first `skipped` ones, in order; skipping costs O(log32 n). */
export function* itemsAfter<T extends Ticketed>(queue: Queue<T>, skipped = 0): Generator<T> {
  if (queue.root !== null && skipped < queue.size) yield* walk(queue.root, queue.span, Math.max(0, skipped));
}

function* walk<T>(node: Node<T>, span: number, skipped: number): Generator<T> {
  let left = skipped;
  for (const slot of node.slots) {
    if (slot === undefined) continue;
    const held = weight(slot, span);
    if (left >= held) {
      left -= held;
    } else if (span === 1) {
      yield slot as T;
    } else {
      yield* walk(slot as Node<T>, span / FAN_OUT, left);
      left = 0;
    }
  }
}

function weight<T>(slot: Node<T> | T | undefined, span: number): number {
  if (slot === undefined) return 0;
  return span === 1 ? 1 : (slot as Node<T>).count;
}

function insert<T>(node: Node<T> | undefined, span: number, entry: { offset: number; item: T }): Node<T> {
  const { offset, item } = entry;
  const index = Math.floor(offset / span);
  const slots = node === undefined ? [] : node.slots.slice();
  while (slots.length < index) slots.push(undefined);
  slots[index] = span === 1
    ? item
    : insert(slots[index] as Node<T> | undefined, span / FAN_OUT, { offset: offset - index * span, item });
  return { count: (node?.count ?? 0) + 1, slots };
}

function withReplaced<T>(node: Node<T>, span: number, entry: { offset: number; item: T }): Node<T> {
  const { offset, item } = entry;
  const index = Math.floor(offset / span);
  const slots = node.slots.slice();
  slots[index] = span === 1
    ? item
    : withReplaced(slots[index] as Node<T>, span / FAN_OUT, { offset: offset - index * span, item });
  return { count: node.count, slots };
}

/** The node without the item at `offset`: null when nothing is left, the same node when there is no such item. */
function without<T>(node: Node<T>, span: number, offset: number): Node<T> | null {
  const index = Math.floor(offset / span);
  const slot = node.slots[index];
  if (slot === undefined) return node;
  const rest = span === 1 ? null : without(slot as Node<T>, span / FAN_OUT, offset - index * span);
  if (rest === slot) return node;
  if (node.count === 1) return null;
  const slots = node.slots.slice();
  slots[index] = rest ?? undefined;
  return { count: node.count - 1, slots };
}
