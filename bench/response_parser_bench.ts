/**
 * What reading a backend's answer costs: a small JSON answer, a stream of tiny chunks and a large body.
 *
 * Run: `deno bench -P=bench bench/response_parser_bench.ts`.
 *
 * @module
 */

import { ResponseParser } from "../src/gateway/upstream/response_parser.ts";

/** As much as one read of a socket gives. */
const READ_BYTES = 64 * 1024;

const SMALL = bytesOf(
  "HTTP/1.1 200 OK\r\nServer: llama.cpp\r\nAccess-Control-Allow-Origin: *\r\nContent-Type: application/json; charset=utf-8\r\n" +
    "Content-Length: 70\r\nKeep-Alive: timeout=5, max=100\r\n\r\n" +
    `{"choices":[{"text":"${"x".repeat(44)}"}]}`.padEnd(70),
);
const EVENT = `data: {"choices":[{"delta":{"content":" word"},"index":0}]}\n\n`;
const CHUNKS = reads(bytesOf(
  "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n" +
    `${EVENT.length.toString(16)}\r\n${EVENT}\r\n`.repeat(20_000) + "0\r\n\r\n",
));
const LARGE = reads(bytesOf(`HTTP/1.1 200 OK\r\ncontent-length: ${1024 * 1024}\r\n\r\n${"x".repeat(1024 * 1024)}`));
const DRIBBLED = Array.from(SMALL, (byte) => Uint8Array.of(byte));

Deno.bench("a small JSON answer in one read", () => {
  new ResponseParser("POST").push(SMALL);
});

Deno.bench("a small JSON answer, a byte a read", () => parse(DRIBBLED));

Deno.bench("20,000 tiny chunks in reads of 64 KiB", () => parse(CHUNKS));

Deno.bench("a body of 1 MiB with its length, in reads of 64 KiB", () => parse(LARGE));

function parse(parts: readonly Uint8Array[]): void {
  const parser = new ResponseParser("POST");
  for (const part of parts) parser.push(part);
  if (!parser.done) throw new Error("The answer is not whole");
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function reads(bytes: Uint8Array): Uint8Array[] {
  const count = Math.ceil(bytes.length / READ_BYTES);
  return Array.from({ length: count }, (_, index) => bytes.slice(index * READ_BYTES, (index + 1) * READ_BYTES));
}
