/**
 * A client that sends bytes as they are.
 *
 * @module
 */

/** One answer, as far as a test looks at it. */
export interface RawAnswer {
  readonly status: number;
  /** From its status line to the next answer or the end. */
  readonly text: string;
}

/** Sends `text`, each character one byte, and reads what comes until the gateway closes; gives up after 20 s. */
export async function sendRaw(url: string, text: string): Promise<readonly RawAnswer[]> {
  const { hostname, port } = new URL(url);
  using conn = await Deno.connect({ hostname, port: Number(port) });
  const late = setTimeout(() => conn.close(), 20_000);
  // A gateway that refuses the head does not read the rest.
  const sent = sendAll(conn, text).catch(() => {});
  let received = "";
  const buffer = new Uint8Array(65536);
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const count = await readSome(conn, buffer);
      if (count === null) break;
      received += decoder.decode(buffer.subarray(0, count), { stream: true });
    }
  } finally {
    clearTimeout(late);
  }
  await sent;
  return received.split(/(?=HTTP\/1\.[01] \d{3} )/).filter((part) => part !== "").map((part) => ({
    status: Number(/^HTTP\/1\.[01] (\d{3}) /.exec(part)?.[1]),
    text: part,
  }));
}

async function sendAll(conn: Deno.Conn, text: string): Promise<void> {
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
}

/** A connection that is reset has ended, too: a refused request is not read to its end. */
async function readSome(conn: Deno.Conn, buffer: Uint8Array<ArrayBuffer>): Promise<number | null> {
  try {
    return await conn.read(buffer);
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionReset) return null;
    throw error;
  }
}
