import { assertEquals } from "@std/assert";
import { LINGER_MS, splice } from "../../src/cli/splice.ts";
import { type HandClock, handClock } from "../tiny/hand_clock.ts";

interface Ends {
  /** The far end of the client's connection. */
  readonly client: Deno.TcpConn;
  /** The far end of the server's connection. */
  readonly server: Deno.TcpConn;
  readonly clock: HandClock;
  readonly delivered: Promise<void>;
  readonly ended: Promise<void>;
}

/** Two connections over loopback whose near ends are spliced. */
async function spliced(act: (ends: Ends) => Promise<void>): Promise<void> {
  const [client, nearClient] = await pair();
  const [server, nearServer] = await pair();
  const clock = handClock();
  const { delivered, ended } = splice(nearClient, nearServer, clock);
  try {
    await act({ client, server, clock, delivered, ended });
  } finally {
    for (const conn of [client, server]) {
      try {
        conn.close();
      } catch {
        // the test has closed it
      }
    }
    await ended;
    assertEquals(clock.waiting(), 0);
  }
}

async function pair(): Promise<readonly [Deno.TcpConn, Deno.TcpConn]> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [far, near] = await Promise.all([Deno.connect({ port: listener.addr.port }), listener.accept()]);
  return [far, near];
}

const write = (conn: Deno.Conn, text: string) => conn.write(new TextEncoder().encode(text));

/** What one read gives; `null` at the end, also at a hard one. */
async function read(conn: Deno.Conn): Promise<string | null> {
  const buffer = new Uint8Array(65536);
  const count = await conn.read(buffer).catch(() => null);
  return count === null ? null : new TextDecoder().decode(buffer.subarray(0, count));
}

Deno.test("bytes go both ways as they are, also more than a buffer holds", () =>
  spliced(async ({ client, server }) => {
    await write(client, "up");
    assertEquals(await read(server), "up");
    const long = "down ".repeat(50_000);
    const sent = (async () => {
      const bytes = new TextEncoder().encode(long);
      for (let count = 0; count < bytes.length;) count += await server.write(bytes.subarray(count));
      server.closeWrite();
    })();
    let received = "";
    for (let text = await read(client); text !== null; text = await read(client)) received += text;
    await sent;
    assertEquals(received, long);
  }));

Deno.test("a client that closes ends its server's connection", () =>
  spliced(async ({ client, server }) => {
    client.close();
    assertEquals(await read(server), null);
  }));

Deno.test("a client that ends its sending still gets what its server has to say", () =>
  spliced(async ({ client, server, ended }) => {
    await write(client, "question");
    await client.closeWrite();
    assertEquals([await read(server), await read(server)], ["question", null]);
    await write(server, "answer");
    server.close();
    assertEquals([await read(client), await read(client)], ["answer", null]);
    await ended;
  }));

Deno.test("a server that ends while its client goes on sending is heard, and then both are closed", () =>
  spliced(async ({ client, server, clock, delivered, ended }) => {
    await write(client, "much");
    assertEquals(await read(server), "much");
    await write(server, "too much");
    server.close();
    assertEquals([await read(client), await read(client)], ["too much", null]);
    await write(client, "and more");
    await delivered; // although the client goes on
    await clock.asked();
    clock.advance(LINGER_MS);
    await ended;
  }));
