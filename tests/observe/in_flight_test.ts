import { assert, assertEquals, assertFalse } from "@std/assert";
import { REDACTED } from "../../src/observe/shown_headers.ts";
import { facts, makeTable, takeTold } from "./watching.ts";

Deno.test("SV28: an entry has the marked start, the client's address, redacted headers, the resolved model and metadata", () => {
  const { clock, inFlight } = makeTable();
  clock.advance(5000);
  const entry = inFlight.begin(facts({
    requestId: "7f",
    requested: "quick",
    path: "/v1/chat/completions?key=open-sesame",
    headers: new Headers({ authorization: "Bearer open-sesame", "x-session-id": "s1" }),
    key: "alice",
    stream: true,
    at: 2000,
    metadata: { selector: "fast" },
  }));
  assertEquals(entry.look(), {
    id: "1",
    request_id: "7f",
    timestamp: "2026-01-01T12:00:02.000Z",
    model: "m",
    requested: "quick",
    req_path: "/v1/chat/completions",
    method: "POST",
    req_headers: { authorization: REDACTED, "x-session-id": "s1" },
    remote_ip: "10.0.0.7",
    key: "alice",
    stream: true,
    phase: "queued",
    position: null,
    resp_status: null,
    resp_headers: {},
    resp_bytes: 0,
    elapsed_ms: 3000,
    metadata: { selector: "fast" },
  });
});

Deno.test("§8, SW12: metadata is left out while there is none, and may come later; an unknown address is empty", () => {
  const { inFlight } = makeTable();
  const entry = inFlight.begin(facts({ remoteAddr: null, metadata: {} }));
  assertFalse("metadata" in entry.look());
  assertEquals(entry.look().remote_ip, "");
  entry.describe({ lane: "a" });
  entry.describe({ lane: "b", why: "spilled" });
  assertEquals(entry.look().metadata, { lane: "b", why: "spilled" });
});

Deno.test("a request goes from the line over the load to the backend and back; only in the line it has a place", () => {
  const { clock, inFlight } = makeTable();
  const entry = inFlight.begin(facts());
  const seen = () => [entry.look().phase, entry.look().position, entry.look().resp_status];
  entry.queued(3);
  assertEquals(seen(), ["queued", 3, null]);
  entry.loading();
  assertEquals(seen(), ["loading", null, null]);
  entry.serving();
  assertEquals(seen(), ["serving", null, null]);
  entry.responded(201, [["Set-Cookie", "a=b"], ["X-Count", "1"]]);
  entry.bytes(10);
  entry.bytes(32);
  clock.advance(1500.7);
  assertEquals(seen(), ["streaming", null, 201]);
  const { resp_headers, resp_bytes, elapsed_ms, timestamp } = entry.look();
  assertEquals(resp_headers, { "set-cookie": REDACTED, "x-count": "1" });
  assertEquals([resp_bytes, elapsed_ms, timestamp], [42, 1500, "2026-01-01T12:00:00.000Z"]);
});

Deno.test("SV30: who watches is told of the request, its answer's head, its bytes and its end, in this order", () => {
  const { clock, inFlight } = makeTable();
  const watch = inFlight.subscribe();
  assertEquals(takeTold(watch), ["snapshot of nothing"]);
  const entry = inFlight.begin(facts());
  assertEquals(takeTold(watch), ["upsert 1 queued 0"]);
  entry.serving();
  entry.responded(200, [["Set-Cookie", "secret"]]);
  const [update] = watch.take();
  assert(update?.operation === "upsert");
  assertEquals(update.request.resp_headers, { "set-cookie": REDACTED });
  entry.bytes(5);
  assertEquals(takeTold(watch), ["upsert 1 streaming 5"]);
  entry.end("complete");
  assertEquals(watch.take(), [{ operation: "remove", id: "1", outcome: "complete" }]);
  assertEquals([inFlight.size, clock.timers.size], [0, 1]);
  watch.cancel();
  assertEquals(clock.timers.size, 0);
});

Deno.test("an answer that begins while its request waits leaves it in its place until it is at the backend", () => {
  const { inFlight } = makeTable();
  const entry = inFlight.begin(facts());
  entry.queued(2);
  entry.responded(200, []);
  const seen = () => [entry.look().phase, entry.look().position, entry.look().resp_status];
  assertEquals(seen(), ["queued", 2, 200]);
  entry.loading();
  assertEquals(seen(), ["loading", null, 200]);
  entry.serving();
  assertEquals(seen(), ["streaming", null, 200]);
  entry.end("complete");
});

Deno.test("SV31: an end is told with the id that was told at the beginning; ids are never used again", () => {
  const { inFlight } = makeTable();
  const watch = inFlight.subscribe();
  watch.take();
  for (const id of ["1", "2", "3"]) {
    const entry = inFlight.begin(facts());
    assertEquals([takeTold(watch), entry.id], [[`upsert ${id} queued 0`], id]);
    entry.end("failed");
    entry.end("failed");
    assertEquals(takeTold(watch), [`remove ${id}`]);
  }
  watch.cancel();
});

Deno.test("§8: bytes are told at most each 250 ms for a request, the last ones too", () => {
  const { clock, inFlight } = makeTable();
  const watch = inFlight.subscribe();
  const [a, b] = [inFlight.begin(facts()), inFlight.begin(facts())];
  watch.take();
  for (let i = 0; i < 10; i++) a.bytes(1);
  assertEquals(takeTold(watch), ["upsert 1 queued 10"]);
  for (let i = 0; i < 10; i++) {
    a.bytes(1);
    b.bytes(2);
  }
  assertEquals(takeTold(watch), []);
  clock.advance(249);
  assertEquals(takeTold(watch), []);
  clock.advance(1);
  assertEquals(takeTold(watch), ["upsert 1 queued 20", "upsert 2 queued 20"]);
  clock.advance(250);
  assertEquals(takeTold(watch), []);
  assertEquals(clock.timers.size, 0, "no timer while nothing happens");
  b.bytes(1);
  assertEquals(takeTold(watch), ["upsert 2 queued 21"]);
  watch.cancel();
});

Deno.test("a place in the line is told as seldom as bytes are, a new phase at once", () => {
  const { inFlight } = makeTable();
  const watch = inFlight.subscribe();
  const entry = inFlight.begin(facts());
  watch.take();
  entry.queued(4);
  assertEquals(watch.take().length, 1);
  entry.queued(3);
  entry.queued(3);
  assertEquals(watch.take().length, 0);
  entry.loading();
  entry.loading();
  assertEquals(takeTold(watch), ["upsert 1 loading 0"]);
  watch.cancel();
});

Deno.test("a request's place is asked for when somebody looks; who has left the line waits for its load, until its owner says more", () => {
  const { inFlight } = makeTable();
  let place: number | null = 2;
  const entry = inFlight.begin(facts({ place: () => place }));
  const seen = () => [entry.look().phase, entry.look().position];
  assertEquals(seen(), ["queued", 2]);
  place = null;
  assertEquals(seen(), ["loading", null]);
  entry.serving();
  place = 7;
  assertEquals(seen(), ["serving", null]);
});

Deno.test("who watches is told each 250 ms who has moved on in the line, and nobody asks while nobody watches", () => {
  const { clock, inFlight } = makeTable();
  let [served, asked] = [0, 0];
  const place = (at: number) => () => {
    asked++;
    return at > served ? at - served : null;
  };
  const entries = [1, 2, 3].map((at) => inFlight.begin(facts({ place: place(at) })));
  clock.advance(1000);
  assertEquals([asked, clock.timers.size], [0, 0]);
  const watch = inFlight.subscribe();
  watch.take();
  clock.advance(250);
  watch.take();
  served = 1;
  entries[0]?.serving();
  watch.take();
  clock.advance(249);
  assertEquals(watch.take(), []);
  clock.advance(1);
  const places = watch.take().map((update) => update.operation === "upsert" && update.request.position);
  assertEquals(places, [1, 2]);
  for (const entry of entries) entry.serving();
  watch.take();
  clock.advance(600);
  assertEquals([watch.take(), clock.timers.size], [[], 0]);
  watch.cancel();
});

Deno.test("who began to wait while somebody watched is told to have moved on, too", () => {
  const { clock, inFlight } = makeTable();
  const watch = inFlight.subscribe();
  watch.take();
  let place: number | null = 2;
  inFlight.begin(facts({ place: () => place }));
  watch.take();
  place = null;
  clock.advance(250);
  assertEquals(takeTold(watch), ["upsert 1 loading 0"]);
  watch.cancel();
});

Deno.test("SV32: a watcher that does not look keeps nothing up and no more than a bound; a snapshot makes up for it", () => {
  const { inFlight } = makeTable({ changesKept: 3 });
  const watch = inFlight.subscribe();
  watch.take();
  const entries = Array.from({ length: 1000 }, () => {
    const entry = inFlight.begin(facts());
    assert(watch.size <= 3);
    return entry;
  });
  for (const entry of entries.slice(2)) entry.end("complete");
  assertEquals(takeTold(watch), ["snapshot of 1,2"]);
  entries[0]?.end("complete");
  assertEquals(takeTold(watch), ["remove 1"]);
  watch.cancel();
});

Deno.test("what came and went between two looks is not spoken of", () => {
  const { inFlight } = makeTable();
  const watch = inFlight.subscribe();
  watch.take();
  const entry = inFlight.begin(facts());
  entry.serving();
  entry.end("complete");
  assertEquals(watch.take(), []);
  watch.cancel();
});

Deno.test("a watcher is told once that there is something, and again after it has looked", () => {
  const { inFlight } = makeTable();
  let calls = 0;
  const watch = inFlight.subscribe({ onChange: () => calls++ });
  inFlight.begin(facts());
  assertEquals(calls, 0, "it begins with a snapshot");
  watch.take();
  inFlight.begin(facts());
  inFlight.begin(facts()).serving();
  assertEquals(calls, 1);
  watch.take();
  inFlight.begin(facts());
  assertEquals(calls, 2);
  watch.cancel();
  inFlight.begin(facts());
  assertEquals(calls, 2);
});

Deno.test("a watcher of some models is told of these only", () => {
  const { inFlight } = makeTable();
  const watch = inFlight.subscribe({ sees: (model) => model === "a" });
  inFlight.begin(facts({ model: "a" }));
  inFlight.begin(facts({ model: "b" }));
  assertEquals(takeTold(watch), ["snapshot of 1"]);
  const [a, b] = [inFlight.begin(facts({ model: "a" })), inFlight.begin(facts({ model: "b" }))];
  assertEquals(takeTold(watch), ["upsert 3 queued 0"]);
  b.bytes(1);
  b.responded(200, []);
  b.end("complete");
  a.end("complete");
  assertEquals(takeTold(watch), ["remove 3"]);
  watch.cancel();
});

Deno.test("the list is in the order of arrival, and may be asked for one model by either name", () => {
  const { clock, inFlight } = makeTable();
  clock.advance(100);
  inFlight.begin(facts({ model: "b" }));
  inFlight.begin(facts({ model: "a", requested: "quick", at: 50 }));
  inFlight.begin(facts({ model: "b" }));
  const ids = (model?: string) => inFlight.list(model === undefined ? {} : { model }).map(({ id }) => id);
  assertEquals([ids(), ids("a"), ids("quick"), ids("b"), ids("c")], [["2", "1", "3"], ["2"], ["2"], ["1", "3"], []]);
});

Deno.test("an entry is found by its id and by the request's id, and by nothing else", () => {
  const { inFlight } = makeTable();
  const entry = inFlight.begin(facts({ requestId: "7f9c" }));
  assertEquals([inFlight.find("1"), inFlight.find("7f9c")], [entry, entry]);
  for (const id of ["", "0", "01", " 1", "1.0", "2", "1e0", "9".repeat(400)]) {
    assertEquals(inFlight.find(id), undefined, id);
  }
});

Deno.test("SV33: cancelling asks the owner; the entry goes when the owner ends it", () => {
  const { inFlight } = makeTable();
  let asked = 0;
  const entry = inFlight.begin(facts({ cancel: () => ++asked === 1 }));
  assertEquals([entry.cancel(), asked, inFlight.size], [true, 1, 1]);
  assertFalse(entry.cancel(), "the owner knows of nothing to end any more");
  entry.end("failed");
  assertEquals([entry.cancel(), asked, inFlight.size], [false, 2, 0]);
});

Deno.test("SV42: a request that is over leaves nothing, whatever is still said of it", () => {
  const { clock, inFlight } = makeTable();
  const watch = inFlight.subscribe();
  const entry = inFlight.begin(facts());
  watch.take();
  entry.bytes(1);
  entry.bytes(1);
  entry.end("complete");
  watch.take();
  entry.bytes(1);
  entry.queued(1);
  entry.responded(200, []);
  clock.advance(1000);
  assertEquals([watch.take(), inFlight.list(), clock.timers.size], [[], [], 0]);
  watch.cancel();
});

Deno.test("nobody looks: no header is read and no time is told for a chunk", () => {
  const { clock, inFlight } = makeTable();
  let read = 0;
  const headers = {
    *[Symbol.iterator]() {
      read++;
      yield ["x-a", "1"] as const;
    },
  };
  const entry = inFlight.begin(facts({ headers }));
  clock.now = () => {
    throw new Error("told the time");
  };
  for (let i = 0; i < 100; i++) entry.bytes(1);
  entry.responded(200, headers);
  entry.end("complete");
  assertEquals([read, clock.timers.size], [0, 0]);
});
