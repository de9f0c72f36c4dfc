import { assertEquals, assertStringIncludes } from "@std/assert";
import { GatewayError } from "../../../src/errors.ts";
import { errorResponse } from "../../../src/gateway/error_response.ts";
import { readNamedRequest } from "../../../src/gateway/request/named_request.ts";
import { handClock } from "../../tiny/hand_clock.ts";
import { RawSocket } from "../raw_backend.ts";
import { readOptions } from "./reading.ts";

// A request that stops half way is made by a socket only.

const encoder = new TextEncoder();
const HALVES: readonly [string, string, string][] = [
  ["small JSON", "application/json", "content-length: 500\r\n\r\n{"],
  ["large JSON", "application/json", 'content-length: 900000\r\n\r\n{"model":"m",'],
  ["JSON in chunks", "application/json", "transfer-encoding: chunked\r\n\r\n1\r\n{\r\n"],
  ["an upload", "multipart/form-data; boundary=X", "content-length: 900000\r\n\r\n--X\r\nContent-"],
];

/** A server that reads requests, and what they came to. */
function reader(options = readOptions()) {
  const codes: string[] = [];
  const told = Promise.withResolvers<void>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    try {
      const { model } = await readNamedRequest(request, options);
      return new Response(model);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      codes.push(error.code);
      told.resolve();
      return errorResponse(error, { dialect: "openai" });
    }
  });
  return { server, codes, refused: told.promise };
}

for (const [name, type, rest] of HALVES) {
  Deno.test(`on the wire: ${name} that stops half way is answered 408 when its time is over`, async () => {
    const clock = handClock();
    const options = readOptions({ clock, deadlineMs: 300_000 });
    const { server, codes } = reader(options);
    const client = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
    await client.write(encoder.encode(`POST / HTTP/1.1\r\nhost: x\r\ncontent-type: ${type}\r\n${rest}`));
    await clock.asked();
    clock.advance(300_000);
    const buffer = new Uint8Array(4096);
    const answer = new TextDecoder().decode(buffer.subarray(0, await client.read(buffer) ?? 0));
    assertStringIncludes(answer, "HTTP/1.1 408 ");
    assertEquals([codes, options.memory.heldBytes, clock.waiting()], [["body_timeout"], 0, 0]);
    client.close();
    await server.shutdown();
  });

  Deno.test(`on the wire: ${name} whose client leaves is client_closed, and nothing is kept`, async () => {
    const clock = handClock();
    const options = readOptions({ clock, deadlineMs: 300_000 });
    const { server, codes, refused } = reader(options);
    const client = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
    await client.write(encoder.encode(`POST / HTTP/1.1\r\nhost: x\r\ncontent-type: ${type}\r\n${rest}`));
    await clock.asked();
    client.close();
    await refused;
    assertEquals([codes, options.memory.heldBytes, clock.waiting()], [["client_closed"], 0, 0]);
    await server.shutdown();
  });
}

Deno.test("on the wire: for a request that comes in one piece no timer is made", async () => {
  const timers: number[] = [];
  const clock = { now: () => 0, after: (ms: number) => (timers.push(ms), () => {}) };
  const { server } = reader(readOptions({ clock, deadlineMs: 300_000 }));
  const client = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
  const buffer = new Uint8Array(4096);
  for (let i = 0; i < 20; i++) {
    const head = "POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 13\r\n\r\n";
    await client.write(encoder.encode(`${head}{"model":"m"}`));
    assertStringIncludes(new TextDecoder().decode(buffer.subarray(0, await client.read(buffer) ?? 0)), "200 OK");
  }
  assertEquals(timers, []);
  client.close();
  await server.shutdown();
});

for (
  const [name, type, begin, end] of [
    ["JSON", "application/json", '{"model":"m","x":"', '"}'],
    [
      "a form",
      "multipart/form-data; boundary=X",
      '--X\r\ncontent-disposition: form-data; name="model"\r\n\r\nm\r\n--X\r\ncontent-disposition: form-data; name="x"\r\n\r\n',
      "\r\n--X--",
    ],
  ] as const
) {
  Deno.test(`on the wire: ${name} in chunks comes to its end whatever its length is, up to the largest, trailers or not`, async () => {
    const maxBytes = 300_000;
    const { server, codes } = reader(readOptions({ clock: handClock(), deadlineMs: 300_000, maxBytes }));
    const lengths = [16 * 1024, 64 * 1024, 80 * 1024, maxBytes].flatMap((
      edge,
    ) => [edge - 60, edge - 3, edge - 1, edge]);
    for (const length of lengths) {
      for (const trailers of ["", "x-sum: 0123456789\r\n"]) {
        const conn = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
        const client = new RawSocket(conn);
        const body = begin + "y".repeat(length - begin.length - end.length) + end;
        const cut = length - 7; // the line of a chunk, too, comes where little room is left
        const chunks = [body.slice(0, cut), body.slice(cut)].map((part) =>
          `${part.length.toString(16)}\r\n${part}\r\n`
        );
        await client.write(`POST / HTTP/1.1\r\nhost: x\r\ncontent-type: ${type}\r\ntransfer-encoding: chunked\r\n\r\n`);
        await client.write(`${chunks.join("")}0\r\n${trailers}\r\n`);
        assertStringIncludes(await client.readUntil("\r\n\r\n"), "HTTP/1.1 200 ", `${length} bytes`);
        client.close();
      }
    }
    assertEquals(codes, []);
    await server.shutdown();
  });
}
