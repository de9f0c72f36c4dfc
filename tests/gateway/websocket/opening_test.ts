import { assertEquals } from "@std/assert";
import { GatewayError } from "../../../src/errors.ts";
import type { UpstreamTunnel } from "../../../src/gateway/upstream/message.ts";
import { Bridge, SOCKET_BOUNDS, type SocketEnd } from "../../../src/gateway/websocket/bridge.ts";
import { ClientSocket } from "../../../src/gateway/websocket/client_socket.ts";
import { OpenSockets } from "../../../src/gateway/websocket/open_sockets.ts";
import { silentLog } from "../../../src/log.ts";
import { HandClock } from "../../scheduler/fake_backends.ts";
import { FakeLease } from "./harness.ts";

/** A client's end in the test's hand. */
class FakeSocket extends EventTarget {
  bufferedAmount = 0;
  binaryType = "blob";
  /** What was sent and closed, in order. */
  readonly done: unknown[] = [];

  send(data: unknown): void {
    this.done.push(data);
  }

  close(...reason: unknown[]): void {
    this.done.push(["close", ...reason]);
  }

  say(data: string): void {
    this.dispatchEvent(new MessageEvent("message", { data }));
  }

  asWebSocket(): WebSocket {
    return this as unknown as WebSocket;
  }
}

function setUp() {
  const socket = new FakeSocket();
  const clock = new HandClock();
  const [aborted, leaving, removed] = [new AbortController(), new AbortController(), new AbortController()];
  const lease = new FakeLease();
  const told: (SocketEnd | string)[] = [];
  const closed = Promise.withResolvers<null>();
  const tunnel: UpstreamTunnel = {
    read: () => closed.promise,
    write: () => Promise.resolve(),
    closeWrite: () => Promise.resolve(),
    close() {
      told.push("cut");
      closed.resolve(null);
    },
  };
  const bridge = new Bridge({
    client: socket.asWebSocket(),
    signal: aborted.signal,
    tunnel,
    lease: { held: lease, acquire: () => Promise.reject(new Error("not asked for")), idleMs: null },
    leaving: leaving.signal,
    removed: removed.signal,
    bounds: SOCKET_BOUNDS,
    clock,
    log: silentLog,
    onEnd: (end) => told.push(end),
    onClientGone: () => told.push("client gone"),
  });
  return { socket, clock, aborted, leaving, removed, lease, told, bridge };
}

const LOST = { by: "client", code: 1001 } as const;

Deno.test("a client that leaves between the answer and the open websocket is given up", () => {
  const w = setUp();
  w.bridge.start();
  w.aborted.abort();
  w.clock.advance(4999);
  assertEquals(w.told, []);
  w.clock.advance(1);
  assertEquals([w.told, w.lease.releases], [["client gone", LOST], 1]);
  w.clock.advance(5000); // in which the backend has not answered the close
  assertEquals([w.told.at(-1), w.clock.timers.size], ["cut", 0]);
});

Deno.test("a request that looks aborted because it was answered opens all the same", () => {
  const w = setUp();
  w.aborted.abort(); // as the runtime does without `no-legacy-abort`, at every upgrade
  w.bridge.start();
  w.clock.advance(4999);
  w.socket.dispatchEvent(new Event("open"));
  w.clock.advance(100_000);
  assertEquals([w.told, w.lease.releases], [[], 0]);
  w.socket.dispatchEvent(new CloseEvent("close", { wasClean: false }));
  assertEquals([w.told, w.lease.releases], [[LOST, "client gone"], 1]);
});

for (const when of ["before it starts", "before it is open"] as const) {
  Deno.test(`what ends a websocket ${when} is told the client as soon as it is open`, () => {
    const w = setUp();
    const sockets = new OpenSockets();
    sockets.closeAll(1001, "bye");
    if (when === "before it starts") sockets.add(w.bridge);
    w.bridge.start();
    if (when === "before it is open") sockets.add(w.bridge);
    assertEquals([w.told, w.lease.releases], [["client gone", { by: "gateway", code: 1001 }], 1]);
    w.socket.dispatchEvent(new Event("open"));
    assertEquals(w.socket.done, [["close", 1001, "bye"]]);
  });
}

for (
  const [name, code, begin] of [
    ["its process is being stopped", 1012, (w) => w.leaving.abort()],
    ["an operator has ended it", 1008, (w) => w.removed.abort(new GatewayError("cancelled", "cut"))],
    ["its lease was cut", 1008, (w) => {
      w.lease.onInterrupt = (listener) => listener(new GatewayError("cancelled", "cut"));
    }],
  ] as const satisfies readonly (readonly [string, number, (w: ReturnType<typeof setUp>) => void])[]
) {
  Deno.test(`a websocket that is over before it starts is closed with a reason: ${name}`, () => {
    const w = setUp();
    begin(w);
    w.bridge.start();
    w.socket.dispatchEvent(new Event("open"));
    assertEquals([w.socket.done.length, (w.socket.done[0] as unknown[])[1], w.lease.releases], [1, code, 1]);
    assertEquals(w.told.at(-1), { by: "gateway", code });
  });
}

Deno.test("a close waits until the client is quiet, but not for ever", () => {
  const clock = new HandClock();
  const socket = new FakeSocket();
  const client = new ClientSocket({ socket: socket.asWebSocket(), maxWaitingBytes: 10, clock });
  client.closeWhenQuiet({ code: 1013, reason: "too much" });
  for (let i = 0; i < 19; i++) {
    socket.say("more");
    clock.advance(50);
    assertEquals(socket.done, []);
  }
  socket.say("more");
  clock.advance(50);
  assertEquals([socket.done, clock.timers.size], [[["close", 1013, "too much"]], 0]);
});

Deno.test("a close that waits for quiet ends with the connection", () => {
  const clock = new HandClock();
  const socket = new FakeSocket();
  const client = new ClientSocket({ socket: socket.asWebSocket(), maxWaitingBytes: 10, clock });
  client.closeWhenQuiet({ code: 1013, reason: "too much" });
  socket.dispatchEvent(new CloseEvent("close"));
  assertEquals(clock.timers.size, 0);
});

Deno.test("there is room again when half of the bound is left, and looks become rarer", async () => {
  const clock = new HandClock();
  const socket = new FakeSocket();
  const client = new ClientSocket({ socket: socket.asWebSocket(), maxWaitingBytes: 10, clock });
  socket.bufferedAmount = 10;
  assertEquals(client.room(), undefined);
  socket.bufferedAmount = 11;
  const room = client.room();
  let isThere = false;
  room?.then(() => isThere = true);
  const looks: number[] = [];
  for (let i = 0; i < 8; i++) {
    const [timer] = clock.timers;
    looks.push((timer?.at ?? 0) - clock.time);
    clock.advance(looks.at(-1) ?? 0);
  }
  assertEquals(looks, [2, 4, 8, 16, 32, 64, 100, 100]);
  socket.bufferedAmount = 6;
  clock.advance(100);
  await Promise.resolve();
  assertEquals(isThere, false);
  socket.bufferedAmount = 5;
  clock.advance(100);
  await room;
  assertEquals([isThere, clock.timers.size], [true, 0]);
});
