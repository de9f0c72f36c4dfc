import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { GatewayError } from "../../src/errors.ts";
import type { Outcome } from "../../src/gateway/response_stream.ts";
import { servePeer } from "../../src/serving/peer.ts";
import { codeOf, testBoth } from "../gateway/raw_backend.ts";
import { fedBody } from "../gateway/upstream/raw_calls.ts";
import { passingGateway, peerCall, peerConfig, peerEnv } from "./peers.ts";

const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-request-id: theirs\r\nx-kept: 1\r\n\r\nok";
const SSE = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

testBoth(
  "RP5: a request reaches its peer as it is, and the answer comes back under this gateway's id",
  async (rawBackend) => {
    using far = rawBackend();
    using env = peerEnv();
    const taps: string[] = [];
    const outcomes: Outcome[] = [];
    const answer = servePeer(
      env,
      peerCall(peerConfig(`${far.baseUrl}/base`), {
        tap: (chunk) => taps.push(new TextDecoder().decode(chunk)),
        onEnd: (outcome) => outcomes.push(outcome),
        headers: { "content-type": "application/json", "x-forwarded-for": "10.0.0.7" },
      }),
    );
    const socket = await far.accept();
    const text = await socket.readUntil("}");
    const head = text.slice(0, text.indexOf("\r\n\r\n"));
    assert(text.startsWith("POST /base/v1/chat/completions?x=1 HTTP/1.1\r\n"), text);
    assert(text.endsWith('\r\n\r\n{"model":"m"}'), text);
    assertStringIncludes(head, `host: ${new URL(far.baseUrl).host}\r\n`);
    assertStringIncludes(head, "content-type: application/json");
    assertEquals(/^via: (.+)$/m.exec(head)?.[1], env.hops.viaFor(new Headers()));
    assert(!/x-forwarded|authorization|x-api-key/.test(head), head);
    await socket.write(OK);
    const response = await answer;
    assertEquals([response.status, await response.text()], [200, "ok"]);
    assertEquals([response.headers.get("x-request-id"), response.headers.get("x-kept")], ["id-1", "1"]);
    assertEquals([taps, outcomes], [["ok"], [{ kind: "complete" }]]);
  },
);

testBoth("RP8: events come as they are written, and are told not to be buffered", async (rawBackend) => {
  using far = rawBackend();
  using env = peerEnv();
  const answer = servePeer(env, peerCall(peerConfig(far.baseUrl)));
  const socket = await far.accept();
  await socket.readUntil("}");
  await socket.write(`${SSE}5\r\none\n\n\r\n`);
  const response = await answer;
  assertEquals(response.headers.get("x-accel-buffering"), "no");
  const reader = readerOf(response);
  assertEquals(await textIn(reader), "one\n\n");
  await socket.write("5\r\ntwo\n\n\r\n0\r\n\r\n");
  assertEquals(await textIn(reader), "two\n\n");
  assert((await reader.read()).done);
});

testBoth("a body that still comes goes to the peer as it comes", async (rawBackend) => {
  using far = rawBackend();
  using env = peerEnv();
  const fed = fedBody();
  const contentType = "multipart/form-data; boundary=b";
  const answer = servePeer(env, peerCall(peerConfig(far.baseUrl), { body: fed.body, bodyLength: 6, contentType }));
  const socket = await far.accept();
  assertStringIncludes(await socket.readUntil("\r\n\r\n"), `content-type: ${contentType}\r\n`);
  fed.feed("abc");
  await socket.readUntil("abc");
  fed.feed("def");
  fed.end();
  await socket.readUntil("def");
  await socket.write(OK);
  assertEquals(await (await answer).text(), "ok");
});

for (
  const [what, head] of [
    ["429 with Retry-After", "429 Too Many Requests\r\nretry-after: 7\r\nx-berth-queue-position: 3"],
    ["503", "503 Service Unavailable"],
    ["500", "500 Internal Server Error"],
    ["a redirection", "302 Found\r\nlocation: /elsewhere"],
  ] as const
) {
  testBoth(`a peer's own answer passes untouched: ${what}`, async (rawBackend) => {
    using far = rawBackend();
    using env = peerEnv();
    const answer = servePeer(env, peerCall(peerConfig(far.baseUrl)));
    const socket = await far.accept();
    await socket.readUntil("}");
    const body = '{"error":{"message":"theirs","code":null}}';
    await socket.write(
      `HTTP/1.1 ${head}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    const response = await answer;
    assertEquals([response.status, await response.text()], [Number(head.slice(0, 3)), body]);
    for (const line of head.split("\r\n").slice(1)) {
      const [name = "", value] = line.split(": ");
      assertEquals(response.headers.get(name), value);
    }
  });
}

for (
  const [what, lines, top, sent, expected] of [
    ["a key of the peer's goes out both ways", ["apiKey: secret"], "", "client", ["Bearer secret", "secret"]],
    ["the client's goes on where this gateway asks for none", [], "", "client", ["Bearer client", "client"]],
    ["this gateway's own key never goes on", [], "apiKeys: [ours]", "ours", [undefined, undefined]],
    ["nor beside a key of the peer's", ["apiKey: secret"], "apiKeys: [ours]", "ours", ["Bearer secret", "secret"]],
  ] as const
) {
  testBoth(`RP6: ${what}`, async (rawBackend) => {
    using far = rawBackend();
    using env = peerEnv();
    const headers = { authorization: `Bearer ${sent}`, "x-api-key": sent };
    const answer = servePeer(env, peerCall(peerConfig(far.baseUrl, { lines, top }), { headers }));
    const socket = await far.accept();
    const text = await socket.readUntil("}");
    const valueOf = (name: string) => new RegExp(`^${name}: (.*)\r$`, "m").exec(text)?.[1];
    assertEquals([valueOf("authorization"), valueOf("x-api-key")], [...expected]);
    assert(!top || !text.includes(sent), text);
    await socket.write(OK);
    await (await answer).text();
  });
}

testBoth(
  "a peer that is down is 502 backend_unreachable: the message names it, and never its address",
  async (rawBackend) => {
    using far = rawBackend();
    using env = peerEnv();
    far.refuse();
    const error = await assertRejects(() => servePeer(env, peerCall(peerConfig(far.baseUrl))), GatewayError);
    assertEquals([error.status, error.code], [502, "backend_unreachable"]);
    assertEquals(error.message, 'peer proxy error: peer "far" cannot be reached');
    assert(error.cause instanceof Error, "the log says more");
    await env.peers.drained();
  },
);

testBoth("a peer that breaks off before its answer is 502 backend_lost, and is asked once", async (rawBackend) => {
  using far = rawBackend();
  using env = peerEnv();
  const asked = assertRejects(() => servePeer(env, peerCall(peerConfig(far.baseUrl))), GatewayError);
  const socket = await far.accept();
  await socket.readUntil("}");
  socket.close();
  const error = await asked;
  assertEquals([error.status, error.code, error.message], [
    502,
    "backend_lost",
    'peer proxy error: peer "far" broke off',
  ]);
});

testBoth("an answer that is no HTTP is 502 backend_lost", async (rawBackend) => {
  using far = rawBackend();
  using env = peerEnv();
  const asked = codeOf(servePeer(env, peerCall(peerConfig(far.baseUrl))));
  const socket = await far.accept();
  await socket.readUntil("}");
  await socket.write("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nok");
  assertEquals(await asked, "backend_lost");
});

for (
  const [path, dialect, says] of [
    [
      "/v1/chat/completions",
      "openai",
      'data: {"src":"berth","error":{"message":"peer proxy error: peer \\"far\\" broke off"',
    ],
    ["/v1/messages", "anthropic", 'event: error\ndata: {"type":"error","error":{"type":"api_error"'],
    ["/v1/responses", "openai", 'event: error\ndata: {"type":"error","code":"bad_gateway"'],
    ["/responses", "openai", 'event: error\ndata: {"type":"error","code":"bad_gateway"'],
  ] as const
) {
  testBoth(`a stream that breaks off ends with an event that says so: ${dialect}, ${path}`, async (rawBackend) => {
    using far = rawBackend();
    using env = peerEnv();
    const answer = servePeer(env, peerCall(peerConfig(far.baseUrl), { path, dialect }));
    const socket = await far.accept();
    await socket.readUntil("}");
    await socket.write(`${SSE}5\r\none\n\n\r\n`);
    const reader = readerOf(await answer);
    assertEquals(await textIn(reader), "one\n\n");
    socket.close();
    assertStringIncludes(await textIn(reader), says);
    assertEquals(await codeOf(reader.read()), "backend_lost");
    await env.peers.drained();
  });
}

testBoth("RP14: a peer that takes longer than its own time is 504 header_timeout", async (rawBackend) => {
  using time = new FakeTime();
  using far = rawBackend();
  using env = peerEnv();
  const peer = peerConfig(far.baseUrl, { lines: ["timeouts: { responseHeader: 7 }"] });
  let isOver = false;
  const asked = codeOf(servePeer(env, peerCall(peer))).finally(() => void (isOver = true));
  const socket = await far.accept();
  await socket.readUntil("}");
  await time.tickAsync(6999);
  assert(!isOver);
  await time.tickAsync(1);
  assertEquals(await asked, "header_timeout");
  await socket.readToEnd();
});

testBoth("a client that leaves takes its request from the peer: before the answer, and in it", async (rawBackend) => {
  for (const isAnswered of [false, true]) {
    using far = rawBackend();
    using env = peerEnv();
    const client = new AbortController();
    const request = new Request("http://gateway.test/v1/x", { method: "POST", signal: client.signal });
    const answer = servePeer(env, peerCall(peerConfig(far.baseUrl), { request }));
    const socket = await far.accept();
    await socket.readUntil("}");
    if (isAnswered) {
      await socket.write(`${SSE}5\r\none\n\n\r\n`);
      await (await answer).body?.cancel();
    } else {
      const left = codeOf(answer);
      client.abort();
      assertEquals(await left, "client_closed");
    }
    await socket.readToEnd();
    await env.peers.drained();
  }
});

Deno.test("a request that has been here is refused before its peer is asked, and its body is let go", async () => {
  using env = peerEnv();
  const fed = fedBody();
  const headers = { via: env.hops.viaFor(new Headers()) };
  const call = peerCall(peerConfig("http://127.0.0.1:1"), { headers, body: fed.body });
  assertEquals(await codeOf(servePeer(env, call)), "loop");
  await fed.cancelled;
});

Deno.test("two gateways that point at each other: the request comes round once, and the client learns that it did", async () => {
  await using one = passingGateway();
  await using other = passingGateway();
  one.pointTo(other.url);
  other.pointTo(one.url);
  const response = await fetch(`${one.url}/v1/chat/completions`, { method: "POST", body: '{"model":"m"}' });
  const { error } = await response.json();
  assertEquals([response.status, error.reason, error.type], [508, "loop", "server_error"]);
  assertEquals([one.count(), other.count()], [2, 1]);
});

Deno.test("a chain passes five gateways and not a sixth, though none of them sees the request twice", async () => {
  await using first = passingGateway();
  await using second = passingGateway();
  await using third = passingGateway();
  await using fourth = passingGateway();
  await using fifth = passingGateway();
  await using sixth = passingGateway();
  const chain = [first, second, third, fourth, fifth, sixth];
  chain.forEach((gateway, at) => gateway.pointTo(chain[at + 1]?.url ?? "http://127.0.0.1:1"));
  const response = await fetch(`${first.url}/v1/x`, { method: "POST", body: "{}" });
  const { error } = await response.json();
  assertEquals([response.status, error.reason], [508, "loop"]);
  assertStringIncludes(error.message, "passed 5 gateways");
  assertEquals(chain.map((gateway) => gateway.count()), [1, 1, 1, 1, 1, 1]);
});

function readerOf(response: Response): ReadableStreamDefaultReader<Uint8Array> {
  assert(response.body);
  return response.body.getReader();
}

async function textIn(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  return new TextDecoder().decode((await reader.read()).value);
}
