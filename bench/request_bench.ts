/**
 * What the gateway does to a request and an answer besides moving bytes: the pure parts of the hot path.
 *
 * Run: `deno task bench` or `deno bench -P=bench bench/request_bench.ts`.
 *
 * @module
 */

import { systemClock } from "../src/clock.ts";
import { requestHeaders, responseHeaders } from "../src/gateway/headers.ts";
import { findTopLevelValues } from "../src/gateway/json_scan.ts";
import { BodyMemory } from "../src/gateway/request/body_memory.ts";
import { MultipartScanner } from "../src/gateway/request/multipart_scanner.ts";
import { readNamedRequest } from "../src/gateway/request/named_request.ts";
import { putHeadAndBody, writeRequestHead } from "../src/gateway/upstream/request_head.ts";

const encoder = new TextEncoder();
const KEYS = ["model", "stream"].map((key) => encoder.encode(key));

const bodies = {
  "a small chat": chat("hello there", 1),
  "a long chat, 14 KiB": chat('The harbour at night, "quoted".\n'.repeat(10), 40),
  "an image, 20 MiB": chat("data:image/png;base64," + "iVBORw0KGgo".repeat((20 * 1024 * 1024) / 11), 1),
};

for (const [name, bytes] of Object.entries(bodies)) {
  const group = `find the model: ${name}`;
  Deno.bench(`one pass over the bytes: ${name}`, { group, baseline: true }, () => {
    findTopLevelValues(bytes, KEYS);
  });
  Deno.bench(`JSON.parse: ${name}`, { group }, () => {
    JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  });
}

const maxBytes = 256 * 1024 * 1024;
const memory = new BodyMemory(4 * maxBytes);
const readOptions = { modelIn: "body", maxBytes, deadlineMs: 300_000, memory, clock: systemClock } as const;

for (const name of ["a small chat", "a long chat, 14 KiB"] as const) {
  const group = `read a request: ${name}`;
  const bytes = bodies[name];
  Deno.bench(`its body alone: ${name}`, { group, baseline: true }, async () => {
    await requestWith(bytes).bytes();
  });
  Deno.bench(`with everything: ${name}`, { group }, async () => {
    const request = await readNamedRequest(requestWith(bytes), readOptions);
    request.body();
    request.drop();
  });
}

const upload = form(20 * 1024 * 1024);
Deno.bench("find the model: a form with a file of 20 MiB before it", () => {
  const scanner = new MultipartScanner("X", ["model"], 1024);
  for (let at = 0; at < upload.length; at += 64 * 1024) scanner.push(upload.subarray(at, at + 64 * 1024));
  scanner.end();
});

const incoming = new Headers({
  host: "127.0.0.1:8080",
  accept: "application/json",
  "accept-encoding": "gzip, deflate",
  connection: "keep-alive",
  "content-type": "application/json",
  "content-length": "87",
  "user-agent": "OpenAI/Python 2.0.0",
  "x-stainless-lang": "python",
  authorization: "Bearer sk-0123456789",
});
const options = { host: "127.0.0.1:5800", remoteAddr: "127.0.0.1", credentialNames: [] };
const small = bodies["a small chat"];

Deno.bench("headers to the backend", () => {
  requestHeaders(incoming, options);
});

const headers = requestHeaders(incoming, options);
const request = { method: "POST", path: "/v1/chat/completions", headers, body: small };
const place = { path: request.path, host: options.host, framing: { length: small.length } };

const room = new Uint8Array(4096);

Deno.bench("request line, headers and body in one array", () => {
  const head = writeRequestHead(request, place);
  putHeadAndBody(room.subarray(0, head.length + small.length), head, small);
});

const answer = [
  ["content-type", "application/json"],
  ["content-length", "123"],
  ["date", "Tue, 24 Nov 2026 16:00:00 GMT"],
  ["connection", "keep-alive"],
] as const;

Deno.bench("headers to the client", () => {
  responseHeaders(answer, [["x-request-id", "0"]]);
});

function chat(content: string, turns: number): Uint8Array<ArrayBuffer> {
  const messages = Array.from({ length: turns }, (_, i) => ({ role: i % 2 === 0 ? "user" : "assistant", content }));
  return encoder.encode(JSON.stringify({ model: "bench", messages, stream: true }));
}

function requestWith(body: Uint8Array<ArrayBuffer>): Request {
  const headers = { "content-type": "application/json", "content-length": String(body.length) };
  return new Request("http://127.0.0.1:8080/v1/chat/completions", { method: "POST", body, headers });
}

function form(size: number): Uint8Array<ArrayBuffer> {
  const field = "Content-Disposition: form-data; name";
  const parts = [
    `${field}="file"; filename="a.wav"\r\n\r\n${"\r\n-a wave".repeat(size / 9)}`,
    `${field}="model"\r\n\r\nm`,
  ];
  return encoder.encode(parts.map((part) => `--X\r\n${part}\r\n`).join("") + "--X--\r\n");
}
