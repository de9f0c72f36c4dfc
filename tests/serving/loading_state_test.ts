import { assert, assertEquals } from "@std/assert";
import { codeOf } from "../gateway/raw_backend.ts";
import { EVENTS_HEAD, isOpen, LocalWorld, textsOf } from "./local_world.ts";

const LOADING = "sendLoadingState: true";
const MARKER = "\u2501\u2501\u2501\u2501\u2501\n";

/** The model's thoughts in a piece of a stream. */
function thoughtsIn(piece: string | null): string {
  const events = piece?.split("\n\n").filter((event) => event !== "") ?? [];
  return events.map((event) => JSON.parse(event.slice("data: ".length)).choices[0].delta.reasoning_content).join("");
}

Deno.test("RL11: headers and first lines at once, places and dots every 750 ms, the Done lines, then the model's own stream", async () => {
  using world = new LocalWorld(LOADING);
  const finish = await world.occupy("m");
  const before = world.ask("n", undefined, { stream: false });
  const asked = world.ask("n");
  const response = await asked.response;
  const { headers } = response;
  assertEquals([response.status, headers.get("content-type"), headers.get("cache-control")], [
    200,
    "text/event-stream",
    "no-cache",
  ]);
  assertEquals([headers.get("x-accel-buffering"), headers.get("x-berth-queue-position")], ["no", "2"]);
  const texts = textsOf(response);
  assertEquals(thoughtsIn(await texts.read()), `${MARKER}llama-swap loading model: n\n`);
  const beat = async () => {
    world.clock.advance(750);
    return thoughtsIn(await texts.read());
  };
  assertEquals([await beat(), await beat()], ["\nQueue position: #2 ", "."]);
  world.scheduler.cancel(before.id);
  assertEquals(await codeOf(before.response), "cancelled");
  assertEquals([await beat(), await beat()], ["\nQueue position: #1 ", "."]);
  await finish();
  assertEquals(await beat(), ".");
  world.load();
  assertEquals(thoughtsIn(await texts.read()), `\nDone! (3.75s)\n${MARKER} \n`);
  const socket = await world.accept();
  world.clock.advance(60_000);
  await socket.write(`${EVENTS_HEAD}data: 1\n\n`);
  socket.close();
  assertEquals([await texts.read(), await texts.read()], ["data: 1\n\n", null]);
  assertEquals([asked.told.at(-1), world.clock.timers.size], ["end complete", 0]);
});

Deno.test("RL11: what is ready is answered by the backend alone", async () => {
  using world = new LocalWorld(LOADING);
  world.backends.setPhase("m", "ready");
  const asked = world.ask("m");
  const socket = await world.accept();
  await socket.write("HTTP/1.1 418 Teapot\r\nconnection: close\r\ncontent-length: 2\r\n\r\nno");
  const response = await asked.response;
  assertEquals([response.status, await response.text()], [418, "no"]);
});

Deno.test("RL12: what is refused for the length of the line gets its status before any loading stream", async () => {
  using world = new LocalWorld(LOADING, { maxQueue: 1 });
  await world.occupy("m");
  await (await world.ask("n").response).body?.cancel();
  const waiting = world.ask("n");
  assertEquals(await codeOf(world.ask("n").response), "queue_full");
  await (await waiting.response).body?.cancel();
});

Deno.test("§11.2.15: a load that fails is told inside the loading stream, without the Done lines", async () => {
  using world = new LocalWorld(LOADING);
  const texts = textsOf(await world.ask("m").response);
  await texts.read();
  world.backends.loads[0]?.fail();
  const event = await texts.read() ?? "";
  assert(event.startsWith('data: {"src":"berth","error":{') && event.includes('"start_failed"'), event);
  assertEquals(await texts.read(), null);
});

Deno.test("§11.2.15a: nothing is typed out: the answer comes as soon as it is there", async () => {
  using world = new LocalWorld(LOADING);
  const texts = textsOf(await world.ask("m").response);
  await texts.read();
  world.load();
  await texts.read();
  await (await world.accept()).write(`${EVENTS_HEAD}data: 1\n\n`);
  assertEquals(await texts.read(), "data: 1\n\n"); // no time has passed at all
  await texts.cancel();
});

Deno.test("G7: with both asked for, the loading text keeps the stream alive, and comments do once the model is at work", async () => {
  using world = new LocalWorld(`${LOADING}, queueKeepAlive: 2`);
  const asked = world.ask("m");
  const texts = textsOf(await asked.response);
  await texts.read();
  for (let i = 0; i < 6; i++) {
    world.clock.advance(750);
    assertEquals(thoughtsIn(await texts.read()), ".");
  }
  world.load();
  await texts.read();
  await world.accept();
  world.clock.advance(2000);
  assertEquals(await texts.read(), ": the model is at work\n\n");
  await texts.cancel();
  assertEquals(await isOpen(asked.response), false);
});
