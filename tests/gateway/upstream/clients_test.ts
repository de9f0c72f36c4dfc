import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import type { ModelTimeouts } from "../../../src/config/types.ts";
import { GatewayError } from "../../../src/errors.ts";
import { createClients } from "../../../src/gateway/upstream/clients.ts";

const TIMEOUTS: ModelTimeouts = {
  connect: 30,
  responseHeader: 0,
  tlsHandshake: 10,
  expectContinue: 1,
  keepalive: 30,
  idleConn: 90,
};

function targetOf(model: string) {
  const gone = new AbortController();
  return { model, baseUrl: "http://127.0.0.1:1", gone: gone.signal, exit: () => gone.abort() };
}

function isClosed(client: ReturnType<ReturnType<typeof createClients>>): boolean {
  try {
    client.send({ method: "GET", path: "/", headers: [], body: null }).response.catch(() => {});
    return false;
  } catch (error) {
    return error instanceof GatewayError && error.code === "backend_unreachable";
  }
}

Deno.test("one generation of a backend has one client, and another one has another", () => {
  const clientFor = createClients(() => TIMEOUTS);
  const [first, second] = [targetOf("a"), targetOf("a")];
  const client = clientFor(first);
  assertStrictEquals(clientFor(first), client);
  assert(clientFor(second) !== client);
});

Deno.test("a client keeps its connections over a reload that leaves its model's timeouts as they are", () => {
  let timeouts: ModelTimeouts | undefined = TIMEOUTS;
  const clientFor = createClients(() => timeouts);
  const target = targetOf("a");
  const client = clientFor(target);
  timeouts = { ...TIMEOUTS };
  assertStrictEquals(clientFor(target), client);
  timeouts = undefined;
  assertStrictEquals(clientFor(target), client, "its model is gone, and it still serves");
});

Deno.test("other timeouts hold at once: the next request gets another client, and the old one takes no more", () => {
  let timeouts = TIMEOUTS;
  const clientFor = createClients(() => timeouts);
  const target = targetOf("a");
  const before = clientFor(target);
  timeouts = { ...TIMEOUTS, responseHeader: 7 };
  const after = clientFor(target);
  assert(after !== before);
  assertEquals(isClosed(before), true);
  assertStrictEquals(clientFor(target), after);
  target.exit();
  assertEquals(isClosed(after), true);
});

Deno.test("the client of a backend that has gone takes no request", () => {
  const clientFor = createClients(() => TIMEOUTS);
  const target = targetOf("a");
  target.exit();
  assertThrows(() => clientFor(target).send({ method: "GET", path: "/", headers: [], body: null }), GatewayError);
});
