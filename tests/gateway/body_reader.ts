/**
 * Reads the body of an upstream answer piece by piece or as a whole.
 *
 * @module
 */

import type { UpstreamBody } from "../../src/gateway/upstream/message.ts";

/** Reads like the reader of a stream: a piece is asked for, and more is delivered only when it has been taken. */
export function readerOf(body: UpstreamBody): ReadableStreamDefaultReader<Uint8Array> {
  return streamOf(body).getReader();
}

/** The whole body as text. */
export async function textOf(body: UpstreamBody | null): Promise<string> {
  return body === null ? "" : await new Response(streamOf(body)).text();
}

function streamOf(body: UpstreamBody): ReadableStream<Uint8Array<ArrayBuffer>> {
  let resume = () => {};
  let isCancelled = false; // then the delivery may still end, but the stream has ended already
  return new ReadableStream({
    start(controller) {
      if (body.whole !== null) {
        if (body.whole.length > 0) controller.enqueue(body.whole);
        return controller.close();
      }
      body.deliver((piece) => {
        controller.enqueue(piece);
        return (controller.desiredSize ?? 0) > 0 ? undefined : new Promise((resolve) => void (resume = resolve));
      }).then(() => isCancelled || controller.close(), (reason) => controller.error(reason));
    },
    pull: () => resume(),
    cancel() {
      isCancelled = true;
      body.cancel();
    },
  }, { highWaterMark: 1 });
}
