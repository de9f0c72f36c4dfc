import { assert, assertEquals, assertRejects, assertStrictEquals, assertStringIncludes } from "@std/assert";
import { Exchange } from "../../../src/gateway/upstream/exchange.ts";
import type { UpstreamRequest } from "../../../src/gateway/upstream/message.ts";
import { settled } from "../fake_body.ts";
import { codeOf } from "../raw_backend.ts";
import { fedBody, GET, OK, POST } from "./raw_calls.ts";
import { ScriptedConn, scriptedRoute } from "./scripted_conn.ts";

const LARGE: UpstreamRequest = { ...POST, body: new Uint8Array(100_000).fill(0x61) };

Deno.test("a kept-alive socket whose first write fails has carried nothing: the POST goes over a fresh one", async () => {
  const [kept, fresh] = [new ScriptedConn(false), new ScriptedConn()];
  const exchange = new Exchange(scriptedRoute({ kept, fresh: [fresh] }), POST, "/");
  kept.refuse();
  kept.receive(null);
  await settled();
  assert(kept.isClosed);
  assertStringIncludes(fresh.written, "hello");
  fresh.receive(OK);
  assertEquals((await exchange.response).status, 200);
});

Deno.test("a streamed body that was not touched goes over the fresh socket, whole", async () => {
  const [kept, fresh] = [new ScriptedConn(false), new ScriptedConn()];
  const fed = fedBody();
  const exchange = new Exchange(scriptedRoute({ kept, fresh: [fresh] }), { ...POST, body: fed.body }, "/");
  kept.refuse();
  kept.receive(null);
  await settled();
  fed.feed("abc");
  fed.end();
  await settled();
  assert(fresh.written.endsWith("3\r\nabc\r\n0\r\n\r\n"), fresh.written);
  fresh.receive(OK);
  assertEquals((await exchange.response).status, 200);
  assert(!fed.isCancelled());
});

Deno.test("https: a first write that fails may have sent a record all the same: the POST is not sent twice, a GET is", async () => {
  for (const request of [POST, GET]) {
    const [kept, fresh] = [new ScriptedConn(false), new ScriptedConn()];
    const exchange = new Exchange(scriptedRoute({ kept, fresh: [fresh], isSecure: true }), request, "/");
    kept.refuse();
    kept.receive(null);
    if (request === POST) assertEquals(await codeOf(exchange.response), "backend_lost");
    await settled();
    assertEquals(fresh.written !== "", request === GET);
    fresh.receive(OK);
    if (request === GET) assertEquals((await exchange.response).status, 200);
  }
});

Deno.test("a first write that took some bytes may have been seen: the POST is not sent twice", async () => {
  const [kept, fresh] = [new ScriptedConn(false), new ScriptedConn()];
  const exchange = new Exchange(scriptedRoute({ kept, fresh: [fresh] }), POST, "/");
  kept.allow(10);
  await settled();
  kept.refuse();
  kept.receive(null);
  assertEquals(await codeOf(exchange.response), "backend_lost");
  assertEquals(fresh.written, "");
});

Deno.test("a socket that ends while the first write is still under way may have carried it", async () => {
  const [kept, fresh] = [new ScriptedConn(false), new ScriptedConn()];
  const exchange = new Exchange(scriptedRoute({ kept, fresh: [fresh] }), POST, "/");
  kept.receive(null);
  assertEquals(await codeOf(exchange.response), "backend_lost");
  assertEquals(fresh.written, "");
});

Deno.test("a large POST whose head went out may have been seen", async () => {
  const [kept, fresh] = [new ScriptedConn(false), new ScriptedConn()];
  const exchange = new Exchange(scriptedRoute({ kept, fresh: [fresh] }), LARGE, "/");
  kept.allow();
  await settled();
  kept.refuse();
  kept.receive(new Deno.errors.ConnectionReset("reset"));
  assertEquals(await codeOf(exchange.response), "backend_lost");
  assertEquals(fresh.written, "");
});

Deno.test("a GET goes again once, and a fresh socket that ends is not tried a third time", async () => {
  const [kept, fresh, third] = [new ScriptedConn(), new ScriptedConn(), new ScriptedConn()];
  const exchange = new Exchange(scriptedRoute({ kept, fresh: [fresh, third] }), GET, "/");
  kept.receive(null);
  await settled();
  assertStringIncludes(fresh.written, "GET / HTTP/1.1");
  fresh.receive(null);
  assertEquals(await codeOf(exchange.response), "backend_lost");
  assertEquals(third.written, "");
});

Deno.test("a GET that is cut in its answer's body is not sent again", async () => {
  const [kept, fresh] = [new ScriptedConn(), new ScriptedConn()];
  const exchange = new Exchange(scriptedRoute({ kept, fresh: [fresh] }), GET, "/");
  kept.receive("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc");
  const { body } = await exchange.response;
  assert(body);
  kept.receive(null);
  assertEquals(await codeOf(body.deliver(() => undefined)), "backend_lost");
  assertEquals(fresh.written, "");
});

Deno.test("a fresh socket whose first write fails is backend_unreachable, and the body is let go", async () => {
  const fresh = new ScriptedConn(false);
  const fed = fedBody();
  const exchange = new Exchange(scriptedRoute({ fresh: [fresh] }), { ...POST, body: fed.body }, "/");
  const code = codeOf(exchange.response);
  await settled();
  fresh.refuse();
  fresh.receive(null);
  assertEquals(await code, "backend_unreachable");
  await fed.cancelled;
});

for (let steps = 0; steps < 12; steps++) {
  Deno.test(`an abort ${steps} steps after a kept-alive socket has failed is not lost`, async () => {
    const kept = new ScriptedConn(false);
    const fresh = new ScriptedConn();
    const fed = fedBody();
    const exchange = new Exchange(scriptedRoute({ kept, fresh: [fresh] }), { ...POST, body: fed.body }, "/");
    kept.refuse();
    kept.receive(null);
    for (let step = 0; step < steps; step++) await Promise.resolve();
    const gone = new Error("gone");
    exchange.abort(gone);
    assertStrictEquals(await exchange.response.catch((reason) => reason), gone);
    assertStrictEquals(await fed.cancelled, gone);
    assert(kept.isClosed && (fresh.isClosed || fresh.written === ""));
  });
}

Deno.test("an early answer while a large body goes out is handed on, closes the socket and leaves no rejection", async () => {
  const fresh = new ScriptedConn(false);
  const route = scriptedRoute({ fresh: [fresh] });
  const exchange = new Exchange(route, LARGE, "/");
  await settled();
  fresh.allow();
  await settled();
  assertEquals(fresh.waiting.length, 1); // the body
  fresh.receive("HTTP/1.1 413 No\r\ncontent-length: 2\r\n\r\nno");
  const { status, body } = await exchange.response;
  assertEquals([status, new TextDecoder().decode(body?.whole ?? undefined)], [413, "no"]);
  await settled();
  assertEquals([fresh.isClosed, route.givenBack.length], [true, 0]);
});

Deno.test("an answer can overtake the news of the write: the socket serves again once that has ended well", async () => {
  for (const endsWell of [true, false]) {
    const fresh = new ScriptedConn(false);
    const route = scriptedRoute({ fresh: [fresh] });
    const exchange = new Exchange(route, POST, "/");
    await settled();
    fresh.receive(OK);
    await exchange.response;
    assertEquals([fresh.isClosed, route.givenBack.length], [false, 0]);
    if (endsWell) fresh.allow();
    else fresh.refuse();
    await settled();
    assertEquals([fresh.isClosed, route.givenBack.length], [!endsWell, endsWell ? 1 : 0]);
  }
});

Deno.test("an answer that is read before the head's write has ended still decides about Expect: 100-continue", async () => {
  for (
    const [status, isWanted] of [
      ["100 Continue", true],
      ["102 Processing", false],
      ["103 Early Hints", false],
      ["417 No", false],
    ] as const
  ) {
    const fresh = new ScriptedConn(false);
    const request = { ...POST, headers: [["expect", "100-continue"]] as const };
    const exchange = new Exchange(scriptedRoute({ fresh: [fresh] }), request, "/");
    await settled();
    fresh.receive(`HTTP/1.1 ${status}\r\n${status === "417 No" ? "content-length: 2\r\n" : ""}\r\n`);
    await settled();
    fresh.allow();
    await settled();
    assertEquals(fresh.waiting.map(({ bytes }) => new TextDecoder().decode(bytes)), isWanted ? ["hello"] : []);
    exchange.abort(new Error("enough"));
    await exchange.response.catch(() => {});
    fresh.close();
  }
});

Deno.test("pieces are in memory of their own, small and large: the next read does not change them", async () => {
  const fresh = new ScriptedConn();
  const exchange = new Exchange(scriptedRoute({ fresh: [fresh] }), GET, "/");
  await settled();
  const parts = ["a", "b", "c", "d", "e"].map((letter, at) => letter.repeat(at % 2 === 0 ? 100 : 40_000));
  fresh.receive(`HTTP/1.1 200 OK\r\ncontent-length: ${parts.join("").length}\r\n\r\n${parts[0]}`);
  const { body } = await exchange.response;
  assert(body);
  const pieces: Uint8Array[] = [];
  const delivered = body.deliver((piece) => void pieces.push(piece));
  for (const part of parts.slice(1)) {
    await settled();
    fresh.receive(part);
  }
  await delivered;
  assertEquals(pieces.map((piece) => new TextDecoder().decode(piece)).join(""), parts.join(""));
});

Deno.test("a piece that is little beside its framing does not hold the memory of its whole read", async () => {
  const fresh = new ScriptedConn();
  const exchange = new Exchange(scriptedRoute({ fresh: [fresh] }), GET, "/");
  await settled();
  fresh.receive("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
  const { body } = await exchange.response;
  assert(body);
  const pieces: Uint8Array[] = [];
  const delivered = body.deliver((piece) => void pieces.push(piece));
  for (const chunk of [`1;x="${"y".repeat(1000)}"\r\na\r\n`, `64\r\n${"b".repeat(100)}\r\n`, "0\r\n\r\n"]) {
    await settled();
    fresh.receive(chunk);
  }
  await delivered;
  assertEquals(pieces.map((piece) => [piece.length, piece.buffer.byteLength]), [[1, 1], [100, 64 * 1024]]);
});

Deno.test("one wait for room holds the next read back, and an abort ends it", async () => {
  const fresh = new ScriptedConn();
  const exchange = new Exchange(scriptedRoute({ fresh: [fresh] }), GET, "/");
  await settled();
  fresh.receive("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc");
  const { body } = await exchange.response;
  assert(body);
  const room = Promise.withResolvers<void>();
  let pieces = 0;
  const delivered = body.deliver(() => {
    pieces++;
    return room.promise;
  });
  fresh.receive("def");
  await settled();
  assertEquals(pieces, 1);
  exchange.abort(new Error("gone"));
  await assertRejects(() => delivered, Error, "gone");
  assert(fresh.isClosed);
});

Deno.test("an end that comes with the last piece frees the socket, whether or not there is room", async () => {
  const fresh = new ScriptedConn();
  const route = scriptedRoute({ fresh: [fresh] });
  const exchange = new Exchange(route, GET, "/");
  await settled();
  fresh.receive("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nabc");
  const { body } = await exchange.response;
  assert(body);
  fresh.receive("def");
  let pieces = 0;
  await body.deliver(() => ++pieces === 2 ? new Promise(() => {}) : undefined);
  assertEquals([pieces, route.givenBack.length, fresh.isClosed], [2, 1, false]);
});
