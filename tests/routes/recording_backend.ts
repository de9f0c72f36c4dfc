/**
 * A backend that answers each request at once and keeps what it was sent, byte for byte.
 *
 * @module
 */

import { concat } from "../../src/gateway/bytes.ts";
import { type RawBackend, rawBackend } from "../gateway/raw_backend.ts";

/** A request as it came over the wire. */
export interface Recorded {
  /** Method, target and version. */
  readonly line: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** The backend. */
export interface RecordingBackend extends RawBackend, AsyncDisposable {
  /** What it was sent, in order. */
  readonly requests: Recorded[];
  /** Whether there is a process behind a path; everywhere unless set. */
  isUp: (path: string) => boolean;
  /** Closes the connections to paths behind which there is no process any more. */
  drop(): void;
}

const END_OF_HEAD = "\r\n\r\n";

/** Listens on a free port. `answer` says what it writes; a 200 with the text `ok` unless given. */
export function recordingBackend(
  answer: (request: Recorded) => string | Promise<string> = () => "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
): RecordingBackend {
  const raw = rawBackend();
  const at = new URL(raw.baseUrl);
  raw.refuse();
  const listener = Deno.listen({ hostname: at.hostname, port: Number(at.port) });
  const requests: Recorded[] = [];
  /** The connections, each with the line of its last request. */
  const open = new Map<Deno.Conn, string>();
  const closed = Promise.withResolvers<null>();
  const serving = (async () => {
    const all: Promise<void>[] = [];
    try {
      for await (const conn of listener) {
        open.set(conn, "");
        all.push(serve(conn).catch(() => {}).finally(() => (open.delete(conn), close(conn)))); // closed by one end or the other
      }
    } finally {
      await Promise.all(all);
    }
  })();

  async function serve(conn: Deno.Conn): Promise<void> {
    let kept = new Uint8Array(0);
    const more = async (): Promise<boolean> => {
      const buffer = new Uint8Array(64 * 1024);
      const count = await conn.read(buffer);
      if (count === null) return false;
      kept = concat([kept, buffer.subarray(0, count)]);
      return true;
    };
    while (true) {
      let end = -1;
      while ((end = indexOf(kept, END_OF_HEAD)) < 0) if (!await more()) return;
      const [line = "", ...fields] = new TextDecoder().decode(kept.subarray(0, end)).split("\r\n");
      const headers = new Map(fields.map((field) => {
        const colon = field.indexOf(":");
        return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()] as const;
      }));
      const from = end + END_OF_HEAD.length;
      const length = Number(headers.get("content-length") ?? 0);
      while (kept.length < from + length) if (!await more()) return;
      const request = { line, headers, body: kept.slice(from, from + length) };
      kept = kept.slice(from + length);
      if (!backend.isUp(pathIn(line))) return conn.close();
      requests.push(request);
      open.set(conn, line);
      const answered = await Promise.race([answer(request), closed.promise]);
      if (answered === null) return;
      await conn.write(new TextEncoder().encode(answered));
    }
  }

  const backend: RecordingBackend = {
    ...raw,
    requests,
    isUp: () => true,
    drop() {
      for (const [conn, line] of open) if (line !== "" && !backend.isUp(pathIn(line))) close(conn);
    },
    async [Symbol.asyncDispose]() {
      raw[Symbol.dispose]();
      listener.close();
      closed.resolve(null);
      for (const conn of open.keys()) close(conn);
      await serving;
    },
  };
  return backend;
}

function pathIn(line: string): string {
  return line.split(" ")[1] ?? "";
}

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // closed already
  }
}

function indexOf(bytes: Uint8Array, text: string): number {
  const first = text.charCodeAt(0);
  for (let at = bytes.indexOf(first); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if ([...text].every((char, i) => bytes[at + i] === char.charCodeAt(0))) return at;
  }
  return -1;
}
