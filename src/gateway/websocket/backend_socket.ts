/**
 * The backend's end of a websocket: a raw tunnel that speaks RFC 6455 as its client, so that reading from it can pause.
 *
 * @module
 */

import type { Clock } from "../../clock.ts";
import type { UpstreamTunnel } from "../upstream/message.ts";
import { closePayload, type CloseReason } from "./close_codes.ts";
import { type Opcode, OPCODES, WebsocketFault, writeFrame } from "./frames.ts";
import { type Incoming, MessageReader } from "./messages.ts";

/** A message of the backend. */
export type Message = string | Uint8Array<ArrayBuffer>;

/** A message for the backend. */
export interface Outgoing {
  readonly opcode: Opcode;
  readonly payload: Uint8Array;
}

/** How a backend's end of a websocket was lost or closed. */
export type BackendEnd =
  /** It closed as the protocol has it. */
  | { readonly kind: "closed"; readonly reason: CloseReason }
  /** It broke the protocol or a bound, and has been told so. */
  | { readonly kind: "fault"; readonly fault: WebsocketFault }
  /** The connection ended. */
  | { readonly kind: "lost" };

/** What a {@link BackendSocket} is made of. */
export interface BackendSocketOptions {
  readonly tunnel: UpstreamTunnel;
  /** Bytes of the largest message that it may send. */
  readonly maxMessageBytes: number;
  readonly clock: Clock;
}

/** How long the other half of a closing handshake may take, in milliseconds. */
const CLOSE_TIMEOUT_MS = 5000;
const TAKEN_AT_ONCE = 1024;
/** What a message takes up besides its bytes, so that a great many empty ones are bounded too. */
const MESSAGE_COST_BYTES = 64;
const ENCODER = new TextEncoder();

/** What a message of a client's `WebSocket` is on the wire. */
export function outgoing(data: string | ArrayBuffer): Outgoing {
  return typeof data === "string"
    ? { opcode: OPCODES.text, payload: ENCODER.encode(data) }
    : { opcode: OPCODES.binary, payload: new Uint8Array(data) };
}

/** How many bytes a message counts for while it waits. */
export function costOf({ payload }: Outgoing): number {
  return payload.length + MESSAGE_COST_BYTES;
}

/** One websocket to a backend. */
export class BackendSocket {
  readonly #options: BackendSocketOptions;
  /** What is to be sent, from {@link BackendSocket.#next} on. */
  #outbox: Outgoing[] = [];
  #next = 0;
  /** Of several pings that came while nothing could be written, the last is answered (RFC 6455 §5.5.3). */
  #pong: Uint8Array | null = null;
  #unsentBytes = 0;
  #isWriting = false;
  /** `saidClose`: nothing more is sent after the close frame in the outbox. */
  #state: "open" | "saidClose" | "over" = "open";
  #isFinished = false;
  #cancelTimeout: (() => void) | null = null;

  /** Takes over the tunnel, and reads nothing yet. */
  constructor(options: BackendSocketOptions) {
    this.#options = options;
  }

  /** What the connection has not taken, as {@link costOf} has it. */
  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  /** Sends a message, in order; dropped once it closes. */
  send(message: Outgoing): void {
    if (this.#state !== "open") return;
    this.#unsentBytes += costOf(message);
    this.#outbox.push(message);
    this.#write();
  }

  /** Closes as the protocol has it, behind what is still to be sent; the connection is cut if that takes too long. */
  close(reason: CloseReason): void {
    if (this.#state !== "open") return;
    this.send({ opcode: OPCODES.close, payload: closePayload(reason) });
    this.#state = "saidClose";
    this.#cancelTimeout = this.#options.clock.after(CLOSE_TIMEOUT_MS, () => this.cut());
  }

  /** What has not begun to go out never will. */
  dropUnsent(): void {
    this.#outbox = [];
    this.#next = 0;
  }

  /** Closes the connection at once. */
  cut(): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#cancelTimeout?.();
    this.dropUnsent();
    this.#unsentBytes = 0;
    this.#options.tunnel.close();
  }

  /**
   * Reads until the end, which it resolves with; called once. `room` is told how many bytes each read brought, and no more is
   * read while a promise that it returned is pending. Pings are answered, and the closing handshake is done.
   */
  async run(
    onMessage: (message: Message) => void,
    room: (readBytes: number) => Promise<void> | undefined = () => undefined,
  ): Promise<BackendEnd> {
    const said: { closed: CloseReason | null } = { closed: null };
    const reader = new MessageReader({
      isMasked: false,
      maxMessageBytes: this.#options.maxMessageBytes,
      onIncoming: (incoming) => {
        if (incoming.type === "close") said.closed = { code: incoming.code, reason: incoming.reason };
        else if (this.#state === "open") this.#take(incoming, onMessage);
      },
    });
    try {
      while (said.closed === null) {
        const bytes = await this.#options.tunnel.read();
        if (bytes === null) break;
        reader.push(bytes);
        const wait = room(bytes.length);
        if (wait !== undefined) await wait;
      }
    } catch (thrown) {
      if (!(thrown instanceof WebsocketFault)) {
        this.cut();
        return { kind: "lost" };
      }
      this.close({ code: thrown.code, reason: thrown.message });
      this.#finish();
      return { kind: "fault", fault: thrown };
    }
    if (said.closed === null) {
      this.cut();
      return { kind: "lost" };
    }
    this.close({ code: said.closed.code, reason: "" }); // answered with its own code (RFC 6455 §5.5.1)
    this.#finish();
    return { kind: "closed", reason: said.closed };
  }

  #take(incoming: Exclude<Incoming, { type: "close" }>, onMessage: (message: Message) => void): void {
    switch (incoming.type) {
      case "text":
        return onMessage(incoming.text);
      case "binary":
        return onMessage(incoming.bytes);
      case "ping":
        this.#pong = incoming.bytes;
        return this.#write();
      case "pong":
        return;
      default:
        incoming satisfies never;
    }
  }

  /** Nothing more will be read: the connection ends with the last byte to be sent. */
  #finish(): void {
    this.#isFinished = true;
    if (!this.#isWriting) this.cut();
  }

  #write(): void {
    if (this.#isWriting || this.#state === "over") return;
    this.#isWriting = true;
    this.#writeAll().then(() => {
      this.#isWriting = false;
      if (this.#isFinished) this.cut();
    }, () => {
      this.#isWriting = false;
      this.cut(); // the reading side tells that it was lost
    });
  }

  async #writeAll(): Promise<void> {
    while (this.#state !== "over") {
      const pong = this.#pong;
      this.#pong = null;
      const next = pong === null ? this.#takeNext() : { opcode: OPCODES.pong, payload: pong };
      if (next === undefined) return;
      const mask = crypto.getRandomValues(new Uint8Array(4));
      await this.#options.tunnel.write(writeFrame({ ...next, mask }));
      if (pong === null) this.#unsentBytes = Math.max(0, this.#unsentBytes - costOf(next));
    }
  }

  /** Taking them off the front one by one would move all the others each time. */
  #takeNext(): Outgoing | undefined {
    const next = this.#outbox[this.#next++];
    if (this.#next >= TAKEN_AT_ONCE || this.#next >= this.#outbox.length) {
      this.#outbox.splice(0, this.#next);
      this.#next = 0;
    }
    return next;
  }
}
