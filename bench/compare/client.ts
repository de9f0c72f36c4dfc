/**
 * A load generator's connection: HTTP/1.1 by hand over one kept-alive socket, so that the client costs little beside what it measures.
 *
 * It understands what a gateway answers to a complete request: a head, then a body by content-length or in chunks.
 *
 * @module
 */

/** What came back; bodies are counted, not kept. */
export interface Answer {
  /** HTTP status. */
  readonly status: number;
  /** Bytes of the body without its framing. */
  readonly bytes: number;
}

/** Told after each network read how many body bytes it brought, framing excluded. */
export type BodyListener = (bytes: number) => void;

/** What a request is made of. */
export interface RequestParts {
  /** Port at 127.0.0.1, for the `host` header. */
  readonly port: number;
  /** `/v1/chat/completions` unless given. */
  readonly path?: string;
  /** Sent as POST with a JSON content type; without it the method is GET. */
  readonly body?: string;
  /** The wish to the engine, in the header `x-bench`. */
  readonly wish?: string;
}

const READ_BYTES = 128 * 1024;
const CR = 13;
const LF = 10;
const decoder = new TextDecoder();

/** The bytes of one request. */
export function encodeRequest({ port, path, body, wish }: RequestParts): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const content = body === undefined ? new Uint8Array() : encoder.encode(body);
  const lines = [`${body === undefined ? "GET" : "POST"} ${path ?? "/v1/chat/completions"} HTTP/1.1`];
  lines.push(`host: 127.0.0.1:${port}`);
  if (body !== undefined) lines.push("content-type: application/json", `content-length: ${content.byteLength}`);
  if (wish !== undefined) lines.push(`x-bench: ${wish}`);
  const head = encoder.encode(`${lines.join("\r\n")}\r\n\r\n`);
  const bytes = new Uint8Array(head.byteLength + content.byteLength);
  bytes.set(head);
  bytes.set(content, head.byteLength);
  return bytes;
}

/** One socket; one request at a time. */
export class Connection implements Disposable {
  readonly #socket: Deno.TcpConn;
  readonly #buffer = new Uint8Array(READ_BYTES);
  #start = 0;
  #end = 0;

  private constructor(socket: Deno.TcpConn) {
    this.#socket = socket;
  }

  /** Connects to 127.0.0.1. */
  static async open(port: number): Promise<Connection> {
    const socket = await Deno.connect({ hostname: "127.0.0.1", port });
    socket.setNoDelay(true);
    return new Connection(socket);
  }

  /** Sends a request and reads its whole answer. Throws when the answer is cut short or is not HTTP. */
  async exchange(request: Uint8Array, listener?: BodyListener): Promise<Answer> {
    await this.send(request);
    const head = await this.#readHead();
    const status = Number(head.slice(9, 12));
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (length !== undefined) return { status, bytes: await this.#readSized(Number(length), listener) };
    if (/\r\ntransfer-encoding: *chunked/i.test(head)) return { status, bytes: await this.#readChunked(listener) };
    throw new Error(`neither content-length nor chunks:\n${head}`);
  }

  /** Sends a request and leaves its answer unread. */
  async send(request: Uint8Array): Promise<void> {
    for (let sent = 0; sent < request.byteLength;) {
      sent += await this.#socket.write(sent === 0 ? request : request.subarray(sent));
    }
  }

  /** Closes the socket, whatever is under way. */
  [Symbol.dispose](): void {
    this.#socket.close();
  }

  async #readHead(): Promise<string> {
    for (let from = this.#start;;) {
      for (let at = this.#buffer.indexOf(CR, from); at >= 0 && at + 3 < this.#end;) {
        if (this.#buffer[at + 1] === LF && this.#buffer[at + 2] === CR && this.#buffer[at + 3] === LF) {
          const head = decoder.decode(this.#buffer.subarray(this.#start, at + 2));
          this.#start = at + 4;
          return head;
        }
        at = this.#buffer.indexOf(CR, at + 1);
      }
      await this.#readMore();
      from = this.#start;
    }
  }

  async #readSized(length: number, listener?: BodyListener): Promise<number> {
    for (let left = length; left > 0;) {
      if (this.#start === this.#end) await this.#readMore();
      const here = Math.min(left, this.#end - this.#start);
      this.#start += here;
      left -= here;
      listener?.(here);
    }
    return length;
  }

  async #readChunked(listener?: BodyListener): Promise<number> {
    let total = 0;
    let fresh = 0;
    let left = 0; // of the chunk under way, with the line end that follows it
    const tell = () => {
      if (fresh > 0) listener?.(fresh);
      total += fresh;
      fresh = 0;
    };
    for (;;) {
      if (left > 0) {
        const here = Math.min(left, this.#end - this.#start);
        fresh += Math.max(0, Math.min(here, left - 2));
        this.#start += here;
        left -= here;
      }
      const lineEnd = left > 0 ? -1 : this.#lineEnd();
      if (lineEnd < 0) {
        tell();
        await this.#readMore();
        continue;
      }
      const size = this.#hexAt(this.#start);
      this.#start = lineEnd + 1;
      if (size === 0) {
        tell();
        await this.#skipTrailer();
        return total;
      }
      left = size + 2;
    }
  }

  async #skipTrailer(): Promise<void> {
    for (;;) {
      const lineEnd = this.#lineEnd();
      if (lineEnd < 0) {
        await this.#readMore();
        continue;
      }
      const empty = lineEnd - this.#start === 1;
      this.#start = lineEnd + 1;
      if (empty) return;
    }
  }

  /** Index of the LF of the line that starts here, or -1 when it has not arrived. */
  #lineEnd(): number {
    for (let at = this.#start; at < this.#end; at++) if (this.#buffer[at] === LF) return at;
    return -1;
  }

  #hexAt(at: number): number {
    let value = 0;
    for (;; at++) {
      const byte = this.#buffer[at] ?? 0;
      const digit = byte >= 48 && byte <= 57
        ? byte - 48
        : (byte | 32) >= 97 && (byte | 32) <= 102
        ? (byte | 32) - 87
        : -1;
      if (digit < 0) return value;
      value = value * 16 + digit;
    }
  }

  async #readMore(): Promise<void> {
    if (this.#start > 0) {
      this.#buffer.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    if (this.#end === this.#buffer.byteLength) throw new Error("a head or a line longer than the buffer");
    const count = await this.#socket.read(this.#buffer.subarray(this.#end));
    if (count === null) throw new Error("the connection was closed in the middle of an answer");
    this.#end += count;
  }
}
