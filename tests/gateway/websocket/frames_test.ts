import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  closeArguments,
  closePayload,
  isSendable,
  parseClose,
  reasonOf,
} from "../../../src/gateway/websocket/close_codes.ts";
import { OPCODES, WebsocketFault, writeFrame } from "../../../src/gateway/websocket/frames.ts";
import { type Incoming, MessageReader } from "../../../src/gateway/websocket/messages.ts";

const MASK = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d);
const utf8 = (text: string) => new TextEncoder().encode(text);

/** What came of `pieces`, the code of a fault last. */
function read(pieces: readonly Uint8Array[], { isMasked = false, maxMessageBytes = 1 << 20 } = {}): unknown[] {
  const seen: unknown[] = [];
  const tell = (incoming: Incoming) => {
    if (incoming.type === "binary") seen.push([...incoming.bytes]);
    else if (incoming.type === "text") seen.push(incoming.text);
    else if (incoming.type === "ping") seen.push(["ping", ...incoming.bytes]);
    else if (incoming.type === "close") seen.push(["close", incoming.code, incoming.reason]);
    else seen.push(incoming.type);
  };
  const reader = new MessageReader({ isMasked, maxMessageBytes, onIncoming: tell });
  try {
    for (const piece of pieces) reader.push(piece);
  } catch (error) {
    assertInstanceOf(error, WebsocketFault);
    assertThrows(() => reader.push(Uint8Array.of(0x81, 0)), WebsocketFault, error.message);
    seen.push(error.code);
  }
  return seen;
}

function hex(text: string): Uint8Array {
  return Uint8Array.from(text.split(" "), (digits) => parseInt(digits, 16));
}

Deno.test("the examples of RFC 6455 §5.7 are read and written", () => {
  assertEquals(read([hex("81 05 48 65 6c 6c 6f")]), ["Hello"]);
  assertEquals(read([hex("81 85 37 fa 21 3d 7f 9f 4d 51 58")], { isMasked: true }), ["Hello"]);
  assertEquals(read([hex("01 03 48 65 6c"), hex("80 02 6c 6f")]), ["Hello"]);
  assertEquals(read([hex("89 05 48 65 6c 6c 6f")]), [["ping", ...utf8("Hello")]]);
  const payload = utf8("Hello");
  assertEquals(writeFrame({ opcode: OPCODES.text, payload, mask: null }), hex("81 05 48 65 6c 6c 6f"));
  assertEquals(writeFrame({ opcode: OPCODES.text, payload, mask: MASK }), hex("81 85 37 fa 21 3d 7f 9f 4d 51 58"));
  const head = (length: number) =>
    writeFrame({ opcode: OPCODES.binary, payload: new Uint8Array(length), mask: null }).slice(0, 10);
  assertEquals(head(256).slice(0, 4), hex("82 7e 01 00"));
  assertEquals(head(65536), hex("82 7f 00 00 00 00 00 01 00 00"));
});

const FAULTS: readonly (readonly [string, string, number])[] = [
  ["a reserved bit", "c1 00", 1002],
  ["a reserved opcode of data", "83 00", 1002],
  ["a reserved opcode of control", "8b 00", 1002],
  ["a frame that a server has masked", "81 80 00 00 00 00", 1002],
  ["a ping in pieces", "09 00", 1002],
  ["a ping of 126 bytes", "89 7e 00 7e", 1002],
  ["a length of 125 in three bytes", "82 7e 00 7d", 1002],
  ["a length of 65535 in nine bytes", "82 7f 00 00 00 00 00 00 ff ff", 1002],
  ["a length of 2^63", "82 7f 80 00 00 00 00 00 00 00", 1009],
  ["a message above the bound", "82 7f 00 00 00 00 00 10 00 01", 1009],
  ["a continuation of nothing", "80 01 61", 1002],
  ["a new message inside another", "01 01 61 81 01 62", 1002],
  ["a continuation after the end", "81 01 61 80 01 62", 1002],
  ["a close with half a code", "88 01 03", 1002],
  ["a close with a code that is never sent", "88 02 03 ed", 1002],
  ["a close with a code that nobody has", "88 02 13 88", 1002],
  ["a close whose reason is no UTF-8", "88 03 03 e8 ff", 1007],
  ["text that is no UTF-8", "81 01 ff", 1007],
  ["text that ends inside a character", "81 02 e2 82", 1007],
  ["text with half a surrogate pair", "81 03 ed a0 80", 1007],
];

for (const [name, bytes, code] of FAULTS) {
  Deno.test(`a fault, whole or byte by byte: ${name}`, () => {
    assertEquals(read([hex(bytes)]).at(-1), code);
    assertEquals(read([...hex(bytes)].map((byte) => Uint8Array.of(byte))).at(-1), code);
  });
}

Deno.test("a frame of a client that is not masked is a fault", () => {
  assertEquals(read([hex("81 01 61")], { isMasked: true }), [1002]);
});

Deno.test("what came before a fault has been told, and what follows a close is not read", () => {
  assertEquals(read([hex("81 01 61 89 00 83 00")]), ["a", ["ping"], 1002]);
  assertEquals(read([hex("81 01 61 88 02 03 e8 83 00"), hex("83 00 ff")]), ["a", ["close", 1000, ""]]);
});

Deno.test("control frames may stand between the pieces of a message, data may not be lost by them", () => {
  assertEquals(read([hex("01 02 e2 82 89 01 70 8a 00 00 00 80 01 ac")]), [["ping", 0x70], "pong", "€"]);
});

Deno.test("empty messages, empty pieces and a byte order mark arrive as they are", () => {
  assertEquals(read([hex("81 00 82 00 01 00 00 00 80 00")]), ["", [], ""]);
  assertEquals(read([hex("81 03 ef bb bf")]), ["\ufeff"]);
});

Deno.test("the bound is on the message, however many pieces it comes in", () => {
  const bounded = { maxMessageBytes: 4 };
  assertEquals(read([hex("02 02 61 61 80 02 61 61")], bounded), [[97, 97, 97, 97]]);
  assertEquals(read([hex("02 02 61 61 00 02 61 61 80 01 61")], bounded), [1009]);
  assertEquals(read([hex("82 05")], bounded), [1009]);
});

const message = fc.record({
  payload: fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => ({ opcode: OPCODES.binary, bytes, seen: [...bytes] })),
    fc.string({ unit: "binary", maxLength: 90 }).map((text) => ({
      opcode: OPCODES.text,
      bytes: utf8(text),
      seen: text,
    })),
  ),
  cuts: fc.array(fc.nat(200), { maxLength: 5 }),
  ping: fc.boolean(),
});

Deno.test("property: messages come out as they went in, in any pieces, cut anywhere, masked or not", () => {
  fc.assert(fc.property(
    fc.array(message, { maxLength: 6 }),
    fc.array(fc.nat(2000), { maxLength: 20 }),
    fc.boolean(),
    (messages, cuts, isMasked) => {
      const expected: unknown[] = [];
      const frames: Uint8Array[] = [];
      const mask = isMasked ? MASK : null;
      for (const { payload: { opcode, bytes, seen }, cuts, ping } of messages) {
        const pieces = cutAt(bytes, cuts);
        pieces.forEach((payload, i) => {
          const isLast = i === pieces.length - 1;
          frames.push(writeFrame({ opcode: i === 0 ? opcode : OPCODES.continuation, payload, isLast, mask }));
          if (!ping || isLast) return;
          frames.push(writeFrame({ opcode: OPCODES.ping, payload: Uint8Array.of(i), mask }));
          expected.push(["ping", i]);
        });
        expected.push(seen);
      }
      const bytes = Uint8Array.from(frames.flatMap((frame) => [...frame]));
      assertEquals(read(cutAt(bytes, cuts), { isMasked }), expected);
    },
  ));
});

Deno.test("property: whatever comes is read or is a fault, the same however it is cut", () => {
  const start = fc.constantFrom(...["81 05", "01 01", "80 02", "88 02", "89 00", "82 7e 00", "82 7f 00"].map(hex));
  const garbage = fc.array(fc.oneof(start, fc.uint8Array({ maxLength: 8 })), { maxLength: 12 });
  fc.assert(
    fc.property(garbage, fc.array(fc.nat(100), { maxLength: 8 }), fc.boolean(), (parts, cuts, isMasked) => {
      const bytes = Uint8Array.from(parts.flatMap((part) => [...part]));
      assertEquals(read(cutAt(bytes, cuts), { isMasked }), read([bytes], { isMasked }));
    }),
    { numRuns: 1000 },
  );
});

Deno.test("many small pieces take no more memory than the message", () => {
  let length = 0;
  const reader = new MessageReader({
    isMasked: false,
    maxMessageBytes: 1 << 20,
    onIncoming: (incoming) => length = incoming.type === "binary" ? incoming.bytes.length : -1,
  });
  reader.push(hex("02 01 61"));
  for (let i = 0; i < 100_000; i++) reader.push(hex("00 01 61"));
  reader.push(hex("80 00"));
  assertEquals(length, 100_001);
});

Deno.test("close codes: what may be sent, and what the runtime can send", () => {
  const sendable = Array.from({ length: 65536 }, (_, code) => code).filter(isSendable);
  assertEquals(sendable.slice(0, 12), [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014]);
  assertEquals([sendable.length, sendable[12], sendable.at(-1)], [12 + 2000, 3000, 4999]);
  assertEquals(closeArguments({ code: null, reason: "" }), []);
  assertEquals(closeArguments({ code: 4001, reason: "why" }), [4001, "why"]);
  assertEquals(closeArguments({ code: 1014, reason: "why" }), [1011, "why"]);
});

Deno.test("a reason that is too long is cut between two characters", () => {
  const payload = closePayload({ code: 1011, reason: "€".repeat(100) });
  assertEquals(payload.length, 2 + 123);
  assertEquals(parseClose(payload), { code: 1011, reason: "€".repeat(41) });
  assertEquals(parseClose(closePayload({ code: null, reason: "not sent" })), { code: null, reason: "" });
});

Deno.test("what a close event says: a lost connection, no code, a code that is never sent", () => {
  assertEquals(reasonOf({ code: 0, reason: "", wasClean: false }), null);
  assertEquals(reasonOf({ code: 1005, reason: "", wasClean: true }), { code: null, reason: "" });
  assertEquals(reasonOf({ code: 4001, reason: "x", wasClean: true }), { code: 4001, reason: "x" });
  assertEquals(reasonOf({ code: 2000, reason: "x", wasClean: true }), { code: 1002, reason: "" });
});

function cutAt(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
  const pieces: Uint8Array[] = [];
  for (let i = 1; i < places.length; i++) pieces.push(bytes.slice(places[i - 1], places[i]));
  assert(pieces.reduce((sum, { length }) => sum + length, 0) === bytes.length);
  return pieces;
}
