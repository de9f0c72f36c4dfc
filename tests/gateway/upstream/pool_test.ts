import { assert, assertEquals } from "@std/assert";
import type { UpstreamRequest } from "../../../src/gateway/upstream/message.ts";
import { codeOf, type RawBackend, rawBackend, type RawSocket, testBoth } from "../raw_backend.ts";
import { movedTime } from "./moved_time.ts";
import { answer, ask, GET, leaveIdle, OK, POST, serve } from "./raw_calls.ts";

Deno.test("a POST uses only a socket that was idle for less than 3 s, a GET any", async () => {
  using time = movedTime();
  using backend = rawBackend();
  const old = await leaveIdle(backend);
  time.advance(2999);
  const posted = ask(backend.client, POST);
  await serve(old, "hello");
  await posted;
  time.advance(3000);
  const fresh = await leaveIdle(backend); // a POST again: it does not trust the old socket
  time.advance(3000);
  for (const socket of [fresh, old]) await keepBusy(backend, socket); // the youngest first
});

Deno.test(
  "an idle socket is closed at its time, each at its own, and not one that was used meanwhile",
  async () => {
    using time = movedTime();
    using backend = rawBackend({ idleTimeoutMs: 1000 });
    const [first, second] = await leaveTwoIdle(backend);
    time.advance(600);
    await turn(backend, second, GET); // the youngest: it begins anew
    time.advance(400);
    await first.readToEnd();
    time.advance(599);
    await turn(backend, second, GET);
    time.advance(1000);
    await second.readToEnd();
    time.advance(10_000);
  },
);

Deno.test("idle sockets of different ages are closed one by one, though nothing else happens", async () => {
  using time = movedTime();
  using backend = rawBackend({ idleTimeoutMs: 1000 });
  const [first, second] = await leaveTwoIdle(backend);
  time.advance(600);
  await turn(backend, second, GET);
  time.advance(400);
  await first.readToEnd();
  time.advance(600);
  await second.readToEnd();
});

Deno.test(
  "a GET does not take a socket whose idle time is over, even where no timer has gone off yet",
  async () => {
    using time = movedTime();
    using backend = rawBackend({ idleTimeoutMs: 1000 });
    const old = await leaveIdle(backend);
    const realNow = performance.now;
    performance.now = () => 1000; // the machine slept: the clock went on, the timers did not
    const asked = ask(backend.client, GET);
    await serve(await backend.accept());
    assertEquals(await asked, "ok");
    performance.now = realNow;
    time.advance(2000);
    await old.readToEnd();
  },
);

Deno.test("without an idle timeout a socket is kept for as long as it lives", async () => {
  using time = movedTime();
  using backend = rawBackend({ idleTimeoutMs: null });
  const socket = await leaveIdle(backend);
  time.advance(24 * 60 * 60_000);
  await turn(backend, socket, GET);
});

testBoth(
  "no more than 128 sockets are kept idle: the oldest make room, and every other one is used again",
  async (rawBackend) => {
    using backend = rawBackend();
    let answered = Promise.withResolvers<void>();
    const calls = Array.from({ length: 130 }, async () => {
      await ask(backend.client, GET);
      answered.resolve();
    });
    const sockets: RawSocket[] = [];
    for (let i = 0; i < calls.length; i++) sockets.push(await backend.accept());
    for (const socket of sockets) { // one after the other, so that their ages are known
      answered = Promise.withResolvers();
      await serve(socket);
      await answered.promise;
    }
    await Promise.all(calls);
    for (const socket of sockets.slice(0, 2)) assertEquals(await socket.readToEnd(), "");
    const again = Array.from({ length: 128 }, () => ask(backend.client, GET));
    await Promise.all(sockets.slice(2).map((socket) => serve(socket)));
    await Promise.all(again);
  },
);

testBoth("a socket that the backend closes while it is idle is not offered again", async (rawBackend) => {
  using backend = rawBackend();
  using elsewhere = rawBackend();
  const [first, second] = await leaveTwoIdle(backend);
  second.close();
  for (let turns = 0; turns < 5; turns++) { // whole round trips later the end is known
    const asked = ask(elsewhere.client, GET);
    const socket = await elsewhere.accept();
    await socket.readUntil("\r\n\r\n");
    await socket.write("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    await asked;
  }
  await turn(backend, first, GET);
});

testBoth("after a close without a word, POSTs go over fresh sockets, and GETs go on as before", async (rawBackend) => {
  using backend = rawBackend();
  const socket = await leaveIdle(backend);
  socket.close();
  assertEquals(await codeOf(answer(backend.client, POST)), "backend_lost"); // it may have been seen: not sent again
  for (let turns = 0; turns < 3; turns++) {
    const next = ask(backend.client, POST);
    const fresh = await backend.accept();
    await serve(fresh, "hello");
    assertEquals(await next, "ok");
    if (turns === 2) await turn(backend, fresh, GET);
  }
});

testBoth("a GET that is sent in the very moment in which the backend closes goes again", async (rawBackend) => {
  using backend = rawBackend();
  const socket = await leaveIdle(backend);
  socket.close();
  const asked = ask(backend.client, GET); // nothing was awaited since: the end cannot be known yet
  await serve(await backend.accept());
  assertEquals(await asked, "ok");
});

testBoth("a POST in that moment may have been seen, and is not sent again", async (rawBackend) => {
  using backend = rawBackend();
  const socket = await leaveIdle(backend);
  socket.close();
  assertEquals(await codeOf(answer(backend.client, POST)), "backend_lost");
  const next = ask(backend.client, POST);
  await serve(await backend.accept(), "hello");
  assertEquals(await next, "ok");
});

testBoth("a client that is closed in the middle of an answer lets it end, and keeps nothing", async (rawBackend) => {
  using backend = rawBackend();
  const asked = ask(backend.client, GET);
  const socket = await backend.accept();
  await socket.readUntil("\r\n\r\n");
  backend.client.close();
  await socket.write(OK);
  assertEquals(await asked, "ok");
  assertEquals(await socket.readToEnd(), "");
  assertEquals(await codeOf(answer(backend.client, GET)), "backend_unreachable");
});

Deno.test({
  name: "thousands of requests, ended in every way, leave as many open files as there were",
  ignore: Deno.build.os !== "linux",
  fn: leaveNoFiles,
});

async function leaveNoFiles(): Promise<void> {
  using backend = rawBackend();
  const served: Promise<void>[] = [];
  const serving = (async () => {
    while (true) served.push(serveAll(await backend.accept()));
  })().catch(() => {}); // until the listener is closed
  const before = await openFiles();
  for (let round = 0; round < 3000; round++) {
    const call = backend.client.send({ ...GET, path: round % 10 === 3 ? "/cut" : "/" });
    if (round % 10 === 5) call.abort(new Error("early"));
    const response = await call.response.catch(() => null);
    if (round % 10 === 7) response?.body?.cancel();
    if (round % 10 === 3) await codeOf(response?.body?.deliver(() => undefined) ?? Promise.resolve());
  }
  assert(await openFiles() < before + 10, "files gather while it is used");
  backend.client.close();
  backend.refuse();
  await serving;
  await Promise.all(served);
  const after = await openFiles();
  assert(after <= before + 5, `${before} files before, ${after} after`); // the counting itself opens some
}

/** Answers everything that comes over `socket`, until it ends; cuts the answer to /cut short. */
async function serveAll(socket: RawSocket): Promise<void> {
  for (let head = await nextHead(socket); head !== null; head = await nextHead(socket)) {
    if (!head.startsWith("GET /cut")) await socket.write(OK);
    else {
      await socket.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\ncut");
      break;
    }
  }
  socket.close();
}

/** The next head; null at the end. */
function nextHead(socket: RawSocket): Promise<string | null> {
  return socket.readUntil("\r\n\r\n").catch(() => null);
}

/** How many files this process has open, asked of the system from outside. */
async function openFiles(): Promise<number> {
  const { stdout } = await new Deno.Command("ls", { args: [`/proc/${Deno.pid}/fd`] }).output();
  return new TextDecoder().decode(stdout).trim().split("\n").length;
}

/** One more request over `socket`. */
async function turn(backend: RawBackend, socket: RawSocket, request: UpstreamRequest): Promise<void> {
  const asked = ask(backend.client, request);
  await serve(socket, request === POST ? "hello" : "\r\n\r\n");
  assertEquals(await asked, "ok");
}

/** A GET that is under way over `socket`, so that the next one takes another. */
async function keepBusy(backend: RawBackend, socket: RawSocket): Promise<void> {
  ask(backend.client, GET).catch(() => {});
  await socket.readUntil("\r\n\r\n");
}

/** Two idle sockets, the older first. */
async function leaveTwoIdle(backend: RawBackend): Promise<[RawSocket, RawSocket]> {
  const calls = [ask(backend.client, GET), ask(backend.client, GET)];
  const sockets: [RawSocket, RawSocket] = [await backend.accept(), await backend.accept()];
  for (const socket of sockets) await serve(socket);
  await Promise.all(calls);
  return sockets;
}

Deno.test("behind an answer in chunks a socket carries a POST only once one has stayed open: llama.cpp's closes without a word", async () => {
  const chunks = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
  using time = movedTime();
  using backend = rawBackend();
  const asked = ask(backend.client, POST);
  const first = await backend.accept();
  await serve(first, "hello", chunks);
  await asked;
  const again = ask(backend.client, POST);
  const second = await backend.accept(); // at once: the end of the first may be on its way
  await serve(second, "hello", chunks);
  await again;
  time.advance(50);
  const later = ask(backend.client, POST);
  await serve(second, "hello", chunks); // both are still open
  await later;
  const atOnce = ask(backend.client, POST);
  await serve(second, "hello", chunks); // which holds from now on
  await atOnce;
});
