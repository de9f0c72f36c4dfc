import { assert, assertEquals, assertThrows } from "@std/assert";
import { ResponseParser, ResponseSyntaxError } from "../../../src/gateway/upstream/response_parser.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

const CHUNKED = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
  "3;x=y\r\nabc\r\n4\r\ndefg\r\n0\r\nX-End: 1\r\n\r\n";

Deno.test("a chunked answer reads the same wherever it is split", () => {
  const bytes = bytesOf(CHUNKED);
  for (let at = 0; at <= bytes.length; at++) {
    const parser = new ResponseParser("POST");
    const pieces = [bytes.subarray(0, at), bytes.subarray(at)].map((part) => parser.push(part));
    assertEquals(pieces.map((piece) => new TextDecoder().decode(piece ?? undefined)).join(""), "abcdefg");
    assert(parser.done && !parser.hasExcess);
  }
});

Deno.test("answers that two readers could understand differently are refused", () => {
  for (
    const head of [
      "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
      "Content-Length: 1\r\nContent-Length: 2\r\n",
      "Content-Length: +1\r\n",
      "X: a\nY: b\r\n",
      "X: a\r\n folded\r\n",
      "X: a\0b\r\n",
      "Transfer-Encoding: gzip, chunked\r\n",
    ]
  ) {
    const text = `HTTP/1.1 200 OK\r\n${head}\r\n`;
    assertThrows(() => new ResponseParser("GET").push(bytesOf(text)), ResponseSyntaxError);
  }
});
