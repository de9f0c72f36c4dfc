import { assert, assertEquals } from "@std/assert";
import { GatewayError } from "../../src/errors.ts";
import { EarlyStream } from "../../src/gateway/early_stream.ts";
import { codeOf } from "./raw_backend.ts";

const SSE = { "content-type": "text/event-stream; charset=utf-8" };

function rig(dialect: "openai" | "anthropic" | "responses" = "openai") {
  const left = { count: 0 };
  const early = new EarlyStream({ dialect, onLeave: () => void left.count++ });
  const reader = early.stream.getReader();
  const read = async () => {
    const { done, value } = await reader.read();
    return done ? null : new TextDecoder().decode(value);
  };
  return { early, reader, read, left };
}

/** A backend's stream whose every piece is the test's decision. */
function pieces() {
  let controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | null = null;
  const cancels: unknown[] = [];
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (given) => void (controller = given),
    cancel: (reason) => void cancels.push(reason),
  });
  const send = (text: string) => controller?.enqueue(new TextEncoder().encode(text));
  return {
    stream,
    cancels,
    send,
    close: () => controller?.close(),
    fail: (error: unknown) => controller?.error(error),
  };
}

Deno.test("what is said goes out at once, then the backend's stream piece by piece, then its end", async () => {
  const { early, read } = rig();
  const backend = pieces();
  assertEquals([early.say(": one\n\n"), await read()], [7, ": one\n\n"]);
  await early.follow(new Response(backend.stream, { headers: SSE }));
  backend.send("data: a\n\n");
  assertEquals(await read(), "data: a\n\n");
  assertEquals(early.say(": late\n\n"), 0);
  backend.send("data: b\n\n");
  backend.close();
  assertEquals([await read(), await read()], ["data: b\n\n", null]);
});

Deno.test("nothing of the backend's stream is asked for before the client asks", async () => {
  let pulls = 0;
  const source = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      pulls++;
      controller.enqueue(new Uint8Array(1000));
    },
  }, { highWaterMark: 0 });
  const { early, reader } = rig();
  await early.follow(new Response(source, { headers: SSE }));
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  assertEquals(pulls, 0);
  await reader.read();
  assert(pulls <= 2, `${pulls} pieces were asked for`);
  await reader.cancel();
});

Deno.test("a backend's stream that breaks off after its error event is not ended cleanly", async () => {
  const { early, read } = rig();
  const backend = pieces();
  await early.follow(new Response(backend.stream, { headers: SSE }));
  backend.send('data: {"error":{}}\n\n');
  assertEquals(await read(), 'data: {"error":{}}\n\n');
  backend.fail(new GatewayError("backend_lost", "cut"));
  assertEquals(await codeOf(read()), "backend_lost");
});

for (
  const [name, answer] of [
    [
      "an error",
      () =>
        new Response('{"error":{"message":"bad"}}', { status: 400, headers: { "content-type": "application/json" } }),
    ],
    [
      "an answer in one piece",
      () => new Response('{"choices":[]}', { headers: { "content-type": "application/json" } }),
    ],
    ["compressed events", () => new Response("x", { headers: { ...SSE, "content-encoding": "gzip" } })],
    ["no body", () => new Response(null, { status: 204 })],
  ] as const
) {
  Deno.test(`§11.2.15: ${name} that came too late is one error event, and the transfer ends in order`, async () => {
    const { early, read } = rig();
    await early.follow(answer());
    const event = await read();
    assert(event?.startsWith('data: {"error":{'), String(event));
    assertEquals(await read(), null);
  });
}

Deno.test("an endless answer that is no stream of events is not read to its end", async () => {
  let pulls = 0;
  const endless = new ReadableStream({
    pull(controller) {
      if (++pulls > 100) throw new Error("far too much was read");
      controller.enqueue(new Uint8Array(16 * 1024).fill(0x61));
    },
  });
  const { early, read } = rig();
  await early.follow(new Response(endless, { status: 500 }));
  assert((await read())?.includes("status 500"));
  assertEquals(await read(), null);
});

Deno.test("a failure is one event in the stream's dialect, and nothing comes after it", async () => {
  for (
    const [dialect, opening] of [["openai", "data: "], ["anthropic", "event: error\n"], [
      "responses",
      "event: error\n",
    ]] as const
  ) {
    const { early, read } = rig(dialect);
    early.fail(new GatewayError("cancelled", "no"));
    early.fail(new GatewayError("cancelled", "again"));
    assertEquals(early.say(": more\n\n"), 0);
    assert((await read())?.startsWith(opening));
    assertEquals(await read(), null);
  }
});

Deno.test("S9: a client that leaves while nothing has come is told once, and a late answer is let go", async () => {
  const { early, reader, left } = rig();
  await reader.cancel();
  const backend = pieces();
  await early.follow(new Response(backend.stream, { headers: SSE }));
  early.fail(new GatewayError("cancelled", "no"));
  assertEquals([left.count, backend.cancels.length], [1, 1]);
});

Deno.test("a client that leaves the backend's stream cancels it", async () => {
  const { early, reader, left } = rig();
  const backend = pieces();
  await early.follow(new Response(backend.stream, { headers: SSE }));
  await reader.cancel("gone");
  assertEquals([left.count, backend.cancels], [0, ["gone"]]);
});

Deno.test("to a client that does not read no more than a bound is said", () => {
  const { early } = rig();
  let said = 0;
  for (let i = 0; i < 10_000; i++) said += early.say("data: .......................\n\n");
  assert(said > 0 && said < 70_000, `${said} bytes are kept`);
});
