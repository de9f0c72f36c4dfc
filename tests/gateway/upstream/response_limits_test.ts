import { assert, assertEquals, assertThrows } from "@std/assert";
import { ResponseParser, ResponseSyntaxError } from "../../../src/gateway/upstream/response_parser.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

Deno.test("what grows without end is refused", () => {
  const start = "HTTP/1.1 200 OK\r\n";
  for (
    const text of [
      start + "x: " + "a".repeat(70_000),
      start + "x: a\r\n".repeat(300) + "\r\n",
      "HTTP/1.1 100 Continue\r\n\r\n".repeat(20),
      start + "transfer-encoding: chunked\r\n\r\n1;" + "a".repeat(5000),
      start + "transfer-encoding: chunked\r\n\r\n0\r\n" + "x: a\r\n".repeat(20_000),
      start + "transfer-encoding: chunked\r\n\r\nffffffffffffff\r\n",
    ]
  ) assertThrows(() => new ResponseParser("GET").push(bytesOf(text)), ResponseSyntaxError);
});

Deno.test("limits are exact, however the bytes come", () => {
  const start = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx: ";
  const chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
  const fields = (count: number) => "x: a\r\n".repeat(count);
  const informational = (count: number) => "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(count);
  const bigHint = `HTTP/1.1 103\r\nx: ${"a".repeat(40_000)}\r\n\r\n`;
  const end = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
  for (
    const [fits, breaks] of [
      [
        start + "a".repeat(64 * 1024 - start.length - 4) + "\r\n\r\n",
        start + "a".repeat(64 * 1024 - start.length - 3) + "\r\n\r\n",
      ],
      [end.replace("content", fields(255) + "content"), end.replace("content", fields(256) + "content")],
      [informational(16) + end, informational(17) + end],
      [bigHint + end, bigHint + bigHint + end],
      [
        `${chunked}1;a=${"a".repeat(4096 - 6)}\r\nx\r\n0\r\n\r\n`,
        `${chunked}1;a=${"a".repeat(4096 - 5)}\r\nx\r\n0\r\n\r\n`,
      ],
      [`${chunked}${"0".repeat(12)}1\r\nx\r\n0\r\n\r\n`, `${chunked}${"0".repeat(13)}1\r\nx\r\n0\r\n\r\n`],
      [`${chunked}0\r\n${fields(256)}\r\n`, `${chunked}0\r\n${fields(257)}\r\n`],
      [
        `${chunked}0\r\nx:${"a".repeat(64 * 1024 - 6)}\r\n\r\n`,
        `${chunked}0\r\nx:${"a".repeat(64 * 1024 - 5)}\r\n\r\n`,
      ],
      [end.replace(": 0", `: ${"0".repeat(15)}`), end.replace(": 0", `: ${"0".repeat(16)}`)],
    ] as const
  ) {
    for (const size of [1, 1000, 100_000]) {
      assertEquals(outcomeOf(fits, size), "done", fits.slice(0, 200));
      assertEquals(outcomeOf(breaks, size), "refused", breaks.slice(0, 200));
    }
  }
});

Deno.test("many chunks each with an extension of nearly the longest are read", () => {
  const chunk = `1;a=${"a".repeat(4000)}\r\nx\r\n`;
  assertEquals(
    outcomeOf(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${chunk.repeat(9)}0\r\n\r\n`, 777),
    "done",
  );
});

Deno.test("chunked framing that two readers could understand differently is refused", () => {
  for (
    const body of [
      ...["+1\r\nx\r\n", "-1\r\nx\r\n", "0x1\r\nx\r\n", "1_0\r\nx\r\n", " 1\r\nx\r\n", "\r\nx\r\n", ";a\r\nx\r\n"],
      ...[
        "1 \r\nx\r\n",
        "1\nx\r\n",
        "1\rx\r\n",
        "1\r\r\nx\r\n",
        "1;\r\nx\r\n",
        "1;a=\r\nx\r\n",
        '1;a="\r\nx\r\n',
        "1;a\0\r\n",
      ],
      ...[
        "1\r\nxx\r\n",
        "1\r\nx\n",
        "1\r\nx\rx",
        "ffffffffffffffff1\r\nx\r\n",
        "0\r\nno colon\r\n\r\n",
        "0\r\na: \x01\r\n\r\n",
      ],
      ...[
        "0\r\n folded\r\n\r\n",
        "0\r\na : b\r\n\r\n",
        "0\r\nContent-Length: 3\r\n\r\n",
        "0\r\na: b\r\ntransfer-encoding: x\r\n\r\n",
        "0\r\n\n",
        "0\r\na: b\n\r\n",
      ],
    ]
  ) {
    assertEquals(
      outcomeOf(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${body}`, 1),
      "refused",
      JSON.stringify(body),
    );
  }
});

Deno.test("chunked in HTTP/1.0, and an informational answer of HTTP/1.0 or one that closes, are refused", () => {
  for (
    const head of [
      "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.0 100 Continue\r\n\r\n",
      "HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\n",
    ]
  ) assertEquals(outcomeOf(head, 1), "refused", head);
});

/** What becomes of `text` in reads of `size` bytes. */
function outcomeOf(text: string, size: number): "done" | "open" | "refused" {
  const parser = new ResponseParser("GET");
  const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
  try {
    for (let at = 0; at < bytes.length; at += size) parser.push(bytes.subarray(at, at + size));
  } catch (error) {
    assert(error instanceof ResponseSyntaxError);
    return "refused";
  }
  return parser.done && !parser.hasExcess ? "done" : "open";
}
