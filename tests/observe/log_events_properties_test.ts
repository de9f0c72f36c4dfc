import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { EventReader } from "../../src/observe/event_reader.ts";
import { makeFeed, nextMessages, readAll } from "./event_world.ts";

const piece = fc.record({
  source: fc.constantFrom("proxy" as const, "upstream" as const),
  text: fc.string({ unit: "grapheme", maxLength: 12 }),
  cuts: fc.array(fc.nat(40), { maxLength: 3 }),
  readsAfter: fc.boolean(),
});

Deno.test("§11.2.28: whenever a reader joins and however the bytes are cut, it reads each log whole, once, in order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 30 }), fc.nat(30), async (pieces, joinsAt) => {
      const world = makeFeed();
      let reader: EventReader | null = null;
      const read = { proxy: "", upstream: "" };
      const written = { proxy: "", upstream: "" };
      const take = async (wanted: EventReader) => {
        for (const { type, data } of await nextMessages(wanted) ?? []) {
          if (type !== "logData") continue;
          const source: "proxy" | "upstream" = data.source;
          read[source] += data.data;
        }
      };
      for (const [index, { source, text, cuts, readsAfter }] of pieces.entries()) {
        if (index === joinsAt) await take(reader = readAll(world));
        written[source] += text;
        const bytes = new TextEncoder().encode(text);
        let from = 0;
        for (const cut of [...cuts.sort((a, b) => a - b), bytes.length]) {
          world.logs[source].push(bytes.subarray(from, cut));
          from = Math.max(from, Math.min(cut, bytes.length));
        }
        if (reader !== null && readsAfter && reader.waiting > 0) {
          world.feed.activityStored({ id: 1, model: "m" }); // there may be but a piece of a character to read
          await take(reader);
        }
      }
      if (reader === null) await take(reader = readAll(world));
      world.feed.close();
      await take(reader);
      assertEquals(read, written);
      assert(await reader.next() === null);
    }),
    { numRuns: 200 },
  );
});
