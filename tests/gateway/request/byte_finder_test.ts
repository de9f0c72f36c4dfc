import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { ByteFinder } from "../../../src/gateway/request/byte_finder.ts";

Deno.test("a needle is found where it begins first, as in text", () => {
  const bytes = fc.array(fc.constantFrom("a", "b", "-"), { maxLength: 40 });
  const needle = fc.array(fc.constantFrom("a", "b", "-"), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(bytes, needle, fc.nat(10), (all, wanted, from) => {
      const [text, part] = [all.join(""), wanted.join("")];
      const encoder = new TextEncoder();
      const found = new ByteFinder(encoder.encode(part)).indexIn(encoder.encode(text), from);
      assertEquals(found, from > text.length ? -1 : text.indexOf(part, from));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("any byte may be in the needle, and the longest one of a form is found", () => {
  for (let byte = 0; byte < 256; byte++) {
    const needle = new Uint8Array(73).fill(byte);
    needle[0] = 10;
    const bytes = new Uint8Array(500).fill(byte);
    bytes[200] = 10;
    assertEquals(new ByteFinder(needle).indexIn(bytes, 0), byte === 10 ? 0 : 200);
  }
});
