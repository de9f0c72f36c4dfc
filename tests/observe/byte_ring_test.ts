import { assertEquals } from "@std/assert";
import { ByteRing } from "../../src/observe/byte_ring.ts";

Deno.test("a ring keeps just the newest bytes, in order, whatever the sizes of the chunks", () => {
  for (const sizes of [[1], [3, 4], [7], [8], [9], [20, 5], [5, 20, 3]]) {
    const ring = new ByteRing(8);
    let all = "";
    for (const size of sizes) {
      const chunk = Array.from({ length: size }, (_, i) => String.fromCharCode(97 + (all.length + i) % 26)).join("");
      all += chunk;
      ring.push(new TextEncoder().encode(chunk));
    }
    assertEquals(ring.text(), all.slice(-8));
  }
});

Deno.test("a ring that was never written to is empty, and its copies are the reader's own", () => {
  const ring = new ByteRing(4);
  assertEquals(ring.bytes(), new Uint8Array(0));
  ring.push(new Uint8Array([1, 2, 3]));
  ring.bytes().fill(9);
  assertEquals(ring.bytes(), new Uint8Array([1, 2, 3]));
});
