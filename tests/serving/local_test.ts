import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { GatewayError } from "../../src/errors.ts";
import { errorResponse } from "../../src/gateway/error_response.ts";
import { EVENTS_HEAD, isOpen, LocalWorld, textsOf } from "./local_world.ts";

const JSON_HEAD = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
const CHUNKED_EVENTS = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
const NAMES = ["x-berth-queue-position", "x-berth-queue-wait", "x-berth-estimated-wait", "retry-after"];

function toldIn(headers: Headers): readonly (string | null)[] {
  return NAMES.map((name) => headers.get(name));
}

async function refusalOf(response: Promise<Response>): Promise<Response> {
  return errorResponse(await assertRejects(() => response, GatewayError), { dialect: "openai" });
}

Deno.test("G6: an answer that waited tells its place at arrival and how long it really waited", async () => {
  using world = new LocalWorld("");
  const finish = await world.occupy("m");
  world.ask("m", undefined, { stream: false }).leave();
  const first = world.ask("n", undefined, { stream: false });
  const second = world.ask("n", undefined, { stream: false });
  world.clock.advance(1500);
  await finish();
  world.clock.advance(2000);
  world.load();
  const socket = await world.accept();
  await socket.write(JSON_HEAD);
  assertEquals(toldIn((await first.response).headers), ["1", "3.500", null, null]);
  await (await world.accept()).write(JSON_HEAD);
  assertEquals(toldIn((await second.response).headers), ["2", "3.500", null, null]);
});

Deno.test("G6: place 0 is a load that began at once; what was served at once tells of no wait", async () => {
  using world = new LocalWorld("");
  const first = world.ask("m", undefined, { stream: false });
  world.clock.advance(1234);
  world.load();
  await (await world.accept()).write(JSON_HEAD);
  assertEquals(toldIn((await first.response).headers), ["0", "1.234", null, null]);
  const second = world.ask("m", undefined, { stream: false });
  await (await world.accept()).write(JSON_HEAD);
  const { headers } = await second.response;
  assertEquals([toldIn(headers), headers.get("x-request-id")], [[null, null, null, null], "r2"]);
});

Deno.test("G6: an error after a wait tells place, wait and the estimate at arrival", async () => {
  using world = new LocalWorld("");
  await world.occupy("m");
  const asked = world.ask("n");
  world.clock.advance(2500);
  assertEquals(world.scheduler.cancel(asked.id), true);
  const refusal = await refusalOf(asked.response);
  // an answer is assumed to take 2 s, as none was measured; the load before took no time
  assertEquals([refusal.status, ...toldIn(refusal.headers)], [503, "1", "2.500", "2", null]);
  assertEquals((await refusal.json()).error.message, "The request was cancelled by an operator");
});

Deno.test("G5: 429 tells when there will be room; 503 of what may be tried again too", async () => {
  using world = new LocalWorld("", { maxQueue: 1 });
  await world.occupy("m");
  const waiting = world.ask("n");
  const full = await refusalOf(world.ask("n").response);
  assertEquals(full.status, 429);
  const [position, wait, estimate, retryAfter] = toldIn(full.headers);
  assertEquals([position, wait, estimate], [null, null, retryAfter ?? ""]);
  assert(Number(retryAfter) >= 2);
  void world.scheduler.unload(["n"]);
  const unloaded = await refusalOf(waiting.response);
  assertEquals([unloaded.status, unloaded.headers.get("x-berth-queue-position")], [503, "1"]);
  assert(Number(unloaded.headers.get("retry-after")) >= 1);
});

Deno.test("the watcher is told each step once, and the end last", async () => {
  using world = new LocalWorld("");
  const finish = await world.occupy("m");
  const asked = world.ask("n", undefined, { stream: false });
  await finish();
  world.load();
  const socket = await world.accept();
  await socket.write(EVENTS_HEAD);
  const texts = textsOf(await asked.response);
  await socket.write("data: 1\n\n");
  await texts.read();
  socket.close();
  assertEquals(await texts.read(), null);
  assertEquals(asked.told, ["queued 1", "serving", "responded 200", "bytes", "end complete"]);
  const direct = world.ask("n", undefined, { stream: false });
  await (await world.accept()).write(JSON_HEAD);
  await (await direct.response).text();
  assertEquals(direct.told, ["serving", "responded 200", "bytes", "end complete"]);
  const left = world.ask("m");
  left.leave();
  await assertRejects(() => left.response);
  assertEquals(left.told, ["loading", "end clientLeft"]);
  assertEquals((await refusalOf(world.ask("unknown").response)).status, 404);
});

Deno.test("a body that is opened late is opened once, when its turn has come, and its type and length go with it", async () => {
  using world = new LocalWorld("");
  let opened = 0;
  const body = {
    body: () => (opened++, new Blob(["streamed}"]).stream()),
    length: 9,
    canRepeat: false,
  };
  const asked = world.ask("m", undefined, { body, contentType: "x/y" });
  assertEquals(await isOpen(asked.response), true);
  assertEquals(opened, 0);
  world.load();
  const socket = await world.backend.accept();
  const text = await socket.readUntil("streamed}");
  assert(text.includes("content-length: 9\r\n") && text.includes("content-type: x/y\r\n"), text);
  await socket.write(JSON_HEAD);
  await (await asked.response).text();
  assertEquals(opened, 1);
});

for (const canRepeat of [true, false]) {
  Deno.test(`a backend that had gone unseen is started again for a body that ${canRepeat ? "can" : "cannot"} be sent again`, async () => {
    using world = new LocalWorld("");
    let opened = 0;
    const body = { body: () => (opened++, new Uint8Array([0x7d])), length: 1, canRepeat };
    world.backends.setPhase("m", "ready");
    world.backend.refuse();
    const asked = world.ask("m", undefined, { body });
    world.gone.abort();
    assertEquals((await refusalOf(asked.response)).status, 502); // nobody listens the second time either
    assertEquals(asked.told, [...(canRepeat ? ["serving", "loading"] : []), "serving", "end failed"]);
    assertEquals(opened, canRepeat ? 2 : 1);
  });
}

for (const [why, code] of [["stopped", "model_stopped"], ["exited", "backend_lost"]] as const) {
  for (const path of ["/v1/chat/completions", "/v1/messages", "/v1/responses"]) {
    Deno.test(`a model that ${why} while it answers is told as ${code}, before the head and in mid-stream: ${path}`, async () => {
      using world = new LocalWorld("");
      using other = new LocalWorld("");
      world.backends.setPhase("m", "ready");
      other.backends.setPhase("m", "ready");
      const [early, late] = [other.ask("m", path), world.ask("m", path)];
      const [first, second] = [await other.accept(), await world.accept()];
      await second.write(`${CHUNKED_EVENTS}d\r\ndata: whole\n\n\r\n`);
      const reader = (await late.response).body?.getReader();
      await reader?.read();
      world.leaving.abort(why);
      other.leaving.abort(why);
      first.close();
      second.close();
      const error = await assertRejects(() => early.response, GatewayError);
      assertEquals([error.code, error.status], [code, why === "stopped" ? 503 : 502]);
      const event = new TextDecoder().decode((await reader?.read())?.value);
      assertStringIncludes(event, error.message);
      assert(event.startsWith(path === "/v1/chat/completions" ? "data: " : "event: error\ndata: "), event);
      assertEquals((await assertRejects(async () => await reader?.read(), GatewayError)).code, code);
      assertEquals(world.warnings.length, why === "stopped" ? 0 : 1);
    });
  }
}
