import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { GatewayError } from "../../../src/errors.ts";
import { UpstreamClient, type UpstreamOptions } from "../../../src/gateway/upstream/client.ts";
import { CERTIFICATE, codeOf, rawBackend, RawSocket } from "../raw_backend.ts";
import { answer, ask, GET, OK, POST, serve } from "./raw_calls.ts";

const CERT_FILE = new URL("../../fixtures/tls/cert.pem", import.meta.url).pathname;
const KEY = Deno.readTextFileSync(new URL("../../fixtures/tls/key.pem", import.meta.url));

for (
  const [what, hostname, caCerts, says] of [
    ["by an authority that nobody trusts", "127.0.0.1", [], "UnknownIssuer"],
    ["for another name", "::1", [CERTIFICATE], "not valid for name"],
  ] as const
) {
  Deno.test(`a certificate ${what} is backend_unreachable; its cause says so, and its message does not`, async () => {
    using backend = secureClientTo(Deno.listenTls({ hostname, port: 0, cert: CERTIFICATE, key: KEY }), { caCerts });
    const asked = assertRejects(() => answer(backend.client, POST), GatewayError);
    const socket = new RawSocket(await backend.listener.accept());
    assertEquals(await socket.readToEnd(), "");
    const error = await asked;
    assertEquals([error.code, error.message], ["backend_unreachable", "The model's backend cannot be reached"]);
    assertStringIncludes(String(error.cause), says);
    socket.close();
  });
}

Deno.test("a backend that speaks no TLS, or no HTTP/1.1, is backend_unreachable", async () => {
  using plain = secureClientTo(Deno.listen(LOOPBACK));
  const asked = codeOf(answer(plain.client, POST));
  const socket = new RawSocket(await plain.listener.accept());
  await socket.write("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
  assertEquals(await asked, "backend_unreachable");
  socket.close();
  using other = secureClientTo(Deno.listenTls({ ...LOOPBACK, cert: CERTIFICATE, key: KEY, alpnProtocols: ["h2"] }));
  const refused = assertRejects(() => answer(other.client, POST), GatewayError);
  const conn = await other.listener.accept() as Deno.TlsConn;
  await conn.handshake().catch(() => {});
  assertStringIncludes(String((await refused).cause), "NoApplicationProtocol");
  conn.close();
});

Deno.test("HTTP/1.1 is what is offered to a server that can choose", async () => {
  using backend = secureClientTo(
    Deno.listenTls({ ...LOOPBACK, cert: CERTIFICATE, key: KEY, alpnProtocols: ["h2", "http/1.1"] }),
  );
  const asked = ask(backend.client, POST);
  const conn = await backend.listener.accept() as Deno.TlsConn;
  assertEquals((await conn.handshake()).alpnProtocol, "http/1.1");
  await serve(new RawSocket(conn), "hello");
  assertEquals(await asked, "ok");
  conn.close();
});

Deno.test("a handshake that does not end in time is backend_unreachable", async () => {
  using time = new FakeTime();
  using backend = secureClientTo(Deno.listen(LOOPBACK), { tlsHandshakeMs: 500, name: "Backend X" });
  const asked = assertRejects(() => answer(backend.client, POST), GatewayError);
  const silent = await backend.listener.accept();
  await silent.read(new Uint8Array(1024)); // the client's hello
  let isOver = false;
  asked.finally(() => void (isOver = true));
  await time.tickAsync(499);
  await time.runMicrotasks();
  assert(!isOver);
  await time.tickAsync(1);
  await time.runMicrotasks();
  silent.close(); // ends what should be over by now
  const error = await asked;
  assertEquals([error.code, error.message], [
    "backend_unreachable",
    "Backend X did not finish the TLS handshake in time",
  ]);
});

Deno.test("without a limit a handshake may take for ever; an abort ends it with its reason", async () => {
  using time = new FakeTime();
  using backend = secureClientTo(Deno.listen(LOOPBACK), { tlsHandshakeMs: null });
  const call = backend.client.send(POST);
  const silent = await backend.listener.accept();
  await silent.read(new Uint8Array(1024));
  await time.tickAsync(24 * 60 * 60_000);
  call.abort(new Error("gone"));
  await assertRejects(() => call.response, Error, "gone");
  silent.close();
});

Deno.test("a backend that answers no handshake costs 64 sockets and no more; when it goes on, so do its clients", async () => {
  using backend = secureClientTo(Deno.listen(LOOPBACK));
  const silent: Deno.Conn[] = [];
  for (let i = 0; i < 64; i++) {
    const call = backend.client.send(POST);
    const conn = await backend.listener.accept();
    await conn.read(new Uint8Array(1024));
    silent.push(conn);
    call.abort(new Error("gone"));
    await assertRejects(() => call.response, Error, "gone");
  }
  assertEquals(await codeOf(answer(backend.client, POST)), "backend_unreachable"); // nothing was opened for it
  for (const conn of silent) conn.close();
  const accepting = backend.listener.accept();
  let asked = codeOf(answer(backend.client, POST));
  let conn = await Promise.race([accepting, asked]);
  while (typeof conn === "string") { // until the news of the closed ones has come
    asked = codeOf(answer(backend.client, POST));
    conn = await Promise.race([accepting, asked]);
  }
  conn.close();
  assertEquals(await asked, "backend_unreachable");
});

Deno.test("a body that the end of the connection ends is whole only where TLS says that it was the end", async () => {
  for (const isCut of [false, true]) {
    using backend = rawBackend({}, "https");
    await using relay = relayTo(new URL(backend.baseUrl).port);
    const client = new UpstreamClient({ baseUrl: relay.baseUrl, caCerts: [CERTIFICATE] });
    const asked = answer(client, POST);
    const socket = await backend.accept();
    await socket.readUntil("hello");
    await socket.write("HTTP/1.1 200 OK\r\n\r\nabc");
    const { body } = await asked;
    assert(body);
    let text = "";
    const delivered = body.deliver((piece) => {
      text += new TextDecoder().decode(piece);
      if (isCut) relay.cut();
      else socket.close();
      return undefined;
    });
    if (isCut) assertEquals(await codeOf(delivered), "backend_lost");
    else await delivered;
    assertEquals(text, "abc");
    client.close();
  }
});

Deno.test("a user and password in the address are not sent, and an address in brackets is one", async () => {
  const listener = Deno.listen({ hostname: "::1", port: 0 });
  const client = new UpstreamClient({ baseUrl: `http://user:secret@[::1]:${listener.addr.port}/base` });
  const asked = ask(client, GET);
  const socket = new RawSocket(await listener.accept());
  const head = await socket.readUntil("\r\n\r\n");
  assertStringIncludes(head, `GET /base/a?b=c HTTP/1.1\r\n`);
  assertStringIncludes(head, `host: [::1]:${listener.addr.port}\r\n`);
  assert(!/secret|authorization/i.test(head), head);
  await socket.write(OK);
  assertEquals(await asked, "ok");
  client.close();
  socket.close();
  listener.close();
});

Deno.test("an authority that the runtime was told of is trusted: by --cert, DENO_CERT or the system's store", async () => {
  const server = Deno.serve({ ...LOOPBACK, cert: CERTIFICATE, key: KEY, onListen() {} }, () => new Response("ok"));
  const url = `https://localhost:${server.addr.port}`;
  assertStringIncludes(await askIn({}, url), "UnknownIssuer");
  assertEquals(await askIn({ DENO_CERT: CERT_FILE }, url), "200");
  assertEquals(await askIn({ DENO_TLS_CA_STORE: "system", SSL_CERT_FILE: CERT_FILE }, url), "200");
  await server.shutdown();
});

const LOOPBACK = { hostname: "127.0.0.1", port: 0 } as const;

/** A client over TLS to whatever listens. */
function secureClientTo(listener: Deno.TcpListener | Deno.TlsListener, options: Partial<UpstreamOptions> = {}) {
  const { hostname, port } = listener.addr;
  const baseUrl = `https://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
  const client = new UpstreamClient({ baseUrl, caCerts: [CERTIFICATE], ...options });
  return {
    client,
    listener: listener as Deno.Listener<Deno.TcpConn | Deno.TlsConn>,
    [Symbol.dispose]() {
      client.close();
      listener.close();
    },
  };
}

/** Passes the bytes of one connection on to `port`, and can end it as no TLS would. */
function relayTo(port: string) {
  const listener = Deno.listen(LOOPBACK);
  const conns: Deno.Conn[] = [];
  const cut = () => {
    for (const conn of conns.splice(0)) conn.close();
  };
  const running = (async () => {
    const near = await listener.accept();
    const far = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
    conns.push(near, far);
    await Promise.allSettled([
      near.readable.pipeTo(far.writable, { preventClose: true }),
      far.readable.pipeTo(near.writable, { preventClose: true }).finally(cut),
    ]);
  })();
  return {
    baseUrl: `https://127.0.0.1:${listener.addr.port}`,
    cut,
    async [Symbol.asyncDispose]() {
      listener.close();
      await running;
    },
  };
}

/** What a program of its own, with these variables, gets from `url`. */
async function askIn(env: Record<string, string>, url: string): Promise<string> {
  const script = new URL("fixtures/ask.ts", import.meta.url).pathname;
  const args = ["run", "--quiet", "--no-prompt", "--allow-net=127.0.0.1,localhost", script, url];
  const { stdout } = await new Deno.Command(Deno.execPath(), { args, env, stderr: "inherit" }).output();
  return new TextDecoder().decode(stdout).trim();
}
