import { assert, assertEquals, assertRejects } from "@std/assert";
import { GatewayError } from "../../src/errors.ts";
import { codeOf } from "../gateway/raw_backend.ts";
import { EVENTS_HEAD, isOpen, LocalWorld, textsOf } from "./local_world.ts";

const KEEP_ALIVE = "queueKeepAlive: 10";
const BAD =
  "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 27\r\n\r\n" +
  '{"error":{"message":"bad"}}';

Deno.test("G7: a waiting stream is kept alive first after the interval, then at each, until the backend's head arrives", async () => {
  using world = new LocalWorld(KEEP_ALIVE);
  const finish = await world.occupy("m");
  const asked = world.ask("n");
  world.clock.advance(9_999);
  assertEquals(await isOpen(asked.response), true);
  world.clock.advance(1);
  const response = await asked.response;
  const { status, headers } = response;
  assertEquals([status, headers.get("content-type"), headers.get("cache-control"), headers.get("x-accel-buffering")], [
    200,
    "text/event-stream",
    "no-cache",
    "no",
  ]);
  assertEquals([headers.get("x-berth-queue-position"), headers.get("x-berth-estimated-wait")], ["1", "2"]);
  assertEquals([headers.get("x-request-id"), headers.get("x-berth-queue-wait")], [asked.id, null]);
  const texts = textsOf(response);
  // m's answer is 8 s overdue: a quarter of what it has taken so far is taken to be left
  assertEquals(await texts.read(), ": queue position 1, about 3 s\n\n");
  world.clock.advance(10_000);
  assertEquals(await texts.read(), ": queue position 1, about 5 s\n\n");
  await finish();
  world.clock.advance(10_000);
  assertEquals(await texts.read(), ": loading the model, about 3 s\n\n");
  world.load();
  const socket = await world.accept();
  world.clock.advance(10_000);
  assertEquals(await texts.read(), ": the model is at work\n\n");
  await socket.write(`${EVENTS_HEAD}data: 1\n\n`);
  assertEquals(await texts.read(), "data: 1\n\n");
  world.clock.advance(60_000);
  await socket.write("data: [DONE]\n\n");
  socket.close();
  assertEquals([await texts.read(), await texts.read()], ["data: [DONE]\n\n", null]);
  assertEquals(world.clock.timers.size, 0);
  assertEquals(asked.told, ["queued 1", "responded 200", "bytes", "serving", "bytes", "end complete"]);
});

Deno.test("G7: Anthropic's clients get a ping", async () => {
  using world = new LocalWorld(KEEP_ALIVE);
  const asked = world.ask("m", "/v1/messages");
  world.clock.advance(10_000);
  const texts = textsOf(await asked.response);
  assertEquals(await texts.read(), 'event: ping\ndata: {"type": "ping"}\n\n');
  await texts.cancel();
});

Deno.test("G7: what is granted or refused within the first interval gets its true status", async () => {
  using world = new LocalWorld(KEEP_ALIVE);
  const asked = world.ask("m");
  world.clock.advance(9_000);
  world.load();
  const socket = await world.accept();
  world.clock.advance(60_000); // the model is at work, and nothing was said so far
  assertEquals(await isOpen(asked.response), true);
  await socket.write(BAD);
  const response = await asked.response;
  assertEquals([response.status, response.headers.get("x-berth-queue-wait")], [400, "9.000"]);
  await response.body?.cancel();
  const refused = world.ask("n");
  world.clock.advance(5_000);
  world.scheduler.cancel(refused.id);
  assertEquals(await codeOf(refused.response), "cancelled");
  assertEquals(world.clock.timers.size, 0);
});

for (
  const [what, settings, path, stream] of [
    ["a request that asks for no stream", KEEP_ALIVE, "/v1/chat/completions", false],
    ["a path whose streams are no events", KEEP_ALIVE, "/v1/audio/speech", true],
    ["a model that does not ask for it", "ttl: 0", "/v1/chat/completions", true],
    ["loading text for another path than chats", "sendLoadingState: true", "/v1/responses", true],
  ] as const
) {
  Deno.test(`G7: nothing is said early for ${what}`, async () => {
    using world = new LocalWorld(settings);
    const asked = world.ask("m", path, { stream });
    world.clock.advance(600_000);
    assertEquals([await isOpen(asked.response), asked.told], [true, ["loading"]]);
    asked.leave();
    await assertRejects(() => asked.response);
  });
}

for (
  const path of ["/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/messages", "/chat/completions?x=1"]
) {
  Deno.test(`G7 G8: a stream of ${path} that was begun and then cancelled ends with an error in its dialect`, async () => {
    using world = new LocalWorld(KEEP_ALIVE);
    await world.occupy("m");
    const asked = world.ask("n", path, { stream: true });
    world.clock.advance(10_000);
    const texts = textsOf(await asked.response);
    await texts.read();
    world.scheduler.cancel(asked.id);
    const event = await texts.read() ?? "";
    const isNamed = path === "/v1/messages" || path === "/v1/responses";
    assertEquals(event.startsWith("event: error\n"), isNamed);
    const value = JSON.parse(event.slice(event.indexOf("{")));
    const message = "The request was cancelled by an operator";
    assertEquals(path === "/v1/responses" ? value.message : value.error.message, message);
    assertEquals(await texts.read(), null);
    assertEquals([asked.told.at(-1), world.clock.timers.size], ["end failed", 0]);
  });
}

Deno.test("S15: an unload, a failed load and the end of the gateway are told inside a stream that was begun", async () => {
  for (
    const [code, end] of [
      ["model_unloaded", (world: LocalWorld) => void world.scheduler.unload(["m"])],
      ["start_failed", (world: LocalWorld) => world.backends.loads[0]?.fail()],
      ["shutting_down", (world: LocalWorld) => world.scheduler.close(new GatewayError("shutting_down", "bye"))],
    ] as const
  ) {
    using world = new LocalWorld(KEEP_ALIVE);
    const asked = world.ask("m");
    world.clock.advance(10_000);
    const texts = textsOf(await asked.response);
    await texts.read();
    end(world);
    assert((await texts.read())?.includes(`"${code}"`), code);
    assertEquals(await texts.read(), null);
  }
});

Deno.test("§11.2.15: an error status of the backend is told inside a stream that was begun, and its slot is free", async () => {
  using world = new LocalWorld(KEEP_ALIVE);
  const asked = world.ask("m");
  world.clock.advance(10_000);
  const texts = textsOf(await asked.response);
  await texts.read();
  world.load();
  await (await world.accept()).write(BAD);
  const value = JSON.parse((await texts.read())?.slice("data: ".length) ?? "");
  assertEquals([value.error.message, value.error.status, await texts.read()], ["bad", 400, null]);
  assertEquals(world.scheduler.snapshot().active, []);
});

Deno.test("G8 §11.2.14: a stream that was begun and is cut while the model writes ends with an error event and not cleanly", async () => {
  using world = new LocalWorld(KEEP_ALIVE);
  const asked = world.ask("m");
  world.clock.advance(10_000);
  const texts = textsOf(await asked.response);
  await texts.read();
  world.load();
  await (await world.accept()).write(`${EVENTS_HEAD}data: 1\n\n`);
  await texts.read();
  world.scheduler.cancel(asked.id);
  assert((await texts.read())?.includes('"cancelled"'));
  assertEquals(await codeOf(texts.read()), "cancelled");
});

Deno.test("S9: a client that drops a stream that was begun leaves the line and causes no load", async () => {
  using world = new LocalWorld(KEEP_ALIVE);
  const finish = await world.occupy("m");
  const asked = world.ask("n");
  world.clock.advance(10_000);
  const texts = textsOf(await asked.response);
  await texts.read();
  await texts.cancel();
  assertEquals([world.scheduler.snapshot().total, asked.told.at(-1)], [0, "end clientLeft"]);
  await finish();
  assertEquals([world.backends.loads.length, world.clock.timers.size], [1, 0]);
});

Deno.test("a client that drops a stream while the model is at work ends the work and frees the slot", async () => {
  using world = new LocalWorld(KEEP_ALIVE);
  const asked = world.ask("m");
  world.clock.advance(10_000);
  const texts = textsOf(await asked.response);
  await texts.read();
  world.load();
  const socket = await world.accept();
  await texts.cancel();
  await socket.readToEnd();
  assertEquals([world.scheduler.snapshot().active, asked.told.at(-1)], [[], "end clientLeft"]);
  assertEquals(world.clock.timers.size, 0);
});

Deno.test("a client that the transport says has left is gone for a stream that was begun too", async () => {
  using world = new LocalWorld(KEEP_ALIVE);
  await world.occupy("m");
  const asked = world.ask("n");
  world.clock.advance(10_000);
  const texts = textsOf(await asked.response);
  await texts.read();
  asked.leave();
  assertEquals(await isOpen(texts.read()), false);
  assertEquals([world.scheduler.snapshot().total, world.clock.timers.size], [0, 0]);
  assertEquals(world.warnings, [], "nothing of the gateway's has failed");
});
