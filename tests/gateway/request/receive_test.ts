import { assert, assertEquals, assertRejects } from "@std/assert";
import { GatewayError } from "../../../src/errors.ts";
import { BodyMemory } from "../../../src/gateway/request/body_memory.ts";
import { HeldBody } from "../../../src/gateway/request/held_body.ts";
import { readNamedRequest } from "../../../src/gateway/request/named_request.ts";
import { handClock } from "../../tiny/hand_clock.ts";
import { settled } from "../fake_body.ts";
import { codeOf } from "../raw_backend.ts";
import { bytesOf, inPieces, readOptions, requestOf } from "./reading.ts";

const MIB = 1024 * 1024;
/** What small bodies have to themselves beside a bound of up to 64 MiB. */
const RESERVE_BYTES = 4 * MIB;
const MULTIPART = "multipart/form-data; boundary=XX";
const HEAD = '--XX\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n';
const TAIL = '\r\n--XX\r\nContent-Disposition: form-data; name="model"\r\n\r\nm\r\n--XX--\r\n';

/** A form with a file of about `size` bytes that comes before the model. */
function upload(size: number): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(HEAD + "\0".repeat(size) + TAIL);
  for (let i = HEAD.length; i < text.length - TAIL.length; i++) text[i] = i * 7;
  return text;
}

/** A body that its test hands out by and by. */
function byHand(): {
  readonly body: ReadableStream<Uint8Array>;
  send(bytes: Uint8Array): void;
  end(): void;
  readonly reasons: unknown[];
} {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const reasons: unknown[] = [];
  const body = new ReadableStream<Uint8Array>({
    start: (given) => void (controller = given),
    cancel: (reason) => void reasons.push(reason),
  });
  return { body, reasons, send: (bytes) => controller?.enqueue(bytes), end: () => controller?.close() };
}

Deno.test("a body over the limit is refused by its announced length, before anything of it is read", async () => {
  const { body, reasons } = byHand();
  const request = requestOf(body, { headers: { "content-length": "1001" } });
  assertEquals(await codeOf(readNamedRequest(request, readOptions({ maxBytes: 1000 }))), "body_too_large");
  assertEquals([request.bodyUsed, reasons], [false, []]);
});

Deno.test("a body over the limit is refused as soon as it is over, and its source let go", async () => {
  for (const type of ["application/json", MULTIPART]) {
    let pulls = 0;
    let isCancelled = false;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        pulls++;
        controller.enqueue(new Uint8Array(100));
      },
      cancel: () => void (isCancelled = true),
    });
    const options = readOptions({ maxBytes: 1000 });
    assertEquals(await codeOf(readNamedRequest(requestOf(endless, { type }), options)), "body_too_large");
    assert(isCancelled && pulls < 20);
    assertEquals(options.memory.heldBytes, 0);
  }
});

Deno.test("one byte too many is too many", async () => {
  for (const type of ["application/json", MULTIPART]) {
    const bytes = upload(1000);
    const options = readOptions({ maxBytes: bytes.length - 1 });
    assertEquals(await codeOf(readNamedRequest(requestOf(inPieces(bytes, []), { type }), options)), "body_too_large");
  }
});

Deno.test("a body of exactly the limit is read, though all bodies together may have no more", async () => {
  const bytes = upload(300_000);
  for (const headers of [{}, { "content-length": String(bytes.length) }] as Record<string, string>[]) {
    const options = readOptions({ maxBytes: bytes.length, memory: new BodyMemory(bytes.length) });
    const request = await readNamedRequest(requestOf(inPieces(bytes, [7]), { type: MULTIPART, headers }), options);
    assertEquals(await bytesOf(request), bytes);
  }
});

Deno.test("a body that breaks off is client_closed", async () => {
  for (const headers of [{}, { "content-length": "500" }] as Record<string, string>[]) {
    const broken = new ReadableStream({ pull: (controller) => controller.error(new Error("reset")) });
    assertEquals(await codeOf(readNamedRequest(requestOf(broken, { headers }), readOptions())), "client_closed");
  }
});

Deno.test("a malformed form is refused while it comes, and nothing more is read of it", async () => {
  const { body, send, reasons } = byHand();
  const reading = readNamedRequest(requestOf(body, { type: MULTIPART }), readOptions());
  send(new TextEncoder().encode("--XX\r\nnonsense\r\n\r\n"));
  assertEquals(await codeOf(reading), "bad_request");
  assertEquals(reasons.length, 1);
});

Deno.test("bodies together have a bound: what goes beyond is too_busy until one has gone", async () => {
  const options = readOptions({ memory: new BodyMemory(3 * MIB) });
  const read = () => readNamedRequest(requestOf(inPieces(upload(MIB), [9]), { type: MULTIPART }), options);
  const first = await read();
  const second = await read();
  const error = await assertRejects(read, GatewayError);
  assertEquals([error.code, error.status, error.retryAfterS], ["too_busy", 503, 5]);
  first.drop();
  first.drop();
  await read();
  second.drop();
  assert(options.memory.heldBytes > MIB && options.memory.heldBytes < 1.3 * MIB);
});

Deno.test("large bodies that fill the memory, or are half sent, leave a reserve to small ones, which is bounded too", async () => {
  for (const [maxBytes, reserveBytes] of [[MIB, RESERVE_BYTES], [160 * MIB, 10 * MIB]] as const) {
    const memory = new BodyMemory(maxBytes);
    const options = readOptions({ memory });
    memory.take(maxBytes - 100);
    const large = () => readNamedRequest(requestOf(inPieces(upload(MIB), []), { type: MULTIPART }), options);
    const small = (bytes: number) => {
      const text = `{"model":"m"${" ".repeat(bytes - 13)}}`;
      return readNamedRequest(requestOf(text, { headers: { "content-length": String(bytes) } }), options);
    };
    assertEquals(await codeOf(large()), "too_busy");
    const held = [];
    for (let left = reserveBytes + 100; left > 0; left -= 65_536) held.push(await small(Math.min(left, 65_536)));
    assertEquals(memory.heldBytes, maxBytes + reserveBytes);
    assertEquals(await codeOf(small(100)), "too_busy");
    assertEquals(await codeOf(small(65_537)), "too_busy");
    held.pop()?.drop();
    held.pop()?.drop();
    assertEquals(await codeOf(small(65_537)), "too_busy"); // the reserve is not for it, with room or without
    assertEquals((await small(100)).model, "m");
    for (const request of held) request.drop();
    assertEquals(memory.heldBytes, maxBytes);
  }
});

Deno.test("small bodies count, too, and every way out gives back what was taken", async () => {
  const memory = new BodyMemory(1000);
  memory.take(1000);
  memory.take(RESERVE_BYTES - 1000, { mayUseReserve: true });
  const others = memory.heldBytes;
  const options = readOptions({ memory });
  const text = `{"model":"m","x":"${"y".repeat(700)}"}`;
  const headers = { "content-length": String(text.length) };
  const request = await readNamedRequest(requestOf(text, { headers }), options);
  assertEquals(await codeOf(readNamedRequest(requestOf(text, { headers }), options)), "too_busy");
  request.withModel("n").drop();
  assertEquals(memory.heldBytes, others);
  for (const body of ["{}", "{", `{"model":7,"model":8}`]) {
    const sent = { headers: { "content-length": String(body.length) } };
    assertEquals(await codeOf(readNamedRequest(requestOf(body, sent), options)), "bad_request");
    assertEquals(memory.heldBytes, others);
  }
  memory.setMax(100);
  assertEquals(await codeOf(readNamedRequest(requestOf(text, { headers }), options)), "too_busy");
});

Deno.test("memory is taken as bytes come: an announced length alone takes little", async () => {
  const options = readOptions();
  for (const type of ["application/json", MULTIPART]) {
    const { body, send } = byHand();
    const headers = { "content-length": String(30 * MIB) };
    const reading = readNamedRequest(requestOf(body, { type, headers }), { ...options, deadlineMs: 1000 });
    await settled();
    assert(options.memory.heldBytes <= 16 * 1024);
    send(new Uint8Array(1));
    await settled();
    assertEquals(options.memory.heldBytes, 16 * 1024);
    (options.clock as ReturnType<typeof handClock>).advance(1000);
    assertEquals(await codeOf(reading), "body_timeout");
    assertEquals(options.memory.heldBytes, 0);
  }
});

Deno.test("a body that comes too slowly is body_timeout, however much of it came, and is cancelled", async () => {
  const clock = handClock();
  const { body, send, reasons } = byHand();
  const reading = readNamedRequest(requestOf(body), readOptions({ clock, deadlineMs: 300_000 }));
  const refused = assertRejects(() => reading, GatewayError, "did not come within 300 s");
  for (let i = 0; i < 3; i++) {
    send(new Uint8Array(10));
    await settled();
    clock.advance(100_000);
  }
  const error = await refused;
  assertEquals([error.code, error.status, reasons.length, clock.waiting()], ["body_timeout", 408, 1, 0]);
});

Deno.test("a small body that does not come is body_timeout; for one that is there no timer is made", async () => {
  const clock = handClock();
  const timers: number[] = [];
  const counting = { ...clock, after: (ms: number, run: () => void) => (timers.push(ms), clock.after(ms, run)) };
  const options = readOptions({ clock: counting, deadlineMs: 5000 });
  const text = '{"model":"m"}';
  const headers = { "content-length": String(text.length) };
  await readNamedRequest(requestOf(text, { headers }), options);
  assertEquals(timers, []);
  const slow = readNamedRequest(requestOf(byHand().body, { headers }), options);
  await clock.asked();
  assertEquals(timers, [5000]);
  clock.advance(5000);
  assertEquals([await codeOf(slow), clock.waiting()], ["body_timeout", 0]);
});

Deno.test("without a deadline no timer is made", async () => {
  for (const headers of [{}, { "content-length": "2" }] as Record<string, string>[]) {
    const clock = handClock();
    const { body, send, end } = byHand();
    const reading = readNamedRequest(requestOf(body, { headers, query: "?model=m" }), readOptions({ clock }));
    await settled();
    assertEquals(clock.waiting(), 0);
    send(new TextEncoder().encode("{}"));
    end();
    assertEquals((await reading).length, 2);
  }
});

Deno.test("each piece is let go of when the next is asked for, and its memory given back", async () => {
  const memory = new BodyMemory(8 * MIB);
  const options = readOptions({ memory });
  const bytes = upload(2 * MIB);
  const request = (await readNamedRequest(requestOf(inPieces(bytes, []), { type: MULTIPART }), options)).withModel(
    "mm",
  );
  const body = request.body();
  assert(body instanceof ReadableStream);
  const reader = body.getReader();
  const held: number[] = [];
  let length = 0;
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
    length += value?.length ?? 0;
    held.push(memory.heldBytes);
  }
  assertEquals([length, request.length, memory.heldBytes], [bytes.length + 1, bytes.length + 1, 0]);
  assert(held.length > 8 && held.every((now, i) => i === 0 || now <= (held[i - 1] ?? 0)), held.join());
  assertEquals(request.canRepeat, false);
  request.drop();
  assertEquals(memory.heldBytes, 0);
});

Deno.test("a body can be sent again while nothing of it has been let go of", async () => {
  const bytes = upload(2 * MIB);
  const request = await readNamedRequest(requestOf(inPieces(bytes, []), { type: MULTIPART }), readOptions());
  for (let attempt = 0; attempt < 2; attempt++) {
    const body = request.body();
    assert(body instanceof ReadableStream);
    const reader = body.getReader();
    await reader.read(); // refused at the first write
    await reader.cancel();
    assertEquals(request.canRepeat, true);
  }
  assertEquals(await bytesOf(request), bytes);
  assertEquals(request.canRepeat, false);
});

Deno.test("a body dropped while it goes out gives back the rest once", async () => {
  const memory = new BodyMemory(8 * MIB);
  const request = await readNamedRequest(
    requestOf(inPieces(upload(2 * MIB), []), { type: MULTIPART }),
    readOptions({ memory }),
  );
  const body = request.body();
  assert(body instanceof ReadableStream);
  const reader = body.getReader();
  for (let i = 0; i < 4; i++) await reader.read();
  request.drop();
  assertEquals(memory.heldBytes, 0);
  for (let { done } = await reader.read(); !done; { done } = await reader.read());
  assertEquals(memory.heldBytes, 0);
});

Deno.test("edits at the edges of pieces and across them give what they would give in one", () => {
  const text = "0123456789";
  const encoder = new TextEncoder();
  for (let start = 0; start <= 10; start++) {
    for (let end = start; end <= 10; end++) {
      const edits = [
        { start, end, bytes: encoder.encode("<>") },
        ...(end < 10 ? [{ start: 10, end: 10, bytes: encoder.encode("!") }] : []),
      ];
      const pieces = ["012", "", "34", "56789"].map((piece) => encoder.encode(piece));
      const sent = new HeldBody(pieces, new BodyMemory(100)).send(edits);
      assert(sent instanceof Uint8Array);
      const expected = `${text.slice(0, start)}<>${text.slice(end)}${end < 10 ? "!" : ""}`;
      assertEquals(new TextDecoder().decode(sent), expected);
    }
  }
});
