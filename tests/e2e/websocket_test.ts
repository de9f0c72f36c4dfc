import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { RawEnd, upgradeRequest } from "../gateway/websocket/raw_end.ts";
import { chat, startGateway } from "./gateway.ts";
import { askSocket as ask, eventOf, openSocket as open } from "./websocket_client.ts";

const WORKER = new URL("../fixtures/websocket_worker.ts", import.meta.url).pathname;

/** `talks` and `page` speak websocket, `tiny` is another model that takes their place. */
const CONFIG = `
websockets: { idleLease: 1 }
models:
  talks: { worker: "${WORKER}", checkEndpoint: / }
  page: { worker: "${WORKER}", checkEndpoint: /, compat: { ignoreWebsockets: true } }
  tiny: { worker: "berth:tiny --name tiny" }
`;

function connectTo(url: string): Promise<Deno.TcpConn> {
  const { hostname, port } = new URL(url);
  return Deno.connect({ hostname, port: Number(port) });
}

async function running(url: string): Promise<string[]> {
  const { running } = await (await fetch(`${url}/running`)).json();
  return running.map(({ model, state }: { model: string; state: string }) => `${model} ${state}`);
}

Deno.test("SV75, RB10, SW13: a websocket starts its model and passes the whole program, and is 1012 when that is swapped out", async () => {
  await using gateway = await startGateway({ config: CONFIG });
  const { url } = gateway;
  const socket = await open(url, "/upstream/talks/deep/er?x=1", ["first", "second"]);
  assertEquals([socket.protocol, await running(url)], ["second", ["talks ready"]]);
  assertEquals([await ask(socket, "ahoy"), await ask(socket, "path")], ["ahoy", "/deep/er"]);
  const closed = eventOf(socket, "close");
  // It waits until nothing has been said for a second, then takes the model's place.
  const other = await chat(url, "tiny");
  assertEquals(other.status, 200);
  await other.body?.cancel();
  const { code, reason } = await closed;
  assertEquals([code, reason], [1012, "The model's backend is being stopped"]);
  assertEquals(await running(url), ["tiny ready"]);
});

Deno.test("G6: a websocket that had to wait is told its place and its wait, opened or refused", async () => {
  await using gateway = await startGateway({
    config: `${CONFIG}  broken: { cmd: "sh -c 'exit 3'", proxy: "http://[::1]:1" }\n`,
  });
  const { url } = gateway;
  const heads = [];
  for (const model of ["talks", "talks", "broken"]) {
    using client = new RawEnd(await connectTo(url), { isServer: false });
    await client.write(
      upgradeRequest({ host: new URL(url).host, connection: "upgrade" }).replace("/ws?", `/upstream/${model}/ws?`),
    );
    const head = await client.readHead();
    const told = [...head.matchAll(/^x-berth-((?:error|queue|estimated)[\w-]*): (\w+)/gim)]
      .map(([, name = "", value]) => name.endsWith("-wait") ? name : `${name} ${value}`);
    heads.push([Number(head.slice(9, 12)), ...told.sort()]);
  }
  assertEquals(heads, [
    [101, "queue-position 0", "queue-wait"],
    [101],
    [502, "error start_failed", "estimated-wait", "queue-position 0", "queue-wait"],
  ]);
});

Deno.test("SW13, RB9, RB11: an ignored websocket starts nothing, and a swap does not wait for it", async () => {
  await using gateway = await startGateway({ config: CONFIG });
  const { url } = gateway;
  using client = new RawEnd(await connectTo(url), { isServer: false });
  const request = upgradeRequest({ host: new URL(url).host, connection: "upgrade" });
  await client.write(request.replace("/ws?a=1", "/upstream/page/ws"));
  assertMatch(await client.readHead(), /^HTTP\/1.1 409 /);
  const message = "model page is not loaded; ignored websocket requests cannot start it";
  assertStringIncludes(await client.readText(message.length), message);
  assertEquals(await running(url), []);
  await (await fetch(`${url}/upstream/page/`)).text();
  const socket = await open(url, "/upstream/page/ws");
  assertEquals(await ask(socket, "ahoy"), "ahoy");
  const closed = eventOf(socket, "close");
  await (await chat(url, "tiny")).body?.cancel();
  assertEquals((await closed).code, 1012);
});

Deno.test("SV17, SV29: a websocket is in flight, and an operator ends it with 1008; an ignored one is not", async () => {
  await using gateway = await startGateway({ config: CONFIG });
  const { url } = gateway;
  const inFlight = async () => (await (await fetch(`${url}/api/inflight`)).json()).requests;
  const socket = await open(url, "/v1/realtime?model=talks");
  assertEquals(await ask(socket, "ahoy"), "ahoy");
  const [entry, ...others] = await inFlight();
  assertEquals([entry.model, entry.req_path, others], ["talks", "/v1/realtime", []]);
  const closed = eventOf(socket, "close");
  await (await fetch(`${url}/api/inflight/${entry.id}/cancel`, { method: "POST" })).body?.cancel();
  assertEquals([(await closed).code, await inFlight()], [1008, []]);
  await (await fetch(`${url}/upstream/page/`)).text();
  for (const path of ["/v1/realtime?model=page", "/upstream/page/v1/realtime"]) {
    using ignored = new RawEnd(await connectTo(url), { isServer: false });
    await ignored.write(upgradeRequest({ host: new URL(url).host }).replace("/ws?a=1", path));
    assertMatch(await ignored.readHead(), /^HTTP\/1.1 101 /);
    await ignored.send("ahoy");
    assertEquals([await ignored.next(), await inFlight()], ["ahoy", []]);
  }
});

Deno.test("a shutdown closes a websocket with 1001 before the server cuts it", async () => {
  await using gateway = await startGateway({ config: CONFIG });
  const socket = await open(gateway.url, "/upstream/talks/ws");
  assertEquals(await ask(socket, "ahoy"), "ahoy");
  const closed = eventOf(socket, "close");
  gateway.signal("SIGTERM");
  const { code, reason } = await closed;
  assertEquals([code, reason], [1001, "The gateway is shutting down"]);
  assertEquals(await gateway.exited, 0);
});
