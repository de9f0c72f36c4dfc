import { assertEquals } from "@std/assert";
import { Chain, type Link } from "../../src/observe/chain.ts";

class Item implements Link<Item> {
  earlier: Item | null = null;
  later: Item | null = null;
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

function chainOf(...names: string[]): { readonly chain: Chain<Item>; readonly items: readonly Item[] } {
  const chain = new Chain<Item>();
  const items = names.map((name) => new Item(name));
  for (const item of items) chain.append(item);
  return { chain, items };
}

const namesIn = (chain: Chain<Item>) => [...chain].map(({ name }) => name).join("");

Deno.test("a chain is walked in the order in which its items came", () => {
  const { chain } = chainOf("a", "b", "c");
  assertEquals([namesIn(chain), chain.size], ["abc", 3]);
  assertEquals(namesIn(new Chain()), "");
});

for (
  const { gone, left } of [{ gone: 0, left: "bcd" }, { gone: 1, left: "acd" }, { gone: 3, left: "abc" }]
) {
  Deno.test(`item ${gone + 1} of 4 goes, the others stay in order, and another one comes behind them`, () => {
    const { chain, items } = chainOf("a", "b", "c", "d");
    const item = items[gone];
    if (item === undefined) throw new Error("no such item");
    chain.remove(item);
    assertEquals([namesIn(chain), chain.size], [left, 3]);
    chain.append(new Item("e"));
    assertEquals([namesIn(chain), chain.size], [`${left}e`, 4]);
  });
}

Deno.test("what has been taken out holds no other item, so that it keeps none in memory", () => {
  const { chain, items } = chainOf("a", "b", "c");
  for (const item of items) {
    chain.remove(item);
    assertEquals([item.earlier, item.later], [null, null]);
  }
  assertEquals([namesIn(chain), chain.size], ["", 0]);
  const again = new Item("d");
  chain.append(again);
  assertEquals(namesIn(chain), "d");
});
