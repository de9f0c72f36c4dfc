import { assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import {
  append,
  emptyQueue,
  find,
  first,
  itemsAfter,
  positionOf,
  put,
  type Queue,
  remove,
  replace,
} from "../../src/scheduler/queue.ts";

interface Item {
  readonly ticket: number;
  readonly note?: number;
}

Deno.test("G4: the queue agrees with a plain list under random appends, gaps, replacements and removals", () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("append" as const), gap: fc.integer({ min: 1, max: 70 }) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("remove" as const), gap: fc.nat(1000) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("replace" as const), gap: fc.nat(1000) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("keepLast" as const), gap: fc.nat(3) }) },
  );
  fc.assert(
    fc.property(fc.nat(1e9), fc.array(step, { maxLength: 150, size: "max" }), (start, steps) => {
      let queue: Queue<Item> = emptyQueue();
      let list: Item[] = [];
      let ticket = start;
      for (const { kind, gap } of steps) {
        const before = queue;
        const size = list.length;
        if (kind === "append") {
          ticket += gap;
          queue = append(queue, { ticket });
          list = [...list, { ticket }];
        } else if (kind === "keepLast") {
          for (const { ticket } of list.slice(0, -gap)) queue = remove(queue, ticket);
          list = list.slice(0, -gap).length === 0 ? list : list.slice(-gap);
        } else if (kind === "replace") {
          const ticket = list[gap % Math.max(1, list.length)]?.ticket ?? gap;
          queue = replace(queue, { ticket, note: gap });
          list = list.map((item) => item.ticket === ticket ? { ticket, note: gap } : item);
          assertStrictEquals(replace(queue, { ticket: start - 1 }), queue);
        } else {
          const victim = list[gap % Math.max(1, list.length)]?.ticket ?? gap;
          queue = remove(queue, victim);
          list = list.filter((item) => item.ticket !== victim);
        }
        assertEquals(before.size, size);
        assertEquals(queue.size, list.length);
        assertEquals(first(queue), list[0]);
      }
      assertEquals([...itemsAfter(queue)], list);
      const skipped = Math.floor(list.length / 3);
      assertEquals([...itemsAfter(queue, skipped)], list.slice(skipped));
      list.forEach((item, index) => {
        assertEquals(positionOf(queue, item.ticket), index + 1);
        assertEquals(find(queue, item.ticket), item);
      });
      assertEquals(positionOf(queue, ticket + 1), null);
      assertEquals(find(queue, start - 1), undefined);
    }),
    { numRuns: 150 },
  );
});

Deno.test("G4: an older version of the queue is untouched by later changes", () => {
  let queue: Queue<Item> = emptyQueue();
  for (let ticket = 1; ticket <= 2000; ticket++) queue = append(queue, { ticket });
  const old = queue;
  for (let ticket = 1; ticket <= 2000; ticket += 2) queue = remove(queue, ticket);
  assertEquals([old.size, queue.size], [2000, 1000]);
  assertEquals([positionOf(old, 2000), positionOf(queue, 2000)], [2000, 1000]);
});

Deno.test("G4: cancelling one of 100,000 waiting requests replaces one path and shares the rest", () => {
  let queue: Queue<Item> = emptyQueue();
  for (let ticket = 0; ticket < 100_000; ticket++) queue = append(queue, { ticket });
  const less = remove(queue, 50_000);
  const shared = queue.root?.slots.filter((slot, index) => slot === less.root?.slots[index]).length;
  assertEquals(shared, (queue.root?.slots.length ?? 0) - 1);
});

Deno.test("a line takes items in any order of their tickets and is the same as one that was filled in order", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 100_000 }), { maxLength: 60 }), (tickets) => {
      const line = tickets.reduce((queue, ticket) => put(queue, { ticket }), emptyQueue<Item>());
      const sorted = [...tickets].sort((a, b) => a - b);
      assertEquals([...itemsAfter(line)].map(({ ticket }) => ticket), sorted);
      assertEquals(sorted.map((ticket) => positionOf(line, ticket)), sorted.map((_, index) => index + 1));
      const half = tickets.filter((_, index) => index % 2 === 0).reduce((queue, ticket) => remove(queue, ticket), line);
      assertEquals(half.size, Math.floor(tickets.length / 2));
      assertEquals(first(half)?.ticket, sorted.find((ticket) => find(half, ticket) !== undefined));
    }),
  );
});
