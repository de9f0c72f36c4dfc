import { assertEquals, assertThrows } from "@std/assert";
import { Inbox } from "../../src/scheduler/inbox.ts";
import type { Event } from "../../src/scheduler/types.ts";

const event = (ticket: number): Event => ({ type: "served", ticket, at: 0 });

/** An inbox that writes down what it handles; `raise` is told each ticket while it is handled. */
function inboxThat(raise: (inbox: Inbox, ticket: number) => void): { inbox: Inbox; handled: string[] } {
  const handled: string[] = [];
  const inbox: Inbox = new Inbox((taken) => {
    const ticket = taken.type === "served" ? taken.ticket : 0;
    handled.push(`begin ${ticket}`);
    raise(inbox, ticket);
    handled.push(`end ${ticket}`);
  });
  return { inbox, handled };
}

Deno.test("what the handling of an event raises is handled after it, in order, before the telling ends", () => {
  const { inbox, handled } = inboxThat((box, ticket) => {
    assertEquals(box.isBusy, true);
    if (ticket === 1) { for (const more of [2, 3]) box.take(event(more)); }
    if (ticket === 2) box.take(event(4));
  });
  inbox.take(event(1));
  assertEquals(handled, [1, 2, 3, 4].flatMap((ticket) => [`begin ${ticket}`, `end ${ticket}`]));
  assertEquals(inbox.isBusy, false);
});

Deno.test("an event whose handling throws is done with, and what it raised comes before the next one that is told", () => {
  for (const first of [1, 0]) {
    const { inbox, handled } = inboxThat((box, ticket) => {
      if (ticket === 0) box.take(event(1));
      if (ticket !== 1) return;
      box.take(event(2));
      throw new Error("broken");
    });
    assertThrows(() => inbox.take(event(first)), Error, "broken");
    assertEquals(inbox.isBusy, false);
    handled.length = 0;
    inbox.take(event(3));
    assertEquals(handled, ["begin 2", "end 2", "begin 3", "end 3"]);
  }
});
