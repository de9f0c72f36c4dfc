import { assert, assertEquals, assertExists } from "@std/assert";
import { eventText } from "../../src/observe/event_text.ts";
import { makeFeed, nextMessages, parseMessages, readAll, typesOf } from "./event_world.ts";
import { facts } from "./watching.ts";

const BURST = ["logData", "logData", "modelStatus", "uiConfig", "profileChanged", "inflight"];

Deno.test("SV44: a reader is told the logs, the models, the page's settings, the profile and what is in flight at first", async () => {
  const world = makeFeed();
  world.line("set sail\n");
  world.output("engine\n");
  world.profile = "night";
  const entry = world.inFlight.begin(facts());
  const reader = readAll(world);
  assertEquals(await nextMessages(reader), [
    { type: "logData", data: { data: "set sail\n", source: "proxy" } },
    { type: "logData", data: { data: "engine\n", source: "upstream" } },
    { type: "modelStatus", data: [{ id: "m", state: "stopped" }] },
    { type: "uiConfig", data: { activity: { session_id: ["X-Session-ID"] } } },
    { type: "profileChanged", data: { active: "night" } },
    { type: "inflight", data: { operation: "snapshot", requests: [JSON.parse(JSON.stringify(entry.look()))] } },
  ]);
  reader.cancel();
});

Deno.test("§11.2.32: where there is nothing the burst says so: empty logs, no models, no profile, an empty list of requests", async () => {
  const world = makeFeed();
  world.models = [];
  const reader = readAll(world);
  assertEquals((await nextMessages(reader))?.map(({ data }) => data), [
    { data: "", source: "proxy" },
    { data: "", source: "upstream" },
    [],
    { activity: { session_id: ["X-Session-ID"] } },
    { active: null },
    { operation: "snapshot", requests: [] },
  ]);
  reader.cancel();
});

Deno.test("§11.2.28: history and live lines have neither a gap nor a line twice between them", async () => {
  const world = makeFeed();
  world.line("1 ");
  const reader = readAll(world);
  world.line("2 "); // before the first read: history
  let text = "";
  for (let i = 3; i < 20; i++) {
    const messages = await nextMessages(reader);
    for (const { type, data } of messages ?? []) if (type === "logData") text += data.data;
    world.line(`${i} `);
    if (i % 3 === 0) world.line(`${i}b `);
  }
  for (const { data } of await nextMessages(reader) ?? []) text += data.data;
  assertEquals(text, world.logs.proxy.text());
  reader.cancel();
});

Deno.test("§11.2.28: a character is never split, neither between history and live nor between live pieces", async () => {
  const world = makeFeed();
  const [smile, euro] = [new TextEncoder().encode("😀"), new TextEncoder().encode("€")];
  world.logs.upstream.push(smile.subarray(0, 1));
  const reader = readAll(world);
  assertEquals((await nextMessages(reader))?.[1]?.data, { data: "", source: "upstream" });
  world.logs.upstream.push(smile.subarray(1, 3));
  world.feed.activityStored({ id: 1, model: "m" }); // wakes the reader, which has a piece of a character
  assertEquals(typesOf(await nextMessages(reader)), ["activity"]);
  world.logs.upstream.push(Uint8Array.of(...smile.subarray(3), ...euro.subarray(0, 2)));
  assertEquals((await nextMessages(reader))?.[0]?.data.data, "😀");
  world.logs.upstream.push(euro.subarray(2));
  assertEquals((await nextMessages(reader))?.[0]?.data.data, "€");
  reader.cancel();
});

Deno.test("Appendix C: no message is longer than 2 MiB, whatever is logged and however many requests there are", async () => {
  const world = makeFeed();
  const worst = '\u0001"\\'.repeat(100_000);
  world.line(worst);
  const headers = new Headers(Object.fromEntries(Array.from({ length: 15 }, (_, i) => [`x-${i}`, '"'.repeat(2000)])));
  for (let i = 0; i < 200; i++) world.inFlight.begin(facts({ headers, requestId: `r${i}` }));
  const reader = readAll(world);
  const first = await reader.next();
  world.line(worst);
  const second = await reader.next();
  const seen = new Set<string>();
  for (const bytes of [first, second]) {
    assertExists(bytes);
    const text = new TextDecoder().decode(bytes);
    for (const line of text.split("\n")) assert(line.length < 2 * 1024 * 1024, `${line.length}`);
    for (const { type, data } of parseMessages(text)) {
      if (type !== "inflight") continue;
      for (const { id } of data.requests ?? [data.request]) {
        assert(!seen.has(id));
        seen.add(id);
      }
    }
  }
  assertEquals(seen.size, 200);
  const live = parseMessages(new TextDecoder().decode(second ?? undefined));
  assertEquals(live.map(({ data }) => data.data).join(""), worst);
  reader.cancel();
});

Deno.test("SV30: a request's life is told as it happens", async () => {
  const world = makeFeed();
  const reader = readAll(world);
  await nextMessages(reader);
  const told = async () => {
    const [message, ...more] = await nextMessages(reader) ?? [];
    assertEquals([message?.type, more], ["inflight", []]);
    return message?.data;
  };
  const entry = world.inFlight.begin(facts());
  assertEquals((await told()).request.id, "1");
  entry.responded(200, [["set-cookie", "a"]]);
  assertEquals((await told()).request.resp_headers, { "set-cookie": "[REDACTED]" });
  entry.bytes(7);
  assertEquals((await told()).request.resp_bytes, 7);
  entry.end("complete");
  assertEquals(await told(), { operation: "remove", id: "1", outcome: "complete" });
  reader.cancel();
});

Deno.test("§11.3.44: the models are told at most each 100 ms, as they are at the end, and only when something differs", async () => {
  const world = makeFeed();
  const reader = readAll(world);
  await nextMessages(reader);
  for (const state of ["starting", "ready", "stopping"]) {
    world.models = [{ id: "m", state }];
    world.feed.modelsChanged();
  }
  world.clock.advance(99);
  assertEquals(reader.waiting, 0);
  world.clock.advance(1);
  assertEquals(await nextMessages(reader), [{ type: "modelStatus", data: [{ id: "m", state: "stopping" }] }]);
  world.feed.modelsChanged();
  world.clock.advance(100);
  world.feed.activityStored({ id: 1, model: "m" });
  assertEquals(typesOf(await nextMessages(reader)), ["activity"]);
  reader.cancel();
});

Deno.test("§4: another profile is told, and the models after it where they differ", async () => {
  const world = makeFeed();
  const reader = readAll(world);
  await nextMessages(reader);
  world.profile = "night";
  world.models = [];
  world.feed.profileChanged();
  assertEquals(await nextMessages(reader), [{ type: "profileChanged", data: { active: "night" } }]);
  world.clock.advance(100);
  assertEquals(await nextMessages(reader), [{ type: "modelStatus", data: [] }]);
  reader.cancel();
});

Deno.test("a finished request is told by its row", async () => {
  const world = makeFeed();
  const reader = readAll(world);
  await nextMessages(reader);
  world.feed.activityStored({ id: 41, model: "m" });
  world.feed.activityStored({ id: 42, model: "m" });
  assertEquals(await nextMessages(reader), [
    { type: "activity", data: { id: 41 } },
    { type: "activity", data: { id: 42 } },
  ]);
  reader.cancel();
});

Deno.test("who may use some models only is told of these, and of no log without that right", async () => {
  const world = makeFeed();
  world.models = [{ id: "a" }, { id: "b" }];
  world.line("secret of b\n");
  world.inFlight.begin(facts({ model: "b" }));
  const reader = readAll(world, { mayUse: (model) => model === "a", mayReadLogs: false });
  const burst = await nextMessages(reader);
  assertEquals(typesOf(burst), BURST);
  assertEquals([burst?.[0], burst?.[2], burst?.[5]].map((message) => message?.data), [
    { data: "", source: "proxy" },
    [{ id: "a" }],
    { operation: "snapshot", requests: [] },
  ]);
  world.line("more of b\n");
  world.inFlight.begin(facts({ model: "b" }));
  world.feed.activityStored({ id: 1, model: "b" });
  world.models = [{ id: "a" }, { id: "b", state: "ready" }];
  world.feed.modelsChanged();
  world.clock.advance(100);
  world.inFlight.begin(facts({ model: "a" }));
  assertEquals((await nextMessages(reader))?.map(({ data }) => data.request.id), ["3"]);
  reader.cancel();
});

Deno.test("every 15 s without news a comment keeps the connection alive", async () => {
  const world = makeFeed();
  const reader = readAll(world);
  await nextMessages(reader);
  const next = nextMessages(reader);
  world.clock.advance(14_999);
  assertEquals(reader.waiting, 0);
  world.clock.advance(1);
  assertEquals(await next, [{ type: "comment", data: "keep-alive" }]);
  reader.cancel();
  assertEquals(world.clock.timers.size, 0);
});

Deno.test("§11.3.43: a reader that takes nothing for a minute is dropped", async () => {
  const world = makeFeed();
  const reader = readAll(world);
  await nextMessages(reader);
  for (let i = 0; i < 4; i++) world.clock.advance(15_000);
  assertEquals(typesOf(await nextMessages(reader)), ["comment"]);
  for (let i = 0; i < 4; i++) world.clock.advance(15_000);
  assertEquals(world.feed.readers, 1, "it has read in time, and the minute begins anew");
  world.clock.advance(15_000);
  assertEquals(world.feed.readers, 0);
});

for (
  const [what, bounds] of [["messages", { messages: 10, bytes: 1e9 }], ["bytes", {
    messages: 1e9,
    bytes: 9_000,
  }]] as const
) {
  Deno.test(`§11.2.27: a reader that is behind by more than a number of ${what} is dropped, with one line in the log`, async () => {
    const world = makeFeed({ bounds });
    const [slow, quick] = [readAll(world), readAll(world)];
    await nextMessages(slow);
    await nextMessages(quick);
    let told = "";
    for (let i = 0; i < 1000; i++) {
      world.line(`line ${i} ${"x".repeat(20)}\n`);
      world.output(`output ${i}\n`);
      for (const { data } of await nextMessages(quick) ?? []) if (data.source === "proxy") told += data.data;
    }
    assertEquals([world.feed.readers, slow.waiting], [1, 0]);
    assertEquals(told.match(/did not keep up/g)?.length, 1);
    assertEquals(told.match(/line \d+/g)?.length, 1000);
    assertEquals((await nextMessages(slow))?.map(({ type }) => type), ["comment"]);
    assertEquals(await nextMessages(slow), null);
    quick.cancel();
    assertEquals([world.logs.proxy.followers, world.logs.upstream.followers, world.clock.timers.size], [0, 0, 0]);
  });
}

Deno.test("many tiny pieces are bounded as well as few large ones", async () => {
  const world = makeFeed({ bounds: { messages: 1e9, bytes: 1000 } });
  const reader = readAll(world);
  await nextMessages(reader);
  const next = reader.next(); // what comes in the same turn as the first piece waits
  for (let i = 0; i < 7; i++) world.line(".");
  assertEquals([(await next)?.length, world.feed.readers], [
    eventText("message", "logData", JSON.stringify({ data: ".......", source: "proxy" })).length,
    1,
  ]);
  for (let i = 0; i < 8; i++) world.line(".");
  assertEquals(world.feed.readers, 0);
});

Deno.test("a thousand lines written at once are few messages: who reads at once is not behind", async () => {
  const world = makeFeed();
  const reader = readAll(world);
  await nextMessages(reader);
  for (let i = 0; i < 5000; i++) world.line(`${i}\n`);
  const messages = await nextMessages(reader);
  assertEquals(messages?.length, 1);
  assertEquals(messages?.[0]?.data.data.split("\n").length, 5001);
  reader.cancel();
});

Deno.test("states that change again and again while a reader sleeps wait once, and are told as they are then", async () => {
  const world = makeFeed();
  const reader = readAll(world);
  await nextMessages(reader);
  for (let i = 0; i < 5000; i++) {
    world.models = [{ id: "m", state: String(i) }];
    world.profile = String(i);
    world.feed.profileChanged();
    world.clock.advance(i < 4999 ? 1 : 100);
    if (i < 200) world.inFlight.begin(facts());
  }
  assert(reader.waiting <= 3);
  const messages = await nextMessages(reader);
  assertEquals(typesOf(messages)?.toSorted(), ["inflight", "modelStatus", "profileChanged"]);
  assertEquals(messages?.find(({ type }) => type === "profileChanged")?.data, { active: "4999" });
  reader.cancel();
});

Deno.test("SV61: closing ends who reads, after what waits, and who comes later at once; a second time does nothing", async () => {
  const world = makeFeed();
  const [reader, waiting] = [readAll(world), readAll(world)];
  await nextMessages(reader);
  await nextMessages(waiting);
  const last = nextMessages(waiting);
  world.line("going down\n");
  assertEquals(typesOf(await last), ["logData"]);
  const ended = nextMessages(waiting);
  world.feed.close();
  world.feed.close();
  assertEquals(await ended, null);
  assertEquals(typesOf(await nextMessages(reader)), ["logData"]);
  assertEquals(await nextMessages(reader), null);
  assertEquals(await nextMessages(readAll(world)), null);
  assertEquals([world.feed.readers, world.clock.timers.size], [0, 0]);
});

Deno.test("a stream reads from its first read on, and is forgotten when its reader leaves", async () => {
  const world = makeFeed();
  const stream = world.feed.stream({ form: "plain", mayUse: () => true, mayReadLogs: true });
  assertEquals(world.feed.readers, 0, "an answer to HEAD is never read");
  const reader = stream.getReader();
  const { value } = await reader.read();
  assertEquals(new TextDecoder().decode(value).match(/^event: \w+$/gm), BURST.map((type) => `event: ${type}`));
  assertEquals(world.feed.readers, 1);
  await reader.cancel();
  assertEquals([world.feed.readers, world.logs.proxy.followers, world.clock.timers.size], [0, 0, 0]);
});

Deno.test("a stream whose source fails is over, and nothing of it stays", async () => {
  const world = makeFeed();
  Object.defineProperty(world, "models", {
    get() {
      throw new Error("no models");
    },
  });
  const reader = world.feed.stream({ form: "plain", mayUse: () => true, mayReadLogs: true }).getReader();
  const thrown = await reader.read().catch((error: Error) => error.message);
  assertEquals([thrown, world.feed.readers, world.logs.proxy.followers], ["no models", 0, 0]);
});
