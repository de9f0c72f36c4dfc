import { assertEquals } from "@std/assert";
import { firstNonUtf8 } from "../../src/gateway/utf8.ts";

const GOOD = new TextEncoder().encode("aß€😀\u0000\u007f\u0080\u07ff\u0800\ud7ff\ue000\uffff\u{10000}\u{10ffff}");
const BAD: readonly (readonly number[])[] = [
  [0x80],
  [0xff],
  [0xc0, 0xaf],
  [0xc1, 0xbf],
  [0xc3],
  [0xc3, 0x28],
  [0xe0, 0x9f, 0xbf],
  [0xe2, 0x82],
  [0xed, 0xa0, 0x80],
  [0xf0, 0x8f, 0xbf, 0xbf],
  [0xf0, 0x9f, 0x98],
  [0xf4, 0x90, 0x80, 0x80],
  [0xf5, 0x80, 0x80, 0x80],
];

Deno.test("where bytes cease to be UTF-8 is the beginning of the first sequence that is none, whatever follows", () => {
  assertEquals([firstNonUtf8(GOOD), firstNonUtf8(new Uint8Array(0))], [null, null]);
  for (const bad of BAD) {
    for (const after of [[], [0x22], [0x22, 0xff]]) {
      assertEquals(firstNonUtf8(Uint8Array.from([...GOOD, ...bad, ...after])), GOOD.length, bad.join());
    }
  }
});

Deno.test("the place is right wherever it lies in a long text, also where a character is cut by a window", () => {
  const emoji = new TextEncoder().encode("😀");
  for (let shift = 0; shift < 4; shift++) {
    for (const characters of [16_383, 16_384, 40_000]) {
      const bytes = new Uint8Array(shift + characters * 4 + 1);
      bytes.fill(0x61, 0, shift);
      for (let i = 0; i < characters; i++) bytes.set(emoji, shift + i * 4);
      assertEquals(firstNonUtf8(bytes), null);
      bytes[bytes.length - 1] = 0x80;
      assertEquals(firstNonUtf8(bytes), bytes.length - 1);
    }
  }
});
