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

/** Leads bytes both ways until the server ends or either connection breaks; then both are closed. Never rejects. */
export async function splice(client: SplicedConn, server: SplicedConn, clock: Clock): Promise<void> {
  const up = sendUp(client, server);
  try {
    await copy(server, client);
    await client.closeWrite();
    const cancel = clock.after(LINGER_MS, () => close(client));
    await up;
    cancel();
  } catch {
    // either side broke; there is nobody to tell
  }
  close(client);
  close(server);
  await up;
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

async function copy(from: SplicedConn, to: SplicedConn): Promise<void> {
  const buffer = new Uint8Array(BUFFER_BYTES);
  for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
    await writeAll(to, buffer.subarray(0, count));
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
