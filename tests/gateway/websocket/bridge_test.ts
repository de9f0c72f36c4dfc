import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { GatewayError } from "../../../src/errors.ts";
import { OPCODES, writeFrame } from "../../../src/gateway/websocket/frames.ts";
import { SOCKET_BOUNDS } from "../../../src/gateway/websocket/bridge.ts";
import { settled } from "../../backend/world.ts";
import { FakeLease, Harness } from "./harness.ts";
import { type RawEnd, upgradeRequest } from "./raw_end.ts";

const MIB = 1024 * 1024;
/** Of the event loop: nothing that works takes so many. */
const MANY_TURNS = 10_000;

Deno.test("messages cross both ways as they are, and the handshake is each connection's own", async () => {
  await using gateway = new Harness();
  const client = await gateway.connect();
  await client.write(upgradeRequest({
    "sec-websocket-protocol": "first, second",
    "sec-websocket-extensions": "permessage-deflate",
    "x-api-key": "secret",
    "x-mine": "1",
  }));
  const backend = await gateway.accept();
  const asked = await backend.agree("sec-websocket-protocol: second\r\nset-cookie: a=1\r\n");
  assertStringIncludes(asked, "GET /base/ws?a=1 HTTP/1.1\r\n");
  assertStringIncludes(asked, "sec-websocket-protocol: first, second\r\n");
  assertStringIncludes(asked, "x-mine: 1\r\n");
  for (const absent of ["extensions", "secret", "dGhlIHNhbXBsZSBub25jZQ=="]) assert(!asked.includes(absent), absent);
  assertEquals(asked.match(/^sec-websocket-(key|version):/gm)?.length, 2);
  const answered = await client.readHead();
  assertStringIncludes(answered, "HTTP/1.1 101 ");
  for (const line of ["sec-websocket-protocol: second", "x-request-id: one", "set-cookie: a=1"]) {
    assertMatch(answered, new RegExp(`^${line}\\r$`, "m"));
  }
  assertEquals(answered.match(/sec-websocket-accept/g)?.length, 1);
  await client.send("hello €");
  assertEquals(await backend.next(), "hello €");
  await client.send(new Uint8Array(3));
  assertEquals(await backend.next(), 3);
  await backend.send("and back");
  assertEquals(await client.next(), "and back");
  await backend.send(new Uint8Array(70_000));
  assertEquals(await client.next(), 70_000);
  assertEquals([gateway.told, gateway.toldBytes, gateway.readBytes], [[101], 70_020, 70_020]);
});

Deno.test("what a backend says with its agreement is not lost", async () => {
  await using gateway = new Harness();
  const client = await gateway.connect();
  await client.write(upgradeRequest());
  const backend = await gateway.accept();
  await backend.agree("", writeFrame({ opcode: OPCODES.text, payload: new TextEncoder().encode("early"), mask: null }));
  await client.readHead();
  assertEquals(await client.next(), "early");
});

Deno.test("pings are answered by the gateway at each end", async () => {
  await using gateway = new Harness();
  const { client, backend } = await gateway.open();
  await backend.send("b", OPCODES.ping);
  assertEquals(await backend.next(), "pong");
  await client.send("c", OPCODES.ping);
  assertEquals(await client.next(), "pong");
  await backend.send("", OPCODES.pong);
  await backend.send("after");
  assertEquals(await client.next(), "after");
});

Deno.test("a message of 20 MiB in pieces passes both ways", async () => {
  await using gateway = new Harness();
  const { client, backend } = await gateway.open();
  const piece = new Uint8Array(2 * MIB).fill(7);
  const sendPieces = async (end: typeof client) => {
    for (let i = 0; i < 10; i++) await end.send(piece, i === 0 ? OPCODES.binary : OPCODES.continuation, i === 9);
  };
  const sent = sendPieces(client);
  assertEquals(await backend.next(), 20 * MIB);
  await sent;
  const back = sendPieces(backend);
  assertEquals(await client.next(), 20 * MIB);
  await back;
});

for (const [code, reason] of [[1000, "done"], [4001, "own"], [null, ""]] as const) {
  Deno.test(`a close passes from the client to the backend: ${code ?? "without a code"}`, async () => {
    await using gateway = new Harness();
    const { client, backend } = await gateway.open();
    await client.sendClose(code, reason);
    assertEquals(await backend.next(), [code, reason]);
    await backend.sendClose(code);
    assertEquals(await backend.next(), "end");
    assertEquals(await client.next(), [code, reason]);
    assertEquals([gateway.lease?.releases, gateway.ends], [1, [{ by: "client", code }]]);
  });

  Deno.test(`a close passes from the backend to the client: ${code ?? "without a code"}`, async () => {
    await using gateway = new Harness();
    const { client, backend } = await gateway.open();
    await backend.send("last");
    await backend.sendClose(code, reason);
    assertEquals(await client.next(), "last");
    assertEquals(await client.next(), [code, reason]);
    assertEquals(await backend.next(), [code, ""]);
    assertEquals(await backend.next(), "end");
    assertEquals([gateway.lease?.releases, gateway.ends], [1, [{ by: "backend", code }]]);
  });
}

Deno.test("of a client that is lost the backend is told as of one that goes away, behind what was said before", async () => {
  await using gateway = new Harness();
  const { client, backend } = await gateway.open();
  await client.send("last");
  client[Symbol.dispose]();
  assertEquals([await backend.next(), await backend.next()], ["last", [1001, "The client is gone"]]);
  assertEquals([gateway.lease?.releases, gateway.ends, gateway.sockets.size], [1, [{ by: "client", code: 1001 }], 0]);
  await backend.sendClose(1001);
  assertEquals(await backend.next(), "end");
});

Deno.test("a backend that never answers a close is cut", async () => {
  await using gateway = new Harness();
  const { client, backend } = await gateway.open();
  await client.sendClose(1000);
  assertEquals(await backend.next(), [1000, ""]);
  gateway.clock.advance(5000);
  assertEquals(await backend.next(), "end");
});

Deno.test("a backend that breaks off is 1011, when there is no news of its process", async () => {
  await using gateway = new Harness();
  const { client, backend } = await gateway.open();
  backend[Symbol.dispose]();
  await timerOf(gateway, 500);
  gateway.clock.advance(500);
  assertEquals(await client.next(), [1011, "The model's backend broke off"]);
  assertEquals(gateway.ends, [{ by: "backend", code: 1011 }]);
});

Deno.test("a backend whose process is being stopped is 1012, also when its socket tells first", async () => {
  await using gateway = new Harness();
  const { client, backend } = await gateway.open();
  backend[Symbol.dispose]();
  await timerOf(gateway, 500);
  gateway.leaving.abort();
  assertEquals(await client.next(), [1012, "The model's backend is being stopped"]);
});

Deno.test("when the process is being stopped, both ends are told", async () => {
  await using gateway = new Harness();
  const { client, backend } = await gateway.open();
  gateway.leaving.abort();
  assertEquals(await backend.next(), [1001, ""]);
  assertEquals(await client.next(), [1012, "The model's backend is being stopped"]);
  assertEquals([gateway.lease?.releases, gateway.ends], [1, [{ by: "gateway", code: 1012 }]]);
});

for (
  const [name, bytes, toBackend, toClient] of [
    ["a masked frame", Uint8Array.of(0x81, 0x80, 0, 0, 0, 0), 1002, 1011],
    ["text that is no UTF-8", Uint8Array.of(0x81, 1, 0xff), 1007, 1011],
    ["a message above the bound", Uint8Array.of(0x82, 0x7f, 0, 0, 0, 0, 4, 0, 0, 1), 1009, 1009],
  ] as const
) {
  Deno.test(`a fault of the backend: ${name}`, async () => {
    await using gateway = new Harness();
    const { client, backend } = await gateway.open();
    await backend.send("before");
    await backend.write(bytes);
    assertEquals(await client.next(), "before");
    assertEquals((await client.next())[0 as never], toClient);
    assertEquals((await backend.next())[0 as never], toBackend);
    assertEquals(await backend.next(), "end");
  });
}

Deno.test("a shutdown closes every websocket with 1001, and those that come later", async () => {
  await using gateway = new Harness();
  const { client, backend } = await gateway.open();
  gateway.sockets.closeAll(1001, "The gateway is shutting down");
  assertEquals(await client.next(), [1001, "The gateway is shutting down"]);
  assertEquals(await backend.next(), [1001, ""]);
  const late = await gateway.open();
  assertEquals(await late.client.next(), [1001, "The gateway is shutting down"]);
  assertEquals(await late.backend.next(), [1001, ""]);
});

Deno.test("more than 1 MiB for a client that does not read stops the reading of the backend until half is left", async () => {
  await using gateway = new Harness();
  const { client, backend } = await gateway.open();
  const frame = new Uint8Array(64 * 1024);
  const total = 40 * MIB;
  const writing = (async () => {
    for (let sent = 0; sent < total; sent += frame.length) await backend.send(frame);
    await backend.sendClose(1000);
  })();
  writing.catch(() => {}); // what fails is told below
  await pausedFor(gateway);
  const { readBytes } = gateway;
  assert(readBytes < total / 2, `${readBytes} bytes were read before the pause`);
  const draining = setInterval(() => gateway.clock.advance(100), 1);
  let received = 0;
  for (let next = await client.next(); typeof next === "number"; next = await client.next()) received += next;
  clearInterval(draining);
  await writing;
  assertEquals(received, total);
});

Deno.test("more than the bound for a backend that does not read closes both ends, the client with 1013", async () => {
  await using gateway = new Harness();
  const { client, backend } = await gateway.open();
  const frame = new Uint8Array(MIB);
  for (let i = 0; i < 64; i++) await client.send(frame);
  await quiet(gateway, client);
  assertEquals(await client.next(), [1013, "The model's backend takes messages too slowly"]);
  assertEquals(gateway.ends, [{ by: "gateway", code: 1013 }]);
  gateway.clock.advance(5000);
  const taken = await backend.drain();
  assert(taken > 0 && taken < 32 * MIB, `${taken} bytes`);
});

Deno.test("a great many empty messages for a backend are bounded too", async () => {
  const bounds = { ...SOCKET_BOUNDS, forBackend: 64 * 1024 };
  await using gateway = new Harness({ lease: new FakeLease(), idleMs: 10, bounds });
  const { client } = await gateway.open();
  gateway.clock.advance(10);
  const empty = writeFrame({ opcode: OPCODES.text, payload: new Uint8Array(0), mask: new Uint8Array(4) });
  const many = new Uint8Array(empty.length * 1025);
  for (let i = 0; i < 1025; i++) many.set(empty, i * empty.length);
  await client.write(many);
  await quiet(gateway, client);
  assertEquals(await client.next(), [1013, "The model's backend takes messages too slowly"]);
});

Deno.test("after a time without messages the lease is given back, and the websocket stays open", async () => {
  await using gateway = new Harness();
  const { client, backend } = await gateway.open();
  gateway.clock.advance(9_999);
  await backend.send("one");
  assertEquals(await client.next(), "one");
  gateway.clock.advance(9_999);
  assertEquals(gateway.lease?.releases, 0);
  gateway.clock.advance(1);
  assertEquals([gateway.lease?.releases, gateway.asked.length, gateway.ends], [1, 0, []]);
  await client.send("p", OPCODES.ping);
  assertEquals(await client.next(), "pong");
  assertEquals(gateway.asked.length, 0);
});

Deno.test("without a lease the client's messages wait for it, the backend's pass at once", async () => {
  await using gateway = new Harness();
  const { client, backend } = await gateway.open();
  gateway.clock.advance(10_000);
  await client.send("first");
  await client.send("second");
  await client.send("p", OPCODES.ping);
  assertEquals(await client.next(), "pong");
  assertEquals(gateway.asked.length, 1);
  await backend.send("meanwhile");
  assertEquals(await client.next(), "meanwhile");
  await backend.send("p", OPCODES.ping);
  assertEquals(await backend.next(), "pong");
  const again = gateway.asked[0]?.grant();
  assertEquals([await backend.next(), await backend.next()], ["first", "second"]);
  gateway.clock.advance(10_000);
  assertEquals([again?.releases, gateway.asked.length], [1, 1]);
  await backend.send("later");
  assertEquals(await client.next(), "later");
  assertEquals(gateway.asked.length, 2);
});

Deno.test("what waits for the lease is bounded like what waits for the connection", async () => {
  await using gateway = new Harness();
  const { client, backend } = await gateway.open();
  gateway.clock.advance(10_000);
  for (let i = 0; i < 17; i++) await client.send(new Uint8Array(MIB));
  await quiet(gateway, client);
  assertEquals(await client.next(), [1013, "The model's backend takes messages too slowly"]);
  assertEquals(await backend.next(), [1001, ""]);
  assert(gateway.asked[0]?.signal.aborted);
});

Deno.test("a websocket that waits in line is closed when its process is stopped, and waits no more", async () => {
  await using gateway = new Harness();
  const { client } = await gateway.open();
  gateway.clock.advance(10_000);
  await client.send("first");
  await client.send("p", OPCODES.ping);
  assertEquals(await client.next(), "pong");
  gateway.leaving.abort();
  assert(gateway.asked[0]?.signal.aborted);
  assertEquals(await client.next(), [1012, "The model's backend is being stopped"]);
});

Deno.test("an operator ends a websocket that holds no lease, too", async () => {
  await using gateway = new Harness();
  const { client, backend } = await gateway.open();
  gateway.clock.advance(10_000);
  gateway.removed.abort(new GatewayError("cancelled", "The request was cancelled by an operator"));
  assertEquals(await client.next(), [1008, "The request was cancelled by an operator"]);
  assertEquals(await backend.next(), [1001, ""]);
});

Deno.test("no idle time keeps the lease as long as the websocket is open", async () => {
  await using gateway = new Harness({ idleMs: null });
  const { client, backend } = await gateway.open();
  gateway.clock.advance(1_000_000);
  assertEquals(gateway.lease?.releases, 0);
  await client.sendClose(1000);
  await backend.next();
  assertEquals(gateway.lease?.releases, 1);
});

for (
  const [code, expected] of [
    ["cancelled", 1008],
    ["shutting_down", 1001],
    ["model_unloaded", 1012],
    ["queue_full", 1013],
    ["internal", 1011],
  ] as const
) {
  Deno.test(`a lease that is cut for ${code} closes with ${expected}, and so does one that is refused`, async () => {
    await using gateway = new Harness();
    const cut = await gateway.open();
    gateway.lease?.interrupt(new GatewayError(code, "why"));
    assertEquals(await cut.client.next(), [expected, "why"]);
    assertEquals(await cut.backend.next(), [1001, ""]);
    const refused = await gateway.open();
    gateway.clock.advance(10_000);
    await refused.backend.send("asks");
    assertEquals(await refused.client.next(), "asks");
    gateway.asked[0]?.refuse(new GatewayError(code, "why"));
    assertEquals(await refused.client.next(), [expected, "why"]);
  });
}

/** Waits until the gateway has set a timer of this length. */
async function timerOf(gateway: Harness, delayMs: number): Promise<void> {
  const { clock } = gateway;
  const isSet = () => [...clock.timers].some(({ at }) => at === clock.time + delayMs);
  for (let turn = 0; !isSet(); turn++) {
    assert(turn < MANY_TURNS, `no timer of ${delayMs} ms was set`);
    await settled();
  }
}

/** Waits until the gateway has paused, and neither its system nor the client's takes any more. */
async function pausedFor(gateway: Harness): Promise<void> {
  await timerOf(gateway, 2);
  for (let still = 0, before = -1; still < 50; still++) {
    if (gateway.readBytes !== before) still = 0;
    before = gateway.readBytes;
    gateway.clock.advance(100);
    await settled();
  }
}

/** The gateway has seen all that the client has sent, and nothing more comes. */
async function quiet(gateway: Harness, client: RawEnd): Promise<void> {
  await client.send("", OPCODES.ping);
  assertEquals(await client.next(), "pong");
  gateway.clock.advance(50);
  gateway.clock.advance(50);
}
