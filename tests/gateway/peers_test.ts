import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { GatewayError } from "../../src/errors.ts";
import { Peers } from "../../src/gateway/peers.ts";
import { headersToPeer } from "../../src/gateway/headers_to_peer.ts";
import { Hops } from "../../src/gateway/hops.ts";
import { servePeer } from "../../src/serving/peer.ts";
import { peerCall, peerConfig, peerEnv } from "../serving/peers.ts";
import { codeOf, testBoth } from "./raw_backend.ts";
import { ask, GET, POST, serve } from "./upstream/raw_calls.ts";

const CLOSING = new GatewayError("shutting_down", "The gateway is shutting down");

Deno.test("a peer keeps its client over a reload that leaves its address and its time limits as they are", () => {
  const peers = new Peers();
  const { peer } = peerConfig("http://127.0.0.1:1");
  const client = peers.clientFor(peer);
  assertStrictEquals(peers.clientFor(peer), client);
  const other = peerConfig("http://127.0.0.1:1", { lines: ["apiKey: another"] });
  peers.reconfigure(other.config.peers);
  assertStrictEquals(peers.clientFor(other.peer), client);
  for (
    const changed of [
      peerConfig("http://127.0.0.1:2"),
      peerConfig("http://127.0.0.1:1", { lines: ["timeouts: { connect: 3 }"] }),
    ]
  ) assert(peers.clientFor(changed.peer) !== client);
  peers.close(CLOSING);
});

testBoth(
  "a peer that a reload changes keeps no idle connection; who began with it still reaches it",
  async (rawBackend) => {
    using far = rawBackend();
    using env = peerEnv();
    const { peer } = peerConfig(far.baseUrl);
    const client = env.peers.clientFor(peer);
    const first = ask(client, POST);
    const socket = await far.accept();
    await serve(socket, "hello");
    assertEquals(await first, "ok");
    env.peers.reconfigure(new Map());
    assertEquals(await socket.readToEnd(), "");
    const late = ask(env.peers.clientFor(peer), GET);
    const fresh = await far.accept();
    await serve(fresh);
    assertEquals(await late, "ok");
    assertEquals(await fresh.readToEnd(), "");
  },
);

testBoth(
  "RP9, RP10: while it closes a gateway takes no request for a peer, and waits for those under way",
  async (rawBackend) => {
    using far = rawBackend();
    using env = peerEnv();
    const config = peerConfig(far.baseUrl);
    const answer = servePeer(env, peerCall(config));
    const socket = await far.accept();
    await socket.readUntil("}");
    env.peers.refuse(CLOSING);
    assertEquals(await codeOf(servePeer(env, peerCall(config))), "shutting_down");
    let isDrained = false;
    const drained = env.peers.drained().then(() => void (isDrained = true));
    await socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\no");
    const text = (await answer).text();
    assert(!isDrained);
    await socket.write("k");
    assertEquals(await text, "ok");
    await drained;
    await env.peers.drained();
  },
);

testBoth(
  "RP11: what is under way is ended when the gateway closes, before the answer and in it",
  async (rawBackend) => {
    using far = rawBackend();
    using env = peerEnv();
    const config = peerConfig(far.baseUrl);
    const first = codeOf(servePeer(env, peerCall(config)));
    const socket = await far.accept();
    await socket.readUntil("}");
    const second = servePeer(env, peerCall(config));
    const other = await far.accept();
    await other.readUntil("}");
    await other.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc");
    const text = codeOf((await second).text());
    env.peers.close(CLOSING);
    assertEquals([await first, await text], ["shutting_down", "shutting_down"]);
    await Promise.all([socket.readToEnd(), other.readToEnd(), env.peers.drained()]);
    assertThrows(() => env.peers.begin(), GatewayError);
  },
);

testBoth(
  "a tunnel opens through the client of a peer, with its key, and bytes cross it both ways",
  async (rawBackend) => {
    using far = rawBackend();
    using env = peerEnv();
    const { peer } = peerConfig(`${far.baseUrl}/base`, { lines: ["apiKey: secret"] });
    const client = env.peers.clientFor(peer);
    const incoming = new Headers({
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-key": "x3JJHMbDL1EzLkh9GBhXDw==",
      "sec-websocket-version": "13",
      "sec-websocket-protocol": "realtime",
    });
    const via = new Hops("here").viaFor(incoming);
    const headers = headersToPeer(incoming, { host: client.host, via, apiKey: peer.apiKey, credentialNames: [] });
    const call = client.send({
      method: "GET",
      path: "/v1/realtime?model=m",
      headers,
      body: null,
      upgrade: "websocket",
    });
    const socket = await far.accept();
    const head = await socket.readUntil("\r\n\r\n");
    assert(head.startsWith("GET /base/v1/realtime?model=m HTTP/1.1\r\n"), head);
    for (
      const line of [
        "authorization: Bearer secret",
        "sec-websocket-key: x3JJHMbDL1EzLkh9GBhXDw==",
        "sec-websocket-protocol: realtime",
        "connection: Upgrade",
        "upgrade: websocket",
        "via: 1.1 berth-here",
      ]
    ) assertEquals(head.split(`${line}\r\n`).length, 2, line);
    await socket.write("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\nfirst");
    const { tunnel } = await call.response;
    assert(tunnel);
    const textIn = async () => new TextDecoder().decode(await tunnel.read() ?? undefined);
    assertEquals(await textIn(), "first");
    await tunnel.write(new TextEncoder().encode("ping"));
    assertEquals(await socket.readUntil("ping"), "ping");
    await socket.write("pong");
    assertEquals(await textIn(), "pong");
    await socket.closeWrite();
    assertEquals(await tunnel.read(), null);
    tunnel.close();
    await socket.readToEnd();
  },
);
