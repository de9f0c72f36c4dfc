import { assertEquals } from "@std/assert";
import { Owed } from "../../src/serving/owed.ts";

function noting(): { readonly owed: Owed; readonly given: string[]; readonly debt: (name: string) => void } {
  const owed = new Owed();
  const given: string[] = [];
  return { owed, given, debt: (name) => owed.add(() => given.push(name)) };
}

Deno.test("what a request owes is given back once, the last thing first, whoever sees its end", () => {
  const { owed, given, debt } = noting();
  debt("a");
  debt("b");
  assertEquals(given, []);
  owed.settle();
  owed.settle();
  assertEquals(given, ["b", "a"]);
});

Deno.test("what is taken after the end is given back at once", () => {
  const { owed, given, debt } = noting();
  owed.settle();
  debt("late");
  assertEquals(given, ["late"]);
});
