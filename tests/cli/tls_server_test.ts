import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { TlsServer } from "../../src/cli/tls_server.ts";
import { systemClock } from "../../src/clock.ts";
import { silentLog } from "../../src/log.ts";

const FIXTURES = new URL("../fixtures/tls/", import.meta.url).pathname;
const PAIR = {
  cert: await Deno.readTextFile(`${FIXTURES}cert.pem`),
  key: await Deno.readTextFile(`${FIXTURES}key.pem`),
};

function serve(answer: (request: Request, remoteAddr: Deno.NetAddr) => Response, port = 0): TlsServer {
  return new TlsServer({
    address: { kind: "tcp", hostname: "127.0.0.1", port },
    pair: PAIR,
    answer: (request, { remoteAddr }) => Promise.resolve(answer(request, remoteAddr)),
    onError: () => new Response(null, { status: 500 }),
    clock: systemClock,
    log: silentLog,
  });
}

/** What curl prints; it trusts every certificate. */
async function curl(...args: readonly string[]): Promise<string> {
  const { stdout } = await new Deno.Command("curl", { args: ["-sk", ...args] }).output();
  return new TextDecoder().decode(stdout);
}

Deno.test("a request is answered with the client's address, over HTTP/1.1 and HTTP/2", async () => {
  const server = serve((_request, { hostname }) => new Response(hostname));
  for (const version of ["--http1.1", "--http2"]) {
    const said = await curl(version, "--interface", "127.0.0.2", `https://127.0.0.1:${server.addr.port}/`);
    assertEquals(said, "127.0.0.2", version);
  }
  await server.shutdown();
});

Deno.test("the port of loopback behind it answers to nobody but the server itself", async () => {
  // Without a Host header the runtime writes its own port into the URL.
  const server = serve((request) => new Response(new URL(request.url).port));
  const inner = await curl("--http1.1", "-H", "Host:", `https://127.0.0.1:${server.addr.port}/`);
  assertMatch(inner, /^\d+$/);
  assertEquals(Number(inner) !== server.addr.port, true);
  assertEquals(await curl("-o", "/dev/null", "-w", "%{http_code}", `https://127.0.0.1:${inner}/`), "403");
  await server.shutdown();
});

Deno.test("a port that is taken is an error at once, also for another server of this kind", async () => {
  const server = serve(() => new Response());
  assertThrows(() => serve(() => new Response(), server.addr.port), Deno.errors.AddrInUse);
  await server.shutdown();
});
