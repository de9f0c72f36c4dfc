/**
 * Two connections as one: the bytes of each go to the other, as they are.
 *
 * @module
 */

import type { Clock } from "../clock.ts";

/** What is needed of a connection. */
export type SplicedConn = Pick<Deno.TcpConn, "read" | "write" | "closeWrite" | "close">;

/** A record of TLS has 16 KiB at most; two such buffers are kept for each pair of connections. */
const BUFFER_BYTES = 16 * 1024;

/**
 * How long a client may go on sending after its server has ended, in milliseconds: closing at once would throw away what
 * the client has not read yet.
 */
export const LINGER_MS = 2_000;

/** Two connections that have become one. */
export interface Splice {
  /** Resolves when the client has been sent all that its server had to say. Never rejects. */
  readonly delivered: Promise<void>;
  /** Resolves when both connections are closed. Never rejects. */
  readonly ended: Promise<void>;
}

/** Leads bytes both ways until the server ends or either connection breaks; then both are closed. */
export function splice(client: SplicedConn, server: SplicedConn, clock: Clock): Splice {
  const up = sendUp(client, server);
  const down = sendDown(client, server);
  return { delivered: down.then(() => {}), ended: end() };

  async function end(): Promise<void> {
    if (await down) {
      const cancel = clock.after(LINGER_MS, () => close(client));
      await up;
      cancel();
    }
    close(client);
    close(server);
    await up;
  }
}

/** From the server to the client; tells whether it came to its end. Never rejects. */
async function sendDown(client: SplicedConn, server: SplicedConn): Promise<boolean> {
  try {
    const buffer = new Uint8Array(BUFFER_BYTES);
    for (let count = await server.read(buffer); count !== null; count = await server.read(buffer)) {
      await writeAll(client, buffer.subarray(0, count));
    }
    await client.closeWrite();
    return true;
  } catch {
    return false; // either side broke; there is nobody to tell
  }
}

/** From the client to the server; what a server that has ended does not take is read and forgotten. Never rejects. */
async function sendUp(client: SplicedConn, server: SplicedConn): Promise<void> {
  const buffer = new Uint8Array(BUFFER_BYTES);
  let isTaken = true;
  try {
    for (let count = await client.read(buffer); count !== null; count = await client.read(buffer)) {
      isTaken &&= await writeAll(server, buffer.subarray(0, count)).then(() => true, () => false);
    }
    await server.closeWrite();
  } catch {
    // a client that broke off must be noticed at once: its request is given up
    close(server);
  }
}

async function writeAll(to: SplicedConn, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await to.write(bytes.subarray(written));
}

function close(conn: SplicedConn): void {
  try {
    conn.close();
  } catch {
    // it is closed already
  }
}
