/**
 * One end of a websocket over a plain socket: the test decides when it reads, and can write anything.
 *
 * @module
 */

import { fail } from "@std/assert";
import { closePayload } from "../../../src/gateway/websocket/close_codes.ts";
import { type Opcode, OPCODES, writeFrame } from "../../../src/gateway/websocket/frames.ts";
import { acceptOf } from "../../../src/gateway/websocket/handshake.ts";
import { type Incoming, MessageReader } from "../../../src/gateway/websocket/messages.ts";

/** A fault must turn a test red, not let it wait for ever; nothing that works comes near it. */
const PATIENCE_MS = 20_000;
const ENCODER = new TextEncoder();

/** What a client sends first. */
export function upgradeRequest(headers: Readonly<Record<string, string>> = {}): string {
  const all = {
    host: "gateway",
    connection: "keep-alive, Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    ...headers,
  };
  const lines = Object.entries(all).filter(([, value]) => value !== "").map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET /ws?a=1 HTTP/1.1\r\n${lines.join("")}\r\n`;
}

/** See the module. */
export class RawEnd implements Disposable {
  readonly #conn: Deno.Conn;
  readonly #reader: MessageReader;
  readonly #mask: Uint8Array | null;
  readonly #seen: Incoming[] = [];
  #rest = new Uint8Array(0);
  #head = "";

  /** `isServer`: whether it is the backend's end. */
  constructor(conn: Deno.Conn, { isServer }: { readonly isServer: boolean }) {
    this.#conn = conn;
    this.#mask = isServer ? null : Uint8Array.of(1, 2, 3, 4);
    this.#reader = new MessageReader({
      isMasked: isServer,
      maxMessageBytes: 2 ** 30,
      onIncoming: (incoming) => this.#seen.push(incoming),
    });
  }

  /** Reads the head of a request or an answer. */
  async readHead(): Promise<string> {
    while (!this.#head.includes("\r\n\r\n")) {
      const bytes = await this.#read();
      if (bytes === null) fail(`The socket ended inside a head: ${JSON.stringify(this.#head)}`);
      this.#head += String.fromCharCode(...bytes);
    }
    const end = this.#head.indexOf("\r\n\r\n") + 4;
    this.#rest = Uint8Array.from(this.#head.slice(end), (character) => character.charCodeAt(0));
    return this.#head = this.#head.slice(0, end);
  }

  /** Reads a request for an upgrade; what proves that its key was read. */
  async acceptFor(): Promise<string> {
    return await acceptOf(/^sec-websocket-key: (.*)\r$/m.exec(await this.readHead())?.[1] ?? "");
  }

  /** Reads so many characters, or to the end, behind a head. */
  async readText(length = Infinity): Promise<string> {
    let text = new TextDecoder().decode(this.#rest);
    while (text.length < length) {
      const bytes = await this.#read();
      if (bytes === null) break;
      text += new TextDecoder().decode(bytes);
    }
    return text;
  }

  /** Reads a request for an upgrade and agrees, with these headers too; `early` comes in the same write. */
  async agree(more = "", early: Uint8Array = new Uint8Array(0)): Promise<string> {
    const accept = `sec-websocket-accept: ${await this.acceptFor()}\r\n`;
    const head = this.#head;
    const answer =
      `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n${accept}${more}\r\n`;
    await this.write(Uint8Array.from([...ENCODER.encode(answer), ...early]));
    return head;
  }

  /** The next thing that the other end says: text as it is, bytes as their length, controls by their name; `end` last. */
  async next(): Promise<string | number | readonly [number | null, string]> {
    if (this.#rest.length > 0) this.#reader.push(this.#rest);
    this.#rest = new Uint8Array(0);
    while (this.#seen.length === 0) {
      const bytes = await this.#read();
      if (bytes === null) return "end";
      this.#reader.push(bytes.slice());
    }
    const seen = this.#seen.shift();
    if (seen === undefined) return fail("nothing was seen");
    if (seen.type === "text") return seen.text;
    if (seen.type === "binary") return seen.bytes.length;
    if (seen.type === "ping") return `ping ${new TextDecoder().decode(seen.bytes)}`;
    return seen.type === "close" ? [seen.code, seen.reason] : "pong";
  }

  /** Reads to the end without looking at anything; how many bytes came. */
  async drain(): Promise<number> {
    let count = 0;
    for (let bytes = await this.#read(); bytes !== null; bytes = await this.#read()) count += bytes.length;
    return count;
  }

  /** Writes one frame. */
  send(payload: string | Uint8Array, opcode?: Opcode, isLast = true): Promise<void> {
    const isText = typeof payload === "string";
    return this.write(writeFrame({
      opcode: opcode ?? (isText ? OPCODES.text : OPCODES.binary),
      payload: isText ? ENCODER.encode(payload) : payload,
      isLast,
      mask: this.#mask,
    }));
  }

  /** Writes a close frame. */
  sendClose(code: number | null, reason = ""): Promise<void> {
    return this.send(closePayload({ code, reason }), OPCODES.close);
  }

  /** Writes bytes as they are. */
  async write(bytes: Uint8Array | string): Promise<void> {
    const all = typeof bytes === "string" ? ENCODER.encode(bytes) : bytes;
    for (let at = 0; at < all.length;) at += await this.#conn.write(all.subarray(at));
  }

  /** Closes the socket. */
  [Symbol.dispose](): void {
    try {
      this.#conn.close();
    } catch {
      // the test has closed it
    }
  }

  async #read(): Promise<Uint8Array | null> {
    const buffer = new Uint8Array(64 * 1024);
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this[Symbol.dispose]();
    }, PATIENCE_MS);
    const count = await this.#conn.read(buffer).catch(() => null);
    clearTimeout(timer);
    if (isLate) fail("The other side neither wrote nor closed");
    return count === null ? null : buffer.subarray(0, count);
  }
}
