import { assert } from "@std/assert";
import { judgeEverySplit, judgeSplits } from "./judging.ts";
import { seeded } from "./responses.ts";

Deno.test("a response reads the same in every two pieces, byte by byte and in random pieces: 50,000 cases", () => {
  assert(judgeSplits({ cases: 50_000, seed: 20_260_801 }) >= 50_000);
});

Deno.test("so do responses that once made a difference between readers", () => {
  const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (
    const wire of [
      `${chunked}0; a=b\r\n\r\n`, // whitespace in an extension
      `${chunked}5 ;a\r\nhello\r\n0\r\nx: y\r\n\r\n`,
      `${chunked}5\r\nhello\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n`,
      "HTTP/1.1 204 Continue\r\n\r\nHTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nx", // another answer behind
      "HTTP/1.1 206\r\nContent-Length: 0\t\r\n\r\n", // a tab behind the length
      "HTTP/1.0 103 Early Hints\r\n\r\nHTTP/1.0 200\r\n\r\n",
      "HTTP/1.1 200 OK\r\nx: \x80\x9f\xff\xa0\r\n\r\n", // no windows-1252
      "\r\nHTTP/1.1 200 OK\r\n\r\n",
      "\r\n\r\n",
      "\n",
    ]
  ) {
    for (const mayUpgrade of [true, false]) {
      judgeEverySplit({ method: "GET", mayUpgrade, wire, promise: null }, seeded(1));
    }
  }
});
