/**
 * Short ways to read a request in a test, and to see what would be sent of it.
 *
 * @module
 */

import { concat } from "../../../src/gateway/bytes.ts";
import { BodyMemory } from "../../../src/gateway/request/body_memory.ts";
import { type NamedRequest, readNamedRequest, type ReadOptions } from "../../../src/gateway/request/named_request.ts";
import { handClock } from "../../tiny/hand_clock.ts";

/** What a test may say about a request. */
export interface Sent extends Partial<ReadOptions> {
  /** Content-Type; null sends none. */
  readonly type?: string | null;
  /** With its question mark. */
  readonly query?: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
}

/** The default options, with a memory of its own. */
export function readOptions(options: Partial<ReadOptions> = {}): ReadOptions {
  const memory = new BodyMemory(64 * 1024 * 1024);
  return { modelIn: "body", maxBytes: 32 * 1024 * 1024, deadlineMs: null, memory, clock: handClock(), ...options };
}

/** A request with `body`. */
export function requestOf(
  body: BodyInit | null,
  { type = "application/json", query = "", method = "POST", headers = {} }: Sent = {},
): Request {
  const request = new Request(`http://gateway/v1/x${query}`, { method, body, headers });
  if (type === null) request.headers.delete("content-type");
  else request.headers.set("content-type", type);
  return request;
}

/** Reads a request with `body`. */
export function read(body: BodyInit | null, sent: Sent = {}): Promise<NamedRequest> {
  return readNamedRequest(requestOf(body, sent), readOptions(sent));
}

/** What goes out. */
export async function bytesOf(request: NamedRequest): Promise<Uint8Array<ArrayBuffer>> {
  const body = request.body();
  if (body === null) return new Uint8Array(0);
  if (body instanceof Uint8Array) return body;
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece.slice());
  return concat(pieces);
}

/** What goes out, as text. */
export async function textOf(request: NamedRequest): Promise<string> {
  return new TextDecoder().decode(await bytesOf(request));
}

/** A body that comes in pieces cut at `cuts`. */
export function inPieces(bytes: Uint8Array<ArrayBuffer>, cuts: readonly number[]): ReadableStream<Uint8Array> {
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return new ReadableStream({
    start(controller) {
      for (let i = 1; i < at.length; i++) controller.enqueue(bytes.slice(at[i - 1], at[i]));
      controller.close();
    },
  });
}
