import { assertEquals, assertStringIncludes } from "@std/assert";
import type { KeyPair } from "../../src/cli/certificate.ts";
import { TlsServer } from "../../src/cli/tls_server.ts";
import { handClock } from "../tiny/hand_clock.ts";

const ADDR: Deno.NetAddr = { transport: "tcp", hostname: "127.0.0.1", port: 4433 };

function pairOf(name: string): KeyPair {
  return { cert: name, key: `key of ${name}` };
}

/** A server whose parts are made by hand: what it starts, ends and logs is written down. */
function scene() {
  const clock = handClock();
  const seen: string[] = [];
  const ends: { readonly cert: string; readonly resolve: () => void }[] = [];
  const faults: Error[] = [];
  let quiet = true;
  const note = (message: string) => void seen.push(message);
  const log = {
    debug() {},
    info: (message: string) => note(message.includes("is in use") ? "told" : "waits"),
    warn: note,
    error: note,
  };
  const server = new TlsServer({
    pair: pairOf("first"),
    start({ cert }, port) {
      const fault = faults.shift();
      if (fault !== undefined) throw fault;
      note(`start ${cert}${port === undefined ? "" : ` on ${port}`}`);
      const { promise, resolve } = Promise.withResolvers<void>();
      ends.push({ cert, resolve });
      return {
        addr: ADDR,
        shutdown() {
          note(`end ${cert}`);
          return promise;
        },
      };
    },
    isQuiet: () => quiet,
    clock,
    log,
  });
  return {
    server,
    clock,
    faults,
    /** What happened since it was asked last. */
    seen: () => seen.splice(0),
    /** The last answers of the servers with this certificate are out. */
    finish: (name: string) => ends.filter(({ cert }) => cert === name).forEach(({ resolve }) => resolve()),
    setQuiet: (value: boolean) => quiet = value,
  };
}

Deno.test("a renewed pair is served on the same port, by a new server, and what the old one has begun goes on", async () => {
  const { server, seen, finish } = scene();
  server.renew(pairOf("second"));
  assertEquals(seen(), ["start first", "end first", "start second on 4433", "told"]);
  const ended = server.shutdown();
  assertEquals(seen(), ["end second"]);
  finish("second");
  let isOver = false;
  const over = ended.then(() => isOver = true);
  await Promise.resolve();
  assertEquals(isOver, false, "the old one has not ended");
  finish("first");
  await over;
});

Deno.test("the pair in use, read again, changes nothing", async () => {
  const { server, seen, finish } = scene();
  server.renew(pairOf("first"));
  assertEquals(seen(), ["start first"]);
  finish("first");
  await server.shutdown();
});

Deno.test("a renewal waits until no request is being received, and for ten minutes at most", async () => {
  const { server, seen, clock, setQuiet, finish } = scene();
  setQuiet(false);
  seen();
  server.renew(pairOf("second"));
  for (let i = 0; i < 10; i++) clock.advance(20);
  server.renew(pairOf("third"));
  assertEquals(seen(), ["waits"]);
  setQuiet(true);
  clock.advance(20);
  assertEquals(seen(), ["end first", "start third on 4433", "told"], "the last pair counts");
  setQuiet(false);
  server.renew(pairOf("fourth"));
  clock.advance(599_999);
  assertEquals(seen(), ["waits"]);
  clock.advance(20);
  assertEquals(seen(), ["end third", "start fourth on 4433", "told"]);
  for (const name of ["first", "third", "fourth"]) finish(name);
  await server.shutdown();
  assertEquals(clock.waiting(), 0);
});

Deno.test("a port that is not free yet is tried again at once, and told only when it stays so", async () => {
  const { server, seen, clock, faults, finish } = scene();
  seen();
  faults.push(new Deno.errors.AddrInUse("in use"), new Deno.errors.AddrInUse("in use"));
  server.renew(pairOf("second"));
  clock.advance(1);
  clock.advance(1);
  assertEquals(seen(), ["end first", "start second on 4433", "told"]);
  faults.push(...Array.from({ length: 3 }, () => new Deno.errors.AddrInUse("in use")));
  server.renew(pairOf("third"));
  clock.advance(1);
  server.renew(pairOf("fourth"));
  clock.advance(5000);
  const [ended, told = "", ...rest] = seen();
  assertEquals([ended, rest], ["end second", []]);
  assertStringIncludes(told, "in use");
  clock.advance(1);
  assertEquals(seen(), ["start fourth on 4433", "told"]);
  for (const name of ["first", "second", "fourth"]) finish(name);
  await server.shutdown();
  assertEquals(clock.waiting(), 0);
});

Deno.test("when the new pair is refused after all, the one before is served again, with an error in the log", async () => {
  const { server, seen, clock, faults, finish } = scene();
  seen();
  faults.push(new Error("KeyMismatch"));
  server.renew(pairOf("second"));
  clock.advance(1);
  const [ended, told = "", again] = seen();
  assertEquals([ended, again], ["end first", "start first on 4433"]);
  assertStringIncludes(told, "KeyMismatch");
  finish("first");
  await server.shutdown();
});

Deno.test("after the end nothing is renewed, and a renewal that waited is given up", async () => {
  const { server, seen, clock, setQuiet, finish } = scene();
  setQuiet(false);
  server.renew(pairOf("second"));
  const ended = server.shutdown();
  server.renew(pairOf("third"));
  setQuiet(true);
  assertEquals(clock.waiting(), 0);
  assertEquals(seen(), ["start first", "waits", "end first"]);
  finish("first");
  await ended;
});
