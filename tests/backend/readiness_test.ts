import { assert, assertEquals, assertRejects } from "@std/assert";
import { connectProbe, httpProbe } from "../../src/backend/probe.ts";
import { waitUntilReady } from "../../src/backend/readiness.ts";
import { handClock } from "../tiny/hand_clock.ts";

/** Lets every promise that can settle do so. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("G16: a backend that answers 503 is asked again after 10, 20 and 100 ms as its load goes on", async () => {
  const clock = handClock();
  const asked: number[] = [];
  let status = 503;
  const waiting = waitUntilReady({
    url: "http://x/",
    probe: () => {
      asked.push(clock.now());
      return Promise.resolve(status);
    },
    clock,
    signal: new AbortController().signal,
    goOn: () => true,
  });
  for (const leapTo of [0, 5_000, 60_000]) {
    clock.advance(leapTo - clock.now());
    await settled();
    for (let stepMs = 0; stepMs < 42; stepMs++) {
      clock.advance(5);
      await settled();
    }
  }
  const after = (fromMs: number) => asked.filter((at) => at >= fromMs).slice(0, 3);
  assertEquals(after(0), [0, 10, 20]);
  assertEquals(after(5_000), [5_000, 5_020, 5_040]);
  assertEquals(after(60_000), [60_000, 60_100, 60_200]);
  status = 200;
  clock.advance(100);
  assert(await waiting);
});

Deno.test("G16: only 200 is ready, a redirect or another success is not", async () => {
  const clock = handClock();
  const statuses = [500, 301, 204, 200];
  let asked = 0;
  const waiting = waitUntilReady({
    url: "http://x/",
    probe: () => Promise.resolve(statuses[asked++] ?? 0),
    clock,
    signal: new AbortController().signal,
    goOn: () => true,
  });
  for (let round = 0; round < 3; round++) {
    await settled();
    clock.advance(10);
  }
  assert(await waiting);
  assertEquals(asked, 4);
});

Deno.test("a probe that hangs is given up after 5 s and repeated", async () => {
  const clock = handClock();
  let asked = 0;
  const waiting = waitUntilReady({
    url: "http://x/",
    probe: (_url, signal) => {
      asked++;
      if (asked > 1) return Promise.resolve(200);
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("gave up"))));
    },
    clock,
    signal: new AbortController().signal,
    goOn: () => true,
  });
  await settled();
  clock.advance(4_999);
  await settled();
  assertEquals(clock.waiting(), 1);
  clock.advance(1);
  await settled();
  assertEquals(asked, 1);
  clock.advance(20);
  assert(await waiting);
  assertEquals(asked, 2);
  assertEquals(clock.waiting(), 0);
});

Deno.test("the waiting ends at once, without a timer left, when the backend exits during a probe or a pause", async () => {
  for (const hangs of [true, false]) {
    const clock = handClock();
    const exit = new AbortController();
    const waiting = waitUntilReady({
      url: "http://x/",
      probe: (_url, signal) =>
        hangs
          ? new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("gave up"))))
          : Promise.reject(new Error("refused")),
      clock,
      signal: exit.signal,
      goOn: () => true,
    });
    await settled();
    exit.abort();
    assertEquals(await waiting, false);
    assertEquals(clock.waiting(), 0);
  }
});

Deno.test("an answer that comes when the start was given up does not count", async () => {
  const clock = handClock();
  const answer = Promise.withResolvers<number>();
  let goOn = true;
  const waiting = waitUntilReady({
    url: "http://x/",
    probe: () => answer.promise,
    clock,
    signal: new AbortController().signal,
    goOn: () => goOn,
  });
  await settled();
  goOn = false;
  answer.resolve(200);
  assertEquals(await waiting, false);
});

Deno.test("the real probes tell the status, follow no redirect, and end when they are given up", async () => {
  const arrived = Promise.withResolvers<void>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/moved") return new Response(null, { status: 302, headers: { location: "/ok" } });
    if (pathname !== "/hangs") return new Response("ok");
    arrived.resolve();
    return new Promise<Response>((resolve) => request.signal.addEventListener("abort", () => resolve(new Response())));
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  const { signal } = new AbortController();
  assertEquals(await httpProbe(`${url}/ok`, signal), 200);
  assertEquals(await httpProbe(`${url}/moved`, signal), 302);
  assertEquals(await connectProbe(url, signal), 200);
  const giveUp = new AbortController();
  const hanging = httpProbe(`${url}/hangs`, giveUp.signal);
  const refused = assertRejects(() => hanging);
  await arrived.promise;
  giveUp.abort();
  await refused;
  await server.shutdown();
  await assertRejects(() => httpProbe(`${url}/ok`, signal));
  await assertRejects(() => connectProbe(url, signal));
});
