import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { GatewayError } from "../../../src/errors.ts";
import { isWebsocketUpgrade, requireHandshake } from "../../../src/gateway/websocket/handshake.ts";
import { codeOf } from "../raw_backend.ts";
import { FakeLease, Harness } from "./harness.ts";
import { type RawEnd, upgradeRequest } from "./raw_end.ts";

type Fields = readonly (readonly [string, string])[];

const CASES: readonly (readonly [string, Fields, boolean])[] = [
  ["nothing", [], false],
  ["both", [["connection", "upgrade"], ["upgrade", "websocket"]], true],
  ["any case", [["connection", "Upgrade"], ["upgrade", "WebSocket"]], true],
  ["lists", [["connection", "keep-alive, Upgrade"], ["upgrade", "h2c , websocket"]], true],
  ["repeated headers", [["connection", "keep-alive"], ["connection", "upgrade"], ["upgrade", "websocket"]], true],
  ["no connection", [["upgrade", "websocket"]], false],
  ["no upgrade", [["connection", "upgrade"]], false],
  ["another connection", [["connection", "keep-alive"], ["upgrade", "websocket"]], false],
  ["another protocol", [["connection", "upgrade"], ["upgrade", "h2c"]], false],
  ["parts of words", [["connection", "upgrades"], ["upgrade", "websocket/13x"]], false],
  ["words inside words", [["connection", "x-upgrade"], ["upgrade", "websocket"]], false],
  ["empty", [["connection", ""], ["upgrade", ""]], false],
];

for (const [name, fields, expected] of CASES) {
  Deno.test(`SW13: whether a request wants to be a websocket: ${name}`, () => {
    const headers = new Headers();
    for (const [name, value] of fields) headers.append(name, value);
    assertEquals(isWebsocketUpgrade(headers), expected);
  });
}

for (
  const [name, headers, status, words] of [
    ["another version", { "sec-websocket-version": "8" }, 426, 'must be 13, and is \\"8\\"'],
    ["no version", { "sec-websocket-version": "" }, 400, "must be 13, and is missing"],
    ["no key", { "sec-websocket-key": "" }, 400, "Sec-WebSocket-Key is missing"],
  ] as const
) {
  Deno.test(`a handshake that cannot be carried out is refused before its backend is asked: ${name}`, async () => {
    await using gateway = new Harness();
    const client = await gateway.connect();
    await client.write(upgradeRequest({ ...headers, connection: "close, upgrade" }));
    const head = await client.readHead();
    assertStringIncludes(head, `HTTP/1.1 ${status} `);
    assertEquals(/^sec-websocket-version: 13\r$/m.test(head), status === 426, head);
    assertStringIncludes(await client.readText(), words);
    assertEquals(gateway.lease?.releases, 0); // it is the caller's
  });
}

Deno.test("a websocket begins with GET", async () => {
  const request = new Request("http://x/", {
    method: "POST",
    headers: { connection: "upgrade", upgrade: "websocket" },
  });
  assertEquals(await codeOf((async () => requireHandshake(await Promise.resolve(request)))()), "method_not_allowed");
});

for (const status of ["401 Unauthorized", "404 Not Found", "503 Busy"]) {
  Deno.test(`an answer that refuses the upgrade is passed on with its body: ${status}`, async () => {
    await using gateway = new Harness();
    const { client, backend } = await ask(gateway);
    await backend.readHead();
    const more = "content-type: text/x-own\r\nretry-after: 7\r\ncontent-length: 7\r\n";
    await backend.write(`HTTP/1.1 ${status}\r\n${more}\r\nrefused`);
    const head = await client.readHead();
    assertStringIncludes(head, `HTTP/1.1 ${status.slice(0, 3)} `);
    for (const line of ["content-type: text/x-own", "retry-after: 7", "x-request-id: one"]) {
      assertMatch(head, new RegExp(`^${line}\\r$`, "m"));
    }
    assertEquals(await client.readText(7), "refused");
    assertEquals([gateway.told, gateway.toldBytes], [[Number(status.slice(0, 3))], 7]);
    assertEquals([gateway.lease?.releases, gateway.sockets.size], [1, 0]);
    assertEquals(gateway.ends, [{ by: "backend", code: null }]);
  });
}

Deno.test("a refusal whose body comes later holds the lease until it is whole", async () => {
  await using gateway = new Harness();
  const { client, backend } = await ask(gateway);
  await backend.readHead();
  await backend.write("HTTP/1.1 404 Not Found\r\ncontent-length: 7\r\n\r\n");
  await client.readHead();
  assertEquals(gateway.lease?.releases, 0);
  await backend.write("refused");
  assertEquals(await client.readText(7), "refused");
  assertEquals(gateway.lease?.releases, 1);
});

for (
  const [name, lines] of [
    ["a wrong accept", "upgrade: websocket\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"],
    ["no accept", "upgrade: websocket\r\n"],
    ["another protocol", "upgrade: h2c\r\nsec-websocket-accept: ACCEPT\r\n"],
    [
      "an extension",
      "upgrade: websocket\r\nsec-websocket-accept: ACCEPT\r\nsec-websocket-extensions: permessage-deflate\r\n",
    ],
    [
      "a sub-protocol unasked",
      "upgrade: websocket\r\nsec-websocket-accept: ACCEPT\r\nsec-websocket-protocol: third\r\n",
    ],
    [
      "two sub-protocols",
      "upgrade: websocket\r\nsec-websocket-accept: ACCEPT\r\nsec-websocket-protocol: a\r\nsec-websocket-protocol: b\r\n",
    ],
  ] as const
) {
  Deno.test(`a backend that agrees to something else is 502, and its connection is closed: ${name}`, async () => {
    await using gateway = new Harness();
    const { client, backend } = await ask(gateway);
    const accept = await backend.acceptFor();
    await backend.write(
      `HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\n${lines.replace("ACCEPT", accept)}\r\n`,
    );
    assertStringIncludes(await client.readHead(), "HTTP/1.1 502 ");
    assertEquals(await backend.next(), "end");
    assertEquals([gateway.lease?.releases, gateway.sockets.size], [0, 0]);
  });
}

Deno.test("a backend that breaks off instead of an answer is 502, and the lease stays the caller's", async () => {
  await using gateway = new Harness();
  const { client, backend } = await ask(gateway);
  await backend.readHead();
  backend[Symbol.dispose]();
  assertStringIncludes(await client.readHead(), "HTTP/1.1 502 ");
  assertEquals(gateway.lease?.releases, 0);
});

Deno.test("a client that leaves before the answer takes the backend's connection with it", async () => {
  await using gateway = new Harness();
  const { client, backend } = await ask(gateway);
  await backend.readHead();
  client[Symbol.dispose]();
  assertEquals(await backend.next(), "end");
  assertEquals(gateway.sockets.size, 0);
});

Deno.test("an operator may cut a websocket that is being opened", async () => {
  const lease = new FakeLease();
  await using gateway = new Harness({ lease });
  const { client, backend } = await ask(gateway);
  await backend.readHead();
  lease.interrupt(new GatewayError("cancelled", "cut"));
  assertStringIncludes(await client.readHead(), "HTTP/1.1 503 ");
  assertEquals(await backend.next(), "end");
});

Deno.test("an operator may end a websocket without a lease while it is being opened", async () => {
  await using gateway = new Harness({ lease: null });
  const { client, backend } = await ask(gateway);
  await backend.readHead();
  gateway.removed.abort(new GatewayError("cancelled", "cut"));
  assertStringIncludes(await client.readHead(), "HTTP/1.1 503 ");
  assertEquals(await backend.next(), "end");
  const late = await gateway.connect();
  await late.write(upgradeRequest());
  assertStringIncludes(await late.readHead(), "HTTP/1.1 503 ");
});

Deno.test("a websocket without a lease opens, and closes when its process is being stopped", async () => {
  await using gateway = new Harness({ lease: null });
  const { client, backend } = await gateway.open();
  gateway.clock.advance(1_000_000);
  await client.send("x");
  assertEquals(await backend.next(), "x");
  gateway.leaving.abort();
  assertEquals(await client.next(), [1012, "The model's backend is being stopped"]);
  assert(gateway.asked.length === 0);
});

async function ask(gateway: Harness): Promise<{ readonly client: RawEnd; readonly backend: RawEnd }> {
  const client = await gateway.connect();
  await client.write(upgradeRequest({ "sec-websocket-protocol": "a, b" }));
  return { client, backend: await gateway.accept() };
}
