import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { GatewayError } from "../../src/errors.ts";
import type { CutRest } from "../../src/gateway/response_stream.ts";
import { codeOf } from "./raw_backend.ts";
import { type Rig, rig, settled } from "./fake_body.ts";

const LOST = new GatewayError("backend_lost", "broke off");

Deno.test("a piece is the client's at once, as it came, whether or not another follows", async () => {
  const { backend, reader, told } = rig();
  const waiting = reader.read();
  const first = piece("ab");
  backend.send(first);
  assertStrictEquals((await waiting).value, first);
  const [second, third] = [piece("c"), piece("d")];
  backend.send(second);
  backend.send(third);
  assertStrictEquals((await reader.read()).value, second); // never joined
  assertStrictEquals((await reader.read()).value, third);
  assertEquals(told, []);
  backend.finish();
  assert((await reader.read()).done);
  assertEquals(told, ["free", "complete"]);
});

Deno.test("pieces that come before the client reads at all are kept in order", async () => {
  const { backend, reader } = rig();
  for (const text of ["a", "b", "c"]) backend.send(piece(text));
  backend.finish();
  assertEquals(await restOf(reader), "abc");
});

Deno.test("for a client that reads nothing, bytes are taken up to the bound, and no further", async () => {
  const { backend, clock, told } = rig();
  await settled();
  for (const text of ["aaaa", "bbbb"]) {
    assert(backend.send(piece(text)) && !backend.isHeld);
    await settled();
  }
  assertEquals(clock.waiting(), 0);
  assert(backend.send(piece("cc")) && backend.isHeld, "the piece that fills the buffer is waited for");
  await settled();
  assert(!backend.send(piece("d")));
  assertEquals([clock.waiting(), told], [1, []]);
  clock.advance(1000);
});

Deno.test("a buffer that stands full for too long: the backend is aborted and free, the client's stream broken", async () => {
  const test = rig();
  const { backend, clock, reader, told } = test;
  await fill(test);
  clock.advance(999);
  assertEquals([told, backend.aborts.length], [[], 0]);
  clock.advance(1);
  assertEquals(told, ["free", "clientStalled"]);
  assertEquals(backend.aborts.map((reason) => reason instanceof GatewayError && reason.code), ["client_closed"]);
  assert(backend.cancels === 1);
  await settled();
  assert(!backend.isHeld, "nobody waits for ever");
  assertEquals(await codeOf(reader.read()), "client_closed");
  clock.advance(60 * 60_000);
  assertEquals([told, clock.waiting()], [["free", "clientStalled"], 0]);
});

Deno.test("a reader that takes half in time is not cut, however often", async () => {
  const test = rig();
  const { backend, clock, reader, told } = test;
  await fill(test);
  for (let round = 0; round < 5; round++) {
    clock.advance(999);
    assertEquals((await reader.read()).value?.length, 5);
    await settled();
    assert(!backend.isHeld, "there is room again");
    assertEquals(clock.waiting(), 0);
    backend.send(piece("fffff"));
    assert(backend.isHeld);
  }
  assertEquals(told, []);
  clock.advance(1000);
  assertEquals(told, ["free", "clientStalled"]);
});

Deno.test("a reader that drips single bytes is cut when the time for half is over", async () => {
  const { backend, clock, reader, told } = rig();
  for (const letter of "0123456789") backend.send(piece(letter));
  assert(backend.isHeld);
  for (let taken = 0; taken < 4; taken++) {
    clock.advance(200);
    await reader.read();
    await settled();
    assert(backend.isHeld, "the backend goes on only when half is free");
  }
  assertEquals([told, clock.waiting()], [[], 1]);
  clock.advance(200);
  assertEquals(told, ["free", "clientStalled"]);
  await reader.closed.catch(() => {});
});

Deno.test("without a time limit a full buffer waits for its client", async () => {
  const test = rig({ bounds: { bufferBytes: 10, stalledMs: null } });
  await fill(test);
  assertEquals(test.clock.waiting(), 0);
  await test.reader.cancel();
});

Deno.test("a backend that finishes into the buffer is free though nothing was read; complete is told with the last byte", async () => {
  const test = rig();
  const { backend, clock, reader, told } = test;
  await fill(test);
  backend.finish();
  await settled();
  assertEquals(told, ["free"]);
  clock.advance(14 * 60_000); // far longer than a full buffer may stand
  assertEquals((await reader.read()).value?.length, 5);
  await settled();
  assertEquals(told, ["free"]);
  assertEquals((await reader.read()).value?.length, 5);
  await settled();
  assertEquals([told, clock.waiting()], [["free", "complete"], 0]);
  assert((await reader.read()).done);
});

Deno.test("the rest of an answer can be cut once its backend is free, and not before", async () => {
  let cut: CutRest | null = null;
  const { backend, clock, reader, told } = rig({ onRest: (given) => void (cut = given) });
  backend.send(piece("abc"));
  await settled();
  assertEquals(cut, null);
  backend.finish();
  await settled();
  const reason = new GatewayError("cancelled", "by an operator");
  (cut as CutRest | null)?.(reason);
  (cut as CutRest | null)?.(reason);
  assertEquals([told, clock.waiting()], [["free", "failed"], 0]);
  assertEquals(await codeOf(reader.read()), "cancelled");
});

Deno.test("the rest of an answer is dropped after a quarter of an hour", async () => {
  const { backend, clock, reader, told } = rig();
  backend.send(piece("abc"));
  backend.finish();
  await settled();
  clock.advance(15 * 60_000 - 1);
  assertEquals(told, ["free"]);
  clock.advance(1);
  assertEquals([told, clock.waiting()], [["free", "clientStalled"], 0]);
  assertEquals(await codeOf(reader.read()), "client_closed");
});

for (
  const [name, before, told] of [
    ["before the first piece", () => {}, ["free", "clientLeft"]],
    ["with pieces in the buffer", ({ backend }: Rig) => void backend.send(piece("ab")), ["free", "clientLeft"]],
    ["while the buffer is full", fill, ["free", "clientLeft"]],
    ["with the rest still in the buffer", async (test: Rig) => {
      await fill(test);
      test.backend.finish();
    }, ["free", "clientLeft"]],
    ["after a failure, with the rest still in the buffer", async (test: Rig) => {
      await fill(test);
      test.backend.fail(LOST);
    }, ["free", "clientLeft"]],
    ["after the end", ({ backend }: Rig) => backend.finish(), ["free", "complete"]],
  ] as const
) {
  Deno.test(`a client that cancels ${name} ends everything, each thing once`, async () => {
    const test = rig();
    const { backend, clock, reader } = test;
    await before(test);
    await settled();
    await reader.cancel();
    await settled();
    assertEquals([test.told, clock.waiting(), backend.isHeld], [[...told], 0, false]);
    assertEquals(backend.cancels, told[1] === "complete" ? 0 : 1);
    clock.advance(60 * 60_000);
    assertEquals(test.told, [...told]);
  });
}

Deno.test("a failure while the buffer is full: what was taken is delivered, then the error event, then a broken stream", async () => {
  const test = rig({ mayAddEvents: true });
  const { backend, clock, reader, told } = test;
  backend.send(piece("data: 1\n\n"));
  backend.send(piece("data: 2\n\n"));
  assert(backend.isHeld);
  backend.fail(LOST);
  await settled();
  assertEquals(told, ["free"]); // the backend is free, the client not served yet
  const texts = [await textOf(reader), await textOf(reader), await textOf(reader)];
  assertEquals(texts.slice(0, 2), ["data: 1\n\n", "data: 2\n\n"]);
  assert(texts[2]?.startsWith('data: {"') && texts[2].endsWith("\n\n") && texts[2].includes("backend_lost"), texts[2]);
  assertEquals(await codeOf(reader.read()), "backend_lost");
  assertEquals([told, clock.waiting()], [["free", "failed"], 0]);
});

for (
  const [tail, isBetweenEvents] of [
    [["data: x\n\n"], true],
    [["data: x\r\n\r\n"], true],
    [["data: x\n"], false],
    [["data: x\n", "\n"], true],
    [["data: x\r\n\r", "\n"], true],
    [["data: x", "\r\n", "\r\n"], true],
    [["d", "\n", "\n"], true],
    [["x"], false],
    [[], true],
  ] as const
) {
  const name = `${isBetweenEvents ? "an error event follows" : "no byte of ours follows half an event"}`;
  Deno.test(`${name}: ${JSON.stringify(tail)}`, async () => {
    const { backend, reader } = rig({ mayAddEvents: true, bounds: { bufferBytes: 1000, stalledMs: null } });
    for (const text of tail) backend.send(piece(text));
    backend.fail(LOST);
    for (const text of tail) assertEquals(await textOf(reader), text);
    if (isBetweenEvents) assert((await textOf(reader)).startsWith("data: {"));
    await assertRejects(() => reader.read());
  });
}

Deno.test("a plain answer that fails is broken without a byte of ours", async () => {
  const { backend, reader, outcomes } = rig();
  backend.send(piece("ab"));
  backend.fail(LOST);
  assertEquals(await textOf(reader), "ab");
  assertEquals(await codeOf(reader.read()), "backend_lost");
  assertEquals(outcomes, [{ kind: "failed", error: LOST }]);
});

Deno.test("an abort because the client left ends at once, with nothing kept for it", async () => {
  const { backend, clock, reader, told } = rig({ mayAddEvents: true });
  backend.send(piece("data: 1\n\n"));
  backend.fail(new GatewayError("client_closed", "left"));
  await settled();
  assertEquals([told, clock.waiting()], [["free", "clientLeft"], 0]);
  assertEquals(await codeOf(reader.read()), "client_closed");
});

Deno.test("a tap that throws aborts the backend; what it has seen before is delivered", async () => {
  let seen = 0;
  const { backend, reader, told } = rig({
    tap() {
      if (++seen === 2) throw new Error("bug");
    },
  });
  backend.send(piece("ab"));
  backend.send(piece("cd"));
  assertEquals(backend.aborts.length, 1);
  assertEquals(await textOf(reader), "ab");
  assertEquals(await codeOf(reader.read()), "internal");
  assertEquals(told, ["free", "failed"]);
});

function piece(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** Two pieces of five bytes, which fill the buffer. */
async function fill({ backend }: Rig): Promise<void> {
  backend.send(piece("aaaaa"));
  backend.send(piece("bbbbb"));
  assert(backend.isHeld);
  await settled();
}

async function textOf(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  return new TextDecoder().decode((await reader.read()).value);
}

async function restOf(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  let text = "";
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    text += new TextDecoder().decode(next.value);
  }
  return text;
}
