/**
 * Messages of RFC 6455 from the frames that carry them: pieces joined, text checked, control frames between them. Pure.
 *
 * @module
 */

import { type CloseReason, decodeText, parseClose } from "./close_codes.ts";
import { type FrameHead, FrameReader, type FrameSink, OPCODES, WebsocketFault } from "./frames.ts";

/** What one end has said. */
export type Incoming =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "binary"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly type: "ping"; readonly bytes: Uint8Array }
  | { readonly type: "pong" }
  /** The last thing that it says: whatever follows is not read. */
  | ({ readonly type: "close" } & CloseReason);

/** How to read, and whom to tell. */
export interface MessageReaderOptions {
  /** Whether a client sends them. */
  readonly isMasked: boolean;
  /** Bytes of the largest message; more is a fault with code 1009. */
  readonly maxMessageBytes: number;
  /** Is told what has come, in order. */
  readonly onIncoming: (incoming: Incoming) => void;
}

const NOTHING = new Uint8Array(0);
const LEAST_BYTES = 256;

/** Reads the messages that one end sends, however they are cut. */
export class MessageReader implements FrameSink {
  readonly #options: MessageReaderOptions;
  readonly #frames: FrameReader;
  #head: FrameHead = { opcode: OPCODES.continuation, isLast: true, length: 0 };
  /** What the message at hand is; null between messages. */
  #message: "text" | "binary" | null = null;
  readonly #payload = new Gathered();
  readonly #control = new Gathered();

  /** Has read nothing. */
  constructor(options: MessageReaderOptions) {
    this.#options = options;
    this.#frames = new FrameReader(this, options);
  }

  /** Reads `bytes`, which may not change any more; throws a {@link WebsocketFault}, and from then on the same one. */
  push(bytes: Uint8Array): void {
    this.#frames.push(bytes);
  }

  /** See {@link FrameSink.begin}. */
  begin(head: FrameHead): void {
    this.#head = head;
    if (isControl(head)) return;
    const isContinued = head.opcode === OPCODES.continuation;
    if (isContinued !== (this.#message !== null)) {
      throw new WebsocketFault(1002, isContinued ? "Nothing is there to go on with" : "A message is not at its end");
    }
    if (!isContinued) this.#message = head.opcode === OPCODES.text ? "text" : "binary";
    if (this.#payload.length + head.length > this.#options.maxMessageBytes) {
      throw new WebsocketFault(1009, `A message is longer than ${this.#options.maxMessageBytes} bytes`);
    }
  }

  /** See {@link FrameSink.piece}. */
  piece(bytes: Uint8Array): void {
    if (isControl(this.#head)) this.#control.add(bytes);
    else this.#payload.add(bytes, bytes.length === this.#head.length && this.#head.isLast);
  }

  /** See {@link FrameSink.end}. */
  end(): void {
    const { opcode, isLast } = this.#head;
    if (isControl(this.#head)) return this.#endControl(opcode, this.#control.take());
    if (!isLast) return;
    const kind = this.#message;
    const bytes = this.#payload.take();
    this.#message = null;
    if (kind === "text") this.#options.onIncoming({ type: "text", text: decodeText(bytes) });
    else this.#options.onIncoming({ type: "binary", bytes });
  }

  #endControl(opcode: number, bytes: Uint8Array): void {
    if (opcode === OPCODES.pong) return this.#options.onIncoming({ type: "pong" });
    if (opcode === OPCODES.ping) return this.#options.onIncoming({ type: "ping", bytes });
    const reason = parseClose(bytes);
    this.#frames.stop();
    this.#options.onIncoming({ type: "close", ...reason });
  }
}

function isControl({ opcode }: FrameHead): boolean {
  return opcode >= OPCODES.close;
}

/** Bytes joined in memory that grows with what has come, not with what was announced, however small the pieces are. */
class Gathered {
  #bytes: Uint8Array<ArrayBuffer> = NOTHING;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** A first piece that is `whole` is not copied. */
  add(piece: Uint8Array, isWhole = false): void {
    const length = this.#length + piece.length;
    if (isWhole && this.#length === 0) {
      this.#bytes = piece as Uint8Array<ArrayBuffer>;
    } else {
      if (length > this.#bytes.length) {
        const grown = new Uint8Array(Math.max(length, 2 * this.#bytes.length, LEAST_BYTES));
        grown.set(this.#bytes.subarray(0, this.#length));
        this.#bytes = grown;
      }
      this.#bytes.set(piece, this.#length);
    }
    this.#length = length;
  }

  /** All of it; empty from then on. */
  take(): Uint8Array<ArrayBuffer> {
    const all = this.#bytes.subarray(0, this.#length);
    this.#bytes = NOTHING;
    this.#length = 0;
    return all;
  }
}
