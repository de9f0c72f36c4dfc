import { assert, assertEquals } from "@std/assert";
import { UpstreamClient } from "../../../src/gateway/upstream/client.ts";
import type { UpstreamBody, UpstreamRequest } from "../../../src/gateway/upstream/message.ts";
import { hasNode, type NodeAnswer, startNodeServer } from "../../fakes/node_server.ts";
import { concat } from "../../../src/gateway/bytes.ts";
import { CERTIFICATE } from "../raw_backend.ts";
import { type Random, random } from "../../random.ts";

const ROUNDS = 1000;
const AT_ONCE = 4;
const name = "bytes out are bytes in, beside a real server, whatever the framing, with aborts in between";

for (const transport of ["http", "https"] as const) {
  const title = `${transport}: ${name}`;
  Deno.test({
    name: hasNode() ? title : `${title} (skipped: there is no node here)`,
    ignore: !hasNode(),
    async fn() {
      await using server = await startNodeServer(transport);
      const client = new UpstreamClient({ baseUrl: server.baseUrl, caCerts: [CERTIFICATE] });
      const seen = new Set<string>();
      await Promise.all(Array.from({ length: AT_ONCE }, async (_, lane) => {
        const chance = random(100 + lane);
        for (let round = 0; round < ROUNDS / AT_ONCE; round++) await oneRequest(client, chance, seen);
      }));
      client.close();
      for (const kind of ["length", "chunked", "close", "204", "304", "HEAD", "abort", "stream", "bytes", "expect"]) {
        assert(seen.has(kind), `${kind} has happened: ${[...seen]}`);
      }
    },
  });
}

/** Sends something, and checks every byte of the answer, or aborts somewhere. */
async function oneRequest(client: UpstreamClient, chance: Random, seen: Set<string>): Promise<void> {
  const answer: NodeAnswer = {
    status: chance.pick([200, 200, 200, 201, 404, 500, 204, 304]),
    framing: chance.pick(["length", "chunked", "chunked", "close"]),
    chunks: Array.from({ length: 1 + chance.below(4) }, () => 1 + chance.below(chance.pick([20, 3000, 70_000]))),
    trailers: chance.oneIn(3),
    hints: chance.oneIn(4) ? 1 + chance.below(4) : 0,
  };
  const method = chance.pick(["POST", "POST", "PUT", "GET", "HEAD", "DELETE"]);
  const bytes = method === "POST" || method === "PUT"
    ? chance.bytes(chance.below(chance.pick([1, 100, 5000, 70_000, 1024 * 1024])))
    : null;
  // Chunks of single bytes of a long body tell nothing new, slowly.
  const chunks = (bytes?.length ?? 0) > 100_000 ? answer.chunks.map((size) => size + 5000) : answer.chunks;
  const echo = `${chance.below(1e9)} \u00e9\u00ff`;
  const expects = bytes !== null && chance.oneIn(5);
  const request: UpstreamRequest = {
    method,
    path: `/some/path?q=${chance.below(100)}`,
    headers: [
      ["x-answer", JSON.stringify({ ...answer, chunks })],
      ["x-echo", echo],
      ...(expects ? [["expect", "100-continue"]] as const : []),
    ],
    ...bodyOf(bytes, chance),
  };
  const call = client.send(request);
  if (chance.oneIn(6)) {
    seen.add("abort");
    return await abortSomewhere(call, chance);
  }
  const { status, headers, body } = await call.response;
  const values = new Map(headers);
  assertEquals([status, values.get("x-method"), values.get("x-echo")], [answer.status, method, echo]);
  assertEquals(headers.filter(([name]) => name === "set-cookie").map(([, value]) => value), ["a=1", "b=2"]);
  assertEquals(values.get("x-framing"), framingOf(request));
  const hasBody = method !== "HEAD" && status !== 204 && status !== 304;
  assertEquals(body !== null, hasBody);
  const got = body === null ? null : await bytesOf(body);
  if (got !== null) assertEquals(isSame(got, bytes ?? new Uint8Array(0)), true, `${got.length} of ${bytes?.length}`);
  seen.add(request.body instanceof ReadableStream ? "stream" : "bytes");
  seen.add(hasBody ? answer.framing : method === "HEAD" ? "HEAD" : String(status));
  if (expects) seen.add("expect");
}

/** Ends the call after some turns, in its body, or twice. */
async function abortSomewhere(call: ReturnType<UpstreamClient["send"]>, chance: Random): Promise<void> {
  const gone = new Error("gone");
  if (chance.oneIn(2)) {
    for (let turns = chance.below(10); turns > 0; turns--) await Promise.resolve();
    call.abort(gone);
  }
  try {
    const { body } = await call.response;
    let left = chance.below(3);
    await body?.deliver(() => {
      if (left-- === 0) call.abort(gone);
      return undefined;
    });
    call.abort(gone);
  } catch (error) {
    assert(error === gone, String(error));
  }
}

/** The same bytes as bytes, or as a stream of pieces of any size, with or without their length. */
function bodyOf(bytes: Uint8Array | null, chance: Random): Pick<UpstreamRequest, "body" | "bodyLength"> {
  if (bytes === null || chance.oneIn(2)) return { body: bytes };
  let at = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      const end = Math.min(bytes.length, at + 1 + chance.below(50_000));
      controller.enqueue(bytes.subarray(at, end));
      at = end;
    },
  });
  return chance.oneIn(2) ? { body } : { body, bodyLength: bytes.length };
}

/** What the server has to see of the request's framing. */
function framingOf({ method, body, bodyLength }: UpstreamRequest): string {
  if (body instanceof Uint8Array) return String(body.length);
  if (body !== null) return bodyLength === undefined ? "chunked" : String(bodyLength);
  return method === "DELETE" ? "0" : "none";
}

async function bytesOf(body: UpstreamBody): Promise<Uint8Array> {
  if (body.whole !== null) return body.whole;
  const pieces: Uint8Array[] = [];
  await body.deliver((piece) => void pieces.push(piece));
  return concat(pieces);
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
