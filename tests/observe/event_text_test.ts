import { assertEquals } from "@std/assert";
import { ChunkDecoder, eventText } from "../../src/observe/event_text.ts";

Deno.test("§4: a message is an event called message, with JSON in a JSON string", () => {
  assertEquals(
    eventText("message", "profileChanged", JSON.stringify({ active: 'a "b"\n' })),
    'event:message\ndata:{"type":"profileChanged","data":"{\\"active\\":\\"a \\\\\\"b\\\\\\"\\\\n\\"}"}\n\n',
  );
});

Deno.test("the plain form names the kind and encodes once", () => {
  assertEquals(eventText("plain", "activity", '{"id":7}'), 'event: activity\ndata: {"id":7}\n\n');
});

Deno.test("§11.2.28: a character that lies in several chunks comes whole with the last of them", () => {
  const decoder = new ChunkDecoder();
  const bytes = new TextEncoder().encode("é€😀.");
  const texts = [...bytes].map((byte) => decoder.decode(Uint8Array.of(byte)));
  assertEquals(texts, ["", "é", "", "", "€", "", "", "", "😀", "."]);
});

Deno.test("what is left of a character that was cut before the first chunk is not told", () => {
  const bytes = new TextEncoder().encode("😀é");
  for (const cut of [1, 2, 3]) {
    const decoder = new ChunkDecoder();
    assertEquals([decoder.decode(new Uint8Array(0)), decoder.decode(bytes.subarray(cut))], ["", "é"]);
  }
});

Deno.test("bytes that are no text read as U+FFFD, and a byte order mark is kept", () => {
  const decoder = new ChunkDecoder();
  assertEquals(decoder.decode(Uint8Array.of(0x61, 0xff, 0x80, 0x62)), "a\ufffd\ufffdb");
  assertEquals(decoder.decode(Uint8Array.of(0xef, 0xbb, 0xbf)), "\ufeff");
});
