/**
 * Steps that tests of the upstream client share.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { UpstreamClient } from "../../../src/gateway/upstream/client.ts";
import type { UpstreamRequest, UpstreamResponse } from "../../../src/gateway/upstream/message.ts";
import { textOf } from "../body_reader.ts";
import type { RawBackend, RawSocket } from "../raw_backend.ts";

/** A request that may be sent twice. */
export const GET: UpstreamRequest = { method: "GET", path: "/a?b=c", headers: [["x-one", "1"]], body: null };
/** A request that may not. */
export const POST: UpstreamRequest = {
  method: "POST",
  path: "/",
  headers: [],
  body: new TextEncoder().encode("hello"),
};
/** An answer that leaves its socket to the next request. */
export const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/** Sends; what `send` throws becomes a rejection. */
export async function answer(client: UpstreamClient, request: UpstreamRequest): Promise<UpstreamResponse> {
  return await client.send(request).response;
}

/** Sends, and reads the whole answer as text. */
export async function ask(client: UpstreamClient, request: UpstreamRequest): Promise<string> {
  return await textOf((await answer(client, request)).body);
}

/** Serves one request over `socket`. */
export async function serve(socket: RawSocket, until = "\r\n\r\n", bytes = OK): Promise<void> {
  await socket.readUntil(until);
  await socket.write(bytes);
}

/** Serves one request and leaves its socket in the client's pool. */
export async function leaveIdle(backend: RawBackend): Promise<RawSocket> {
  const asked = ask(backend.client, POST);
  const socket = await backend.accept();
  await serve(socket, "hello");
  assertEquals(await asked, "ok");
  return socket;
}

/** Shows that the client can still be used, whatever came before: over a fresh socket, which stays with it. */
export async function staysUsable(backend: RawBackend): Promise<void> {
  const asked = ask(backend.client, POST);
  await serve(await backend.accept(), "hello");
  assertEquals(await asked, "ok");
}

/** A request body that the test feeds by hand; it tells whether it was cancelled, and with what. */
export interface FedBody {
  readonly body: ReadableStream<Uint8Array>;
  feed(text: string): void;
  end(): void;
  fail(reason: unknown): void;
  /** Resolves with the reason when nobody wants the rest. */
  readonly cancelled: Promise<unknown>;
  readonly isCancelled: () => boolean;
}

/** Makes a body that holds back until it is fed. */
export function fedBody(): FedBody {
  const { promise: cancelled, resolve } = Promise.withResolvers<unknown>();
  let isCancelled = false;
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start: (given) => void (controller = given),
    cancel(reason) {
      isCancelled = true;
      resolve(reason);
    },
  });
  assert(controller);
  const feeding = controller;
  return {
    body,
    feed: (text) => feeding.enqueue(new TextEncoder().encode(text)),
    end: () => feeding.close(),
    fail: (reason) => feeding.error(reason),
    cancelled,
    isCancelled: () => isCancelled,
  };
}
