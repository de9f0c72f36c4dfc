/**
 * A process that does with an upload what the gateway does, and tells how its memory grew meanwhile.
 *
 * Arguments: the backend's base URL. Prints its own port.
 *
 * @module
 */

import { systemClock } from "../../../src/clock.ts";
import { BodyMemory } from "../../../src/gateway/request/body_memory.ts";
import { readNamedRequest } from "../../../src/gateway/request/named_request.ts";
import { UpstreamClient } from "../../../src/gateway/upstream/client.ts";

const MIB = 1024 * 1024;
const client = new UpstreamClient({ baseUrl: Deno.args[0] ?? "" });
const memory = new BodyMemory(64 * MIB);
let peak = 0;

function sample(): void {
  peak = Math.max(peak, Deno.memoryUsage().rss);
}

/** The same stream; memory is looked at before each piece. */
function sampled(body: ReadableStream<Uint8Array<ArrayBuffer>>): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader();
  return new ReadableStream({
    async pull(controller) {
      sample();
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
  peak = 0;
  sample();
  const before = peak;
  const options = { modelIn: "body", maxBytes: 32 * MIB, deadlineMs: 60_000, memory, clock: systemClock } as const;
  const read = (await readNamedRequest(request, options)).withModel("another");
  const held = memory.heldBytes;

  const body = read.body();
  const { response } = client.send({
    method: "POST",
    path: "/",
    headers: [["content-type", request.headers.get("content-type") ?? ""]],
    body: body instanceof ReadableStream ? sampled(body) : body,
    bodyLength: read.length,
  });
  const answer = await response;
  sample();
  read.drop();
  return Response.json({
    model: read.model,
    length: read.length,
    held,
    left: memory.heldBytes,
    growth: peak - before,
    backend: new TextDecoder().decode(answer.body?.whole ?? undefined),
  });
});
await Deno.stdout.write(new TextEncoder().encode(`${server.addr.port}\n`));
