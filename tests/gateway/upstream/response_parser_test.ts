import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
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
      "Transfer-Encoding: identity\r\n",
      "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
      "Transfer-Encoding:\r\n",
      "Transfer-Encoding: \x0bchunked\r\n",
      "Transfer-Encoding : chunked\r\n",
      "Content-Length: 1\r\nContent-Length: 1\r\n",
      "Content-Length: 1, 1\r\n",
      "Content-Length:\r\n",
      "Content-Length: 0x1\r\n",
      "Content-Length: 1_0\r\n",
      "X: a\rb\r\n",
      "Transfer-Encoding: chunked\t\r\n",
      "content-length: 1 \t\r\n",
      "connection: keep-alive\t\r\n",
      "X: a\x7f\r\n",
      "X\r\n",
      ": a\r\n",
      "X Y: a\r\n",
    ]
  ) {
    const text = `HTTP/1.1 200 OK\r\n${head}\r\n`;
    assertThrows(() => new ResponseParser("GET").push(bytesOf(text)), ResponseSyntaxError);
  }
});

const body = fc.uint8Array({ maxLength: 300 });
const cuts = fc.array(fc.nat(), { maxLength: 12 });

Deno.test("bytes out are bytes in, for any body, framing and split", () => {
  fc.assert(
    fc.property(
      fc.array(body, { maxLength: 5 }),
      fc.constantFrom("length", "chunked", "close"),
      cuts,
      (parts, framing, at) => {
        const wire = frame(parts, framing);
        const parser = new ResponseParser("POST");
        const out = splitAt(wire, at).flatMap((part) => [...parser.push(part) ?? []]);
        assertEquals(out, parts.flatMap((part) => [...part]));
        assertEquals(parser.done, framing !== "close");
        assert(parser.end() && !parser.hasExcess);
      },
    ),
    { numRuns: 2000 },
  );
});

Deno.test("a message that is cut anywhere is never whole", () => {
  fc.assert(
    fc.property(
      fc.array(body, { maxLength: 3 }),
      fc.constantFrom("length", "chunked"),
      fc.nat(),
      (parts, framing, nat) => {
        const wire = frame(parts, framing);
        const parser = new ResponseParser("POST");
        parser.push(wire.subarray(0, nat % wire.length));
        assert(!parser.end() && !parser.done);
      },
    ),
    { numRuns: 2000 },
  );
});

Deno.test("bytes behind the message are excess, and never part of its body", () => {
  fc.assert(
    fc.property(
      body,
      fc.uint8Array({ minLength: 1, maxLength: 20 }),
      fc.constantFrom("length", "chunked"),
      cuts,
      (part, more, framing, at) => {
        const parser = new ResponseParser("POST");
        const wire = new Uint8Array([...frame([part], framing), ...more]);
        assertEquals(splitAt(wire, at).flatMap((piece) => [...parser.push(piece) ?? []]), [...part]);
        assert(parser.done && parser.hasExcess);
      },
    ),
    { numRuns: 1000 },
  );
});

Deno.test("noise is refused or waited for, and never anything else", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.boolean(), (noise, hasStart) => {
      const parser = new ResponseParser("POST");
      try {
        if (hasStart) parser.push(bytesOf("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"));
        parser.push(noise);
      } catch (error) {
        assert(error instanceof ResponseSyntaxError);
      }
    }),
    { numRuns: 2000 },
  );
});

Deno.test("nothing is read after a fault", () => {
  const parser = new ResponseParser("GET");
  assertThrows(() => parser.push(bytesOf("HTTP/2 200\r\n\r\n")), ResponseSyntaxError);
  assertThrows(() => parser.push(bytesOf("HTTP/1.1 200 OK\r\n\r\n")), ResponseSyntaxError);
  assert(!parser.done && !parser.end() && parser.head === undefined);
});

Deno.test("informational answers are passed over and told", () => {
  const told: number[] = [];
  const parser = new ResponseParser("POST", { onInformational: (status) => void told.push(status) });
  parser.push(bytesOf("HTTP/1.1 100 Continue\r\n\r\n"));
  assertEquals([told, parser.head], [[100], undefined]);
  parser.push(bytesOf("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"));
  assertEquals([told, parser.head?.status, parser.head?.headers, parser.done], [[100, 103], 204, [], true]);
});

Deno.test("after the upgrade that was asked for, the bytes are the tunnel's", () => {
  const head = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
  const parser = new ResponseParser("GET", { mayUpgrade: true });
  const read = bytesOf(`${head}\r\nraw`);
  assertEquals(parser.push(read), null);
  read.fill(0);
  assertEquals([parser.done, parser.head?.status, parser.head?.hasBody, parser.head?.keepAlive], [
    true,
    101,
    false,
    false,
  ]);
  parser.push(bytesOf("more"));
  assertEquals(new TextDecoder().decode(parser.takeRest() ?? undefined), "\r\nrawmore");
  assertEquals([parser.takeRest(), parser.hasExcess], [null, false]);
  assertThrows(() => new ResponseParser("GET").push(bytesOf(head)), ResponseSyntaxError, "unasked");
  for (
    const lacking of [
      "Connection: Upgrade\r\n",
      "Upgrade: websocket\r\n",
      "Connection: x\r\nUpgrade: websocket\r\n",
      "Connection: Upgrade\r\nUpgrade:\r\n",
    ]
  ) {
    const other = new ResponseParser("GET", { mayUpgrade: true });
    assertThrows(() => other.push(bytesOf(`HTTP/1.1 101 X\r\n${lacking}\r\n`)), ResponseSyntaxError);
  }
});

Deno.test("a server that declines the upgrade answers as usual", () => {
  const parser = new ResponseParser("GET", { mayUpgrade: true });
  assertEquals(parser.push(bytesOf("HTTP/1.1 426 X\r\ncontent-length: 2\r\n\r\nno"))?.length, 2);
  assert(parser.done && parser.takeRest() === null);
});

Deno.test("a piece is a view of the read where it lies together, and memory of its own where it does not", () => {
  const parser = new ResponseParser("GET");
  const pieces = [
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nab",
    "c\r\n",
    "1\r\nd\r\n1\r\ne\r\n0\r\n\r\n",
  ].map(
    (text) => {
      const read = bytesOf(text);
      const piece = parser.push(read);
      return piece && [new TextDecoder().decode(piece), piece.buffer === read.buffer];
    },
  );
  assertEquals(pieces, [["ab", true], ["c", true], ["de", false]]);
});

Deno.test("framing where no body can be makes the connection useless, unless it speaks of the body that GET would have", () => {
  for (
    const [method, status, framing, keepAlive] of [
      ["GET", 204, "content-length: 5", false],
      ["GET", 204, "transfer-encoding: chunked", false],
      ["GET", 204, "content-length: 0", true],
      ["GET", 304, "content-length: 5", true],
      ["HEAD", 200, "transfer-encoding: chunked", true],
      ["HEAD", 200, "x: y", true],
      ["GET", 200, "x: y", false],
      ["GET", 200, "content-length: 0\r\nconnection: x, Close", false],
    ] as const
  ) {
    const parser = new ResponseParser(method);
    parser.push(bytesOf(`HTTP/1.1 ${status} X\r\n${framing}\r\n\r\n`));
    assertEquals(parser.head?.keepAlive, keepAlive, `${method} ${status} ${framing}`);
  }
});

Deno.test("a header's bytes above ASCII come out as they are", () => {
  const all = Array.from({ length: 128 }, (_, index) => String.fromCharCode(index + 128)).join("");
  const parser = new ResponseParser("GET");
  parser.push(Uint8Array.from(`HTTP/1.1 200 OK\r\nx: \t${all}a\xa0 \r\n\r\n`, (char) => char.charCodeAt(0)));
  assertEquals(parser.head?.headers, [["x", `${all}a\xa0`]]);
});

Deno.test("answers to CONNECT are not taken for others", () => {
  assertThrows(() => new ResponseParser("CONNECT"), TypeError);
});

Deno.test("a status outside 100 to 599, or an unasked upgrade, is refused", () => {
  for (const status of ["099", "600", "999", "20", "2000", "101"]) {
    assertThrows(() => new ResponseParser("GET").push(bytesOf(`HTTP/1.1 ${status} X\r\n\r\n`)), ResponseSyntaxError);
  }
});

Deno.test("HTTP/1.0 keeps a connection only when it says so", () => {
  for (const [head, keepAlive] of [["", false], ["Connection: Keep-Alive\r\n", true]] as const) {
    const parser = new ResponseParser("GET");
    parser.push(bytesOf(`HTTP/1.0 200 OK\r\n${head}Content-Length: 0\r\n\r\n`));
    assertEquals(parser.head?.keepAlive, keepAlive);
  }
});

/** A whole message with `parts` as its body. */
function frame(parts: readonly Uint8Array[], framing: string): Uint8Array {
  const pieces: Uint8Array[] = [];
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const header = { length: `content-length: ${length}\r\n`, chunked: "transfer-encoding: chunked\r\n" }[framing] ?? "";
  pieces.push(bytesOf(`HTTP/1.1 200 OK\r\n${header}\r\n`));
  for (const part of parts) {
    if (framing !== "chunked") pieces.push(part);
    else if (part.length > 0) pieces.push(bytesOf(`${part.length.toString(16)}\r\n`), part, bytesOf("\r\n"));
  }
  if (framing === "chunked") pieces.push(bytesOf("0\r\n\r\n"));
  return new Uint8Array(pieces.flatMap((piece) => [...piece]));
}

/** `bytes` in pieces, cut at the given places (taken modulo the length). */
function splitAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [0, ...places.map((place) => place % bytes.length).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, index) => bytes.slice(at[index], end));
}
